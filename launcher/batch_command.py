"""The command `batch`."""

import sys
from typing import TYPE_CHECKING

import click

from launcher.commands import INTERRUPTED, aws_options, command, echo_json, image_option
from launcher.option_groups import account_options

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions


@command("batch")
@click.argument("model", metavar="ENDPOINT_OR_JOB")
@click.argument("source", metavar="s3://FROM")
@click.argument("output", metavar="s3://TO")
@click.option("--instance", default="ml.m5.large", show_default=True, help="The machine.")
@click.option("--jsonlines", is_flag=True, help="Files of JSON requests, one a line.")
@aws_options(image_option, account_options)
def batch_command(
    model: str,
    source: str,
    output: str,
    instance: str,
    jsonlines: bool,
    as_json: bool,
    root: str,
    aws: "AwsOptions | None",
) -> None:
    """Accompany all melodies of a folder in S3.

    Takes the model of an endpoint in AWS, of a job, or a model.tar.gz. The MIDI files whose keys
    begin with FROM become songs in TO, named as their melodies with `.out` behind. Ctrl-C stops it.
    """
    from launcher.batching import batch

    def say(phase: str) -> None:
        click.echo(phase, err=as_json)

    try:
        made = batch(
            model,
            source,
            output,
            instance=instance,
            jsonlines=jsonlines,
            root=root,
            aws=aws,
            on_phase=say,
        )
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if as_json:
        echo_json(made.describe())
    else:
        click.echo(f"The songs are in {made.output}")
