"""The command `data`."""

import sys
from typing import TYPE_CHECKING

import click

from launcher.commands import command, echo_json, folder_options
from launcher.console import DataProgress, facts, next_command, shown_path, table

if TYPE_CHECKING:
    from launcher.own_data import BuiltData

_MOST_ROWS = 60
_LONGEST_PATH = 50


@command("data")
@click.argument("folder")
@click.option("-o", "--output", metavar="FOLDER", help="Where to write; in --root if left out.")
@folder_options
def data_command(
    folder: str,
    output: str | None,
    tags: tuple[str, ...],
    melody: int | str | None,
    accompany: tuple[int | str, ...],
    pickup: float | None,
    as_json: bool,
    root: str,
) -> None:
    """Make a data set of a folder of MIDI files, and say what became of each.

    Folders in FOLDER are read too, and those directly in it are tags. By default the first track
    that is no drums is the melody, and the next three accompany. Writes phrases.npz, data.json and
    data.html. The exit code is 1 if no file can be used.
    """
    from launcher.own_data import data

    built = data(
        folder,
        output=output,
        tags=tags,
        melody=melody,
        accompany=accompany,
        pickup=pickup,
        root=root,
        progress=DataProgress(sys.stderr, "Reading the MIDI files.", "file"),
    )
    if as_json:
        echo_json(built.describe())
    else:
        _show(built, root)
    if built.phrases is None:
        sys.exit(1)


def _short(path: str) -> str:
    """Leaves out the middle of a long path, which would push all else out of sight."""
    half = _LONGEST_PATH // 2
    return path if len(path) <= _LONGEST_PATH else f"{path[: half - 2]}...{path[1 - half :]}"


def _show(built: "BuiltData", root: str) -> None:
    from launcher.data_page import refusals, remarks

    report = built.report
    if report.files:
        head = ("FILE", "USED", "BARS", "KEY", "TRACKS", "PHRASES", "SPLIT", "REMARKS")
        rows = [
            (
                _short(file.path),
                "yes" if file.used else "no",
                str(file.bars or ""),
                file.key,
                str(len(file.tracks) or ""),
                str(file.phrases or ""),
                file.split,
                remarks(file),
            )
            for file in report.files[:_MOST_ROWS]
        ]
        click.echo(table(head, rows))
    if len(report.files) > _MOST_ROWS:
        click.echo(f"... and {len(report.files) - _MOST_ROWS:,} more files.")
        counts = ", ".join(f"{count:,} {code}" for code, count in refusals(report))
        click.echo(f"Refused: {counts or 'none'}.")
    click.echo(f"\n{report.summary()}")
    for note in report.notes:
        click.echo(note)
    places = {"data set": built.phrases, "report": built.page, "JSON": built.json}
    click.echo(facts({name: shown_path(path) for name, path in places.items() if path}))
    if built.phrases is not None:
        again = next_command("train", "--data", shown_path(built.phrases), root=root)
        click.echo(f"Next, train on it: {again}")
