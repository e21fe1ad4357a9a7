"""`python -m launcher`, also installed as `accompanist`: all commands under one name."""

import click

from launcher.batch_command import batch_command
from launcher.check_command import check_command
from launcher.commands import SETTINGS
from launcher.data_commands import data_command
from launcher.endpoint_commands import deploy_command, invoke_command
from launcher.job_commands import (
    delete_command,
    fetch_command,
    status_command,
    stop_command,
    train_command,
)
from launcher.setup_commands import prices_command, setup_command
from launcher.sweep_command import sweep_command
from launcher.tune_command import tune_command


class _InOrder(click.Group):
    """Lists its commands in the order in which a user meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click calls it)
        """Returns the names as they were added."""
        return list(self.commands)


@click.group(cls=_InOrder, invoke_without_command=True, context_settings=SETTINGS)
@click.version_option(package_name="accompanist")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Train an accompanist, serve it, and play it a melody.

    Each command is also a module: `python -m launcher.train` is `accompanist train`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    data_command,
    train_command,
    tune_command,
    status_command,
    stop_command,
    fetch_command,
    check_command,
    deploy_command,
    invoke_command,
    batch_command,
    delete_command,
    sweep_command,
    setup_command,
    prices_command,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
