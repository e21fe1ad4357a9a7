"""Options of AWS on the command line, in groups for `commands.aws_options`.

Their names are the fields of `AwsOptions`; what is not said is None or empty.
"""

from collections.abc import Callable
from typing import Any

import click

from launcher.aws.durations import read_duration

Function = Callable[..., Any]


def read_seconds(word: str) -> int:
    """Reads a duration such as `90s`, `30m`, `4h` or `2d`."""
    try:
        return read_duration(word)
    except ValueError as error:
        raise click.BadParameter(f"{word!r}: {error}.") from error


def read_pairs(
    _ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]
) -> dict[str, str] | None:
    """Reads `NAME=VALUE` words; None if there are none."""
    pairs = dict(word.partition("=")[::2] for word in words if "=" in word)
    if wrong := [word for word in words if word.startswith("=") or "=" not in word]:
        raise click.BadParameter(f"{wrong[0]!r} is no NAME=VALUE.")
    return pairs or None


def account_options(function: Function) -> Function:
    """Adds what jobs and endpoints have in common."""
    return _together(
        function,
        click.option("--role", metavar="ARN", help="Of the role that it has in AWS."),
        click.option("--bucket", metavar="NAME", help="For data, runs and models."),
        click.option("--kms-key", metavar="KEY", help="Encrypts volumes and outputs."),
        click.option(
            "--subnet", "subnets", multiple=True, metavar="ID", help="Of a VPC; repeatable."
        ),
        click.option(
            "--security-group",
            "security_groups",
            multiple=True,
            metavar="ID",
            help="Of a VPC; repeatable.",
        ),
        click.option(
            "--network-isolation", is_flag=True, default=None, help="No network for containers."
        ),
        click.option(
            "--resource-tag",
            "resource_tags",
            multiple=True,
            callback=read_pairs,
            metavar="NAME=VALUE",
            help="A tag in AWS; repeatable.",
        ),
        click.option(
            "--env",
            "environment",
            multiple=True,
            callback=read_pairs,
            metavar="NAME=VALUE",
            help="A variable of the container; repeatable.",
        ),
    )


def training_options(function: Function) -> Function:
    """Adds what only training jobs have."""
    return _together(
        function,
        click.option("--spot", is_flag=True, default=None, help="On spare capacity, for less."),
        click.option(
            "--max-runtime",
            type=read_seconds,
            metavar="TIME",
            help="When the job is stopped, e.g. 90m; 4h if left out.",
        ),
        click.option(
            "--max-wait",
            type=read_seconds,
            metavar="TIME",
            help="The same with the wait for spare capacity; twice as long if left out.",
        ),
        click.option(
            "--keep-alive",
            type=read_seconds,
            metavar="TIME",
            help="How long the instance waits for a next job.",
        ),
        click.option("--volume-gb", type=int, metavar="GB", help="Of the disk; 30 if left out."),
        click.option(
            "--retries", type=int, metavar="N", help="After faults of SageMaker's own, up to 30."
        ),
    )


def _together(function: Function, *options: Callable[[Function], Function]) -> Function:
    for option in reversed(options):
        function = option(function)
    return function
