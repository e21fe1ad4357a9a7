"""The options of commands that say how a model is served in AWS."""

from collections.abc import Callable
from typing import Any

import click

from launcher.option_groups import read_seconds


def serving_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of endpoints, for `aws_options`."""
    for option in reversed(
        (
            click.option(
                "--serverless", is_flag=True, default=None, help="In AWS without instances."
            ),
            click.option(
                "--memory",
                "memory_mb",
                type=int,
                metavar="MB",
                help="Of a serverless endpoint; 2048 if not said.",
            ),
            click.option(
                "--max-concurrency",
                type=int,
                metavar="COUNT",
                help="Requests that a serverless endpoint answers at once; 5 if not said.",
            ),
            click.option(
                "--asynchronous",
                is_flag=True,
                default=None,
                help="In AWS: requests and answers go through S3.",
            ),
            click.option(
                "--autoscale",
                metavar="LEAST:MOST",
                help="In AWS: as many instances as the load needs, e.g. 1:4.",
            ),
            click.option(
                "--ttl",
                type=read_seconds,
                metavar="TIME",
                help="In AWS: let `sweep` delete it after this time, e.g. 2h.",
            ),
        )
    ):
        function = option(function)
    return function
