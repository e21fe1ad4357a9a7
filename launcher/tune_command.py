"""The command `tune`."""

import sys
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import INTERRUPTED, aws_options, command, echo_json, image_option
from launcher.console import ByteProgress, DataProgress, facts, next_command
from launcher.job_views import show_preview
from launcher.option_groups import account_options, training_options

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.aws.tuning import Tuning


@command("tune")
@click.option("--instance", default="ml.c5.4xlarge", show_default=True, help="Of each job.")
@click.option(
    "--data",
    default="bach",
    show_default=True,
    metavar="DATA",
    help="As for train.",
)
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="What to search; learning rates and critic_updates if left out. Repeatable.",
)
@click.option("--max-jobs", type=int, default=8, show_default=True, help="In all.")
@click.option("--parallel", type=int, default=2, show_default=True, help="At once.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyperparameter that stays."
)
@click.option("--name", metavar="TUNING", help="Its name; made from the time if left out.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-wait", is_flag=True, help="Return when it has started.")
@aws_options(image_option, account_options, training_options)
def tune_command(
    instance: str,
    data: str,
    ranges: tuple[str, ...],
    max_jobs: int,
    parallel: int,
    settings: tuple[str, ...],
    name: str | None,
    dry_run: bool,
    no_wait: bool,
    as_json: bool,
    root: str,
    aws: "AwsOptions | None",
) -> None:
    """Search for better hyperparameters, by many training jobs in AWS.

    Looks for the highest headline (docs/quality.md). Each job is like one of train, and so are the
    other options; one that is interrupted on spare capacity starts anew. Ctrl-C stops them all.
    """
    from launcher.settings import check_settings, split_pairs
    from launcher.tuning import plan_tuning, preview_tuning, tune

    values, faults = split_pairs(settings)
    if faults:
        check_settings(values, faults)

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    wanted: dict[str, Any] = {
        "instance": instance,
        "data": data,
        "ranges": ranges,
        "max_jobs": max_jobs,
        "parallel": parallel,
        "hyperparameters": values,
        "name": name,
        "root": root,
        "aws": aws,
    }
    building = DataProgress(sys.stderr)
    if dry_run:
        preview = preview_tuning(plan_tuning(**wanted), progress=building, tell=say)
        show_preview(preview, "start the tuning", "CreateHyperParameterTuningJob", as_json)
        return
    sent = ByteProgress(sys.stderr, "Sending the data set to S3.")
    try:
        found = tune(**wanted, wait=not no_wait, progress=building, sent=sent, tell=say)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    _show(found, root, as_json)
    if not no_wait and found.status != "Completed":
        sys.exit(1)


def _show(found: "Tuning", root: str, as_json: bool) -> None:
    if as_json:
        echo_json(found.describe())
        return
    if found.best is None:
        click.echo(f"{found.name}: {found.status}")
        return
    click.echo(f"{found.name}: {found.status}. The best of its jobs is {found.best}:")
    click.echo(facts({"headline": found.score, **found.hyperparameters}))
    click.echo(f"Next, bring it here: {next_command('fetch', found.best, root=root)}")
