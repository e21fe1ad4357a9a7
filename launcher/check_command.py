"""The command `check`."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import click

from launcher.commands import INTERRUPTED, aws_options, command, echo_json
from launcher.console import table

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.findings import Checkup


@command("check")
@click.argument("model", required=False, metavar="[MODEL]")
@aws_options()
def check_command(model: str | None, as_json: bool, root: str, aws: "AwsOptions | None") -> None:
    """Say whether a model can be served, or what is wrong with it.

    MODEL is a model.tar.gz, a model folder or a job; the newest completed job if left out. Looks
    through its files, then starts the server on it, asks for every kind of answer, and ends it. The
    exit code is 0 only if all is well.
    """
    from launcher.checking import check

    def say(phase: str) -> None:
        click.echo(phase, err=as_json)

    try:
        with _ending_by_signals():
            checkup = check(model, root=root, aws=aws, on_phase=say)
    except KeyboardInterrupt:
        click.echo("Stopped; its server has been ended.", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        echo_json(checkup.describe())
    else:
        _show(checkup)
    if not checkup.ok:
        sys.exit(1)


@contextlib.contextmanager
def _ending_by_signals() -> Iterator[None]:
    """Lets SIGTERM and a closed terminal end the server, too, as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, handler in before.items():
            if handler != signal.SIG_IGN:  # as below nohup
                signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(checkup: "Checkup") -> None:
    rows = [(item.check, item.verdict, item.text) for item in checkup.findings]
    click.echo("\n" + table(("CHECK", "", "RESULT"), rows) + "\n")
    if checkup.ok:
        click.echo(f"{checkup.source} can be served.")
        return
    first, *others = checkup.faults
    more = f" There are {len(others)} more faults above." if len(others) > 1 else ""
    more = " There is another fault above." if len(others) == 1 else more
    click.echo(f"{checkup.source} is broken. {first.text} {first.hint}{more}", err=True)
