"""The command `sweep`."""

import sys
from typing import TYPE_CHECKING

import click

from launcher.commands import aws_options, command, echo_json
from launcher.console import local_time, table

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions


@command("sweep")
@click.option("--dry-run", is_flag=True, help="Say what has expired, and delete nothing.")
@aws_options()
def sweep_command(dry_run: bool, as_json: bool, root: str, aws: "AwsOptions | None") -> None:
    """Delete the endpoints in AWS whose time is over.

    Those of one region, whoever deployed them with --ttl; those without stay.
    """
    from launcher.sweeping import sweep

    found = sweep(dry_run=dry_run, root=root, aws=aws)
    left = [each for each in found if each.reason]
    if as_json:
        echo_json({"endpoints": [each.describe() for each in found]})
    elif not found:
        click.echo("No endpoint has expired.")
    else:
        rows = [
            (
                each.name,
                local_time(each.expires.isoformat()),
                each.reason or ("deleted" if each.deleted else "would be deleted"),
            )
            for each in found
        ]
        click.echo(table(("ENDPOINT", "EXPIRED", ""), rows))
    if left:
        sys.exit(1)
