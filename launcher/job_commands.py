"""The commands `train`, `status`, `stop`, `fetch` and `delete`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import (
    aws_options,
    command,
    echo_json,
    folder_options,
    image_option,
)
from launcher.console import ByteProgress, DataProgress
from launcher.job_views import (
    say_how_to_go_on,
    show_endpoint,
    show_fetched,
    show_job,
    show_overview,
    show_preview,
    show_request,
)
from launcher.option_groups import account_options, training_options

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions


@command("train")
@click.option("--instance", default="local", show_default=True, help="Where to train.")
@click.option(
    "--data", metavar="DATA", help="`bach`, a folder of MIDI, a phrases.npz, or in AWS an S3 URI."
)
@folder_options
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyperparameter.")
@click.option("--name", metavar="JOB", help="Its name; made from data and time if left out.")
@click.option("--resume", metavar="JOB", help="Go on with a job that has ended.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-wait", is_flag=True, help="Return when the job has started.")
@click.option(
    "--on-interrupt",
    type=click.Choice(["stop", "detach"]),
    help="What Ctrl-C does; if left out it stops a job of this machine, and asks in AWS.",
)
@aws_options(image_option, account_options, training_options)
def train_command(
    instance: str,
    data: str | None,
    settings: tuple[str, ...],
    name: str | None,
    resume: str | None,
    dry_run: bool,
    no_wait: bool,
    on_interrupt: str | None,
    as_json: bool,
    root: str,
    aws: "AwsOptions | None",
    **folder: Any,
) -> None:
    """Train an accompanist.

    Of a folder of MIDI files, --tag, --melody, --accompany and --pickup say what to take. Follows
    the job until it ends. Ctrl-C asks it to stop, and it saves first; a second Ctrl-C leaves it to
    itself. docs/hyperparameters.md lists what --set can change. With an --instance such as
    ml.c5.4xlarge it trains in AWS: docs/aws.md tells of that, and of the options from --region on.
    """
    from launcher.jobs import train
    from launcher.narration import narrate
    from launcher.planning import plan, preview
    from launcher.settings import check_settings, split_pairs

    values, faults = split_pairs(settings)
    if faults:
        check_settings(values, faults)
    if dry_run:
        if resume:
            raise click.UsageError("--dry-run tells of new jobs only, not of --resume.")
        request = plan(
            instance=instance,
            data=data or "bach",
            hyperparameters=values,
            name=name,
            root=root,
            aws=aws,
            **folder,
        )
        shown = preview(request, root=root, aws=aws, progress=_progress(data), tell=_tell_aside)
        if shown is None:
            show_request(request, root, as_json)
        else:
            show_preview(shown, "submit the training job", "CreateTrainingJob", as_json)
        return
    job = train(
        instance=instance,
        data=data,
        hyperparameters=values,
        name=name,
        resume=resume,
        **folder,
        wait=False,
        root=root,
        aws=aws,
        progress=_progress(data),
        sent=ByteProgress(sys.stderr, "Sending the data set to S3."),
        tell=_tell_aside,
    )
    if not no_wait:
        narrate(job, root, as_json=as_json, aws=aws, on_interrupt=on_interrupt)
    elif as_json:
        echo_json(job.describe())
    else:
        click.echo(job.name)


@command("status")
@click.argument("name", required=False)
@aws_options()
def status_command(name: str | None, as_json: bool, root: str, aws: "AwsOptions | None") -> None:
    """Show all jobs and endpoints, or one.

    NAME may be cut short, or be the path of its folder.
    """
    from launcher.jobs import status
    from launcher.records import Job

    if name is None:
        show_overview(status(root=root, aws=aws), root, as_json)
        return
    found = status(name, root=root, aws=aws)
    if isinstance(found, Job):
        show_job(found, root, as_json)
    else:
        show_endpoint(found, as_json)


@command("stop")
@click.argument("job")
@click.option("--no-wait", is_flag=True, help="Return without waiting for the job to end.")
@aws_options()
def stop_command(
    job: str, no_wait: bool, as_json: bool, root: str, aws: "AwsOptions | None"
) -> None:
    """Stop a job; it saves a checkpoint and its model first."""
    from launcher.jobs import stop

    found = stop(job, wait=not no_wait, root=root, aws=aws)
    if as_json:
        echo_json(found.describe())
    elif found.is_running or found.has_orphan:
        click.echo(f"{found.name} has been asked to stop.")
    else:
        click.echo(f"{found.name} is {found.status}.")
        say_how_to_go_on(found, root)


@command("fetch")
@click.argument("job")
@click.option(
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Where to; to the job's folder if left out, where other commands find it.",
)
@aws_options()
def fetch_command(
    job: str, output: str | None, as_json: bool, root: str, aws: "AwsOptions | None"
) -> None:
    """Bring model, report and samples of a job from AWS."""
    from launcher.jobs import fetch

    found = fetch(
        job,
        output=output,
        root=root,
        aws=aws,
        brought=ByteProgress(sys.stderr, "Bringing the results from S3."),
    )
    show_fetched(found, output, root, as_json)


@command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="End a job that still runs, without saving.")
@aws_options()
def delete_command(
    name: str, force: bool, as_json: bool, root: str, aws: "AwsOptions | None"
) -> None:
    """Delete a job with its model, or stop and delete an endpoint.

    NAME is the whole name, or the path of the folder. What is not there is no fault. Of a job in
    AWS its files in S3 are deleted, too; SageMaker keeps its entry in the list of training jobs.
    """
    from launcher.jobs import delete

    was_here = _is_of_this_machine(name, root)
    kind = delete(name, force=force, root=root, aws=aws)
    if as_json:
        echo_json({"name": name, "deleted": kind})
        return
    click.echo(f"Deleted the {kind} {name}." if kind else f"There is no {name} to delete.")
    if kind == "job" and not was_here:
        click.echo("Its files in S3 are gone, too; SageMaker keeps it in the list of its jobs.")


def _is_of_this_machine(name: str, root: str) -> bool:
    from launcher.folders import exact_folder
    from launcher.records import JOB_FILE, Job

    folder = exact_folder(name, Path(root), JOB_FILE)
    return folder is not None and Job.read(folder).remote is None


def _progress(data: str | None) -> DataProgress:
    if data in (None, "bach"):
        return DataProgress(sys.stderr)
    return DataProgress(sys.stderr, "Reading the MIDI files.", "file")


def _tell_aside(text: str) -> None:
    click.echo(text, err=True)
