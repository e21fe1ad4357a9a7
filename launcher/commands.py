"""What all commands share: how faults are told, and the options that each of them has."""

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions

INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LauncherCommand(click.Command):
    """A command that tells a user's mistake in two sentences, or as JSON where that is asked for.

    The exit code is 0 for success, 1 for a fault, 2 for a command line that cannot be understood,
    and `INTERRUPTED`.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except LauncherError as error:
            fault = error
        except BrokenPipeError:
            raise
        except OSError as error:
            fault = _system_fault(error)
        if ctx.params.get("as_json"):
            echo_json({"error": fault.code, "message": fault.message, "hint": fault.hint})
            ctx.exit(1)
        raise click.ClickException(str(fault))


def command(name: str, *, has_root: bool = True) -> Callable[[Callable[..., Any]], LauncherCommand]:
    """Makes a command of a function, with the options that all have after its own.

    Args:
        name: of the command.
        has_root: whether it has to do with jobs or endpoints, which are kept somewhere.
    """

    def decorate(function: Callable[..., Any]) -> LauncherCommand:
        made = click.command(name, cls=LauncherCommand, context_settings=SETTINGS)(function)
        made.params += [_root(), _json()] if has_root else [_json()]
        return made

    return decorate


def aws_options(*groups: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--region`, `--profile` and more options, and packs them into one argument `aws`.

    It is None if none was given: half of the time in which a command starts goes by until pydantic
    knows `AwsOptions`.

    Args:
        groups: decorators, each with options whose names are fields of `AwsOptions`.
    """
    names = _names_of(*groups, _place)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def packed(**values: Any) -> Any:
            said = {name: values.pop(name) for name in names}
            kept = {name: value for name, value in said.items() if value not in (None, ())}
            return function(**values, aws=_pack(kept) if kept else None)

        for group in reversed((*groups, _place)):
            packed = group(packed)
        return packed

    return decorate


def _names_of(*groups: Callable[..., Any]) -> list[str]:
    """The names of the options that some decorators add."""

    def nothing() -> None: ...

    for group in groups:
        group(nothing)
    return [str(option.name) for option in nothing.__click_params__]  # type: ignore[attr-defined]


def _pack(values: dict[str, Any]) -> "AwsOptions":
    from launcher.aws.options import AwsOptions

    return AwsOptions(**values)


def image_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--image`, for `aws_options`."""
    return click.option("--image", metavar="NAME", help="Of the container, if not ours.")(function)


def _place(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--profile", metavar="NAME", help="Of AWS's configuration.")(function)
    return click.option("--region", metavar="REGION", help="In AWS.")(function)


def read_track(word: str) -> int | str:
    """Reads a track of the command line: a number is an index from 0, all else a name."""
    return int(word) if word.isdecimal() else word


def folder_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what to take of a folder of MIDI files."""
    for option in reversed(
        (
            click.option(
                "--tag", "tags", multiple=True, help="Take only files of this tag; repeatable."
            ),
            click.option(
                "--melody",
                type=read_track,
                metavar="TRACK",
                help="The melody's track, by index from 0, or by name.",
            ),
            click.option(
                "--accompany",
                multiple=True,
                type=read_track,
                metavar="TRACK",
                help="A track that accompanies, likewise; one option for each, in order.",
            ),
            click.option(
                "--pickup",
                type=float,
                metavar="BEATS",
                help="Beats before the first bar, if files do not tell; 0 if their bars are right.",
            ),
        )
    ):
        function = option(function)
    return function


def echo_json(content: object) -> None:
    """Prints one JSON document."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def _root() -> click.Option:
    return click.Option(
        ["--root"],
        default="runs",
        show_default=True,
        metavar="FOLDER",
        type=click.Path(file_okay=False),
        help="Where jobs and endpoints are kept.",
    )


def _json() -> click.Option:
    return click.Option(["--json", "as_json"], is_flag=True, help="Print JSON, for scripts.")


def _system_fault(error: OSError) -> LauncherError:
    place = f"{error.filename}: " if error.filename else ""
    return LauncherError(
        "system",
        f"{place}{error.strerror or error}.",
        "Check the path, its permissions and the room on its disk.",
    )
