"""The commands `train`, `status`, `stop` and `delete`."""

import sys
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import (
    INTERRUPTED,
    aws_options,
    command,
    echo_json,
    folder_options,
    image_option,
)
from launcher.console import DataProgress, Interrupts, Narrator, next_command, shown_path
from launcher.job_views import (
    say_how_to_go_on,
    show_end,
    show_endpoint,
    show_job,
    show_overview,
    show_request,
)

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.protocols import Jobs
    from launcher.records import Job


class _DetachedError(Exception):
    """The user left the job to itself."""


@command("train")
@click.option("--instance", default="local", show_default=True, help="Where to train.")
@click.option("--data", metavar="DATA", help="`bach`, a folder of MIDI, or a phrases.npz.")
@folder_options
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyperparameter.")
@click.option("--name", metavar="JOB", help="Its name; made from data and time if left out.")
@click.option("--resume", metavar="JOB", help="Go on with a job that has ended.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-wait", is_flag=True, help="Return when the job has started.")
@aws_options(image_option)
def train_command(
    instance: str,
    data: str | None,
    settings: tuple[str, ...],
    name: str | None,
    resume: str | None,
    dry_run: bool,
    no_wait: bool,
    as_json: bool,
    root: str,
    aws: "AwsOptions",
    **folder: Any,
) -> None:
    """Train an accompanist.

    Of a folder of MIDI files, --tag, --melody, --accompany and --pickup say what to take. Follows
    the job until it ends. Ctrl-C asks it to stop, and it saves first; a second Ctrl-C leaves it to
    itself. docs/hyperparameters.md lists what --set can change.
    """
    from launcher.jobs import plan, train
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
        show_request(request, root, as_json)
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
        tell=lambda text: click.echo(text, err=True),
    )
    if not no_wait:
        _follow(job, root, as_json, aws)
    elif as_json:
        echo_json(job.describe())
    else:
        click.echo(job.name)


@command("status")
@click.argument("name", required=False)
@aws_options()
def status_command(name: str | None, as_json: bool, root: str, aws: "AwsOptions") -> None:
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
def stop_command(job: str, no_wait: bool, as_json: bool, root: str, aws: "AwsOptions") -> None:
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


@command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="End a job that still runs, without saving.")
@aws_options()
def delete_command(name: str, force: bool, as_json: bool, root: str, aws: "AwsOptions") -> None:
    """Delete a job with its model, or stop and delete an endpoint.

    NAME is the whole name, or the path of the folder. What is not there is no fault.
    """
    from launcher.jobs import delete

    kind = delete(name, force=force, root=root, aws=aws)
    if as_json:
        echo_json({"name": name, "deleted": kind})
    else:
        click.echo(f"Deleted the {kind} {name}." if kind else f"There is no {name} to delete.")


def _progress(data: str | None) -> DataProgress:
    if data in (None, "bach"):
        return DataProgress(sys.stderr)
    return DataProgress(sys.stderr, "Reading the MIDI files.", "file")


def _follow(job: "Job", root: str, as_json: bool, aws: "AwsOptions") -> None:
    from launcher.homes import home_of_job

    jobs = home_of_job(str(job.folder), root, aws).jobs
    narrator = Narrator(sys.stdout, job.iterations, quiet=as_json)
    narrator.say(f"Job {job.name} in {shown_path(job.folder)}")
    with Interrupts() as interrupts:
        try:
            end = _narrate(job, jobs, narrator, interrupts)
        except _DetachedError:
            narrator.close()
            status = next_command("status", job.name, root=root)
            click.echo(f"{job.name} stops by itself; look with `{status}`.", err=True)
            sys.exit(INTERRUPTED)
    narrator.close()
    if as_json:
        echo_json(end.describe())
    else:
        show_end(end, root)
    if end.status != "Completed":
        sys.exit(INTERRUPTED if interrupts.count and end.status == "Stopped" else 1)


def _narrate(job: "Job", jobs: "Jobs", narrator: Narrator, interrupts: Interrupts) -> "Job":
    from launcher.following import follow

    told = 0

    def look_for_ctrl_c() -> None:
        nonlocal told
        if interrupts.count > 1:
            raise _DetachedError
        if interrupts.count > told:
            told = interrupts.count
            jobs.stop(str(job.folder))
            narrator.say(
                "Stopping: it saves a checkpoint and its model first. Ctrl-C again leaves it to "
                "itself."
            )

    for event in follow(jobs, job, on_wait=look_for_ctrl_c):
        if isinstance(event, str):
            narrator.line(event)
        else:
            job = event
            if job.is_running:
                narrator.say(job.secondary_status)
    return job
