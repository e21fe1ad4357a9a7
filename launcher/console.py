"""What the commands show: words, tables, progress, and what Ctrl-C does."""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

import click

if TYPE_CHECKING:
    from training.progress import ProgressBar

BACH_TITLE = "Building the data set of the Bach chorales, once."


class Interrupts:
    """Counts the presses of Ctrl-C instead of breaking off wherever the program is."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


class Narrator:
    """Shows a job's lines: on a terminal as a bar and words above it, elsewhere as they are.

    Args:
        stream: where to.
        total: the iterations of the job, None where they are not known.
        quiet: show nothing.
    """

    def __init__(self, stream: TextIO, total: int | None, *, quiet: bool = False) -> None:
        self._stream = stream
        self._total = total
        self._quiet = quiet
        self._bar: ProgressBar | None = None

    def line(self, text: str) -> None:
        """Takes one line of a job's log."""
        from training.metric_lines import parse_line

        values = parse_line(text) if self._stream.isatty() and not self._quiet else None
        if values is None:
            self.say(text)
            return
        if self._bar is None:
            from training.progress import ProgressBar

            self._bar = ProgressBar(self._stream, self._total)
        self._bar.report(values)

    def say(self, text: str) -> None:
        """Shows one line of words."""
        if self._quiet:
            return
        if self._bar is None:
            click.echo(text, file=self._stream)
        else:
            self._bar.note(text)

    def close(self) -> None:
        """Leaves the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class DataProgress:
    """Shows how far the building of a data set is; does nothing where it lies ready.

    Args:
        stream: where to.
        title: what is being done.
        unit: what is counted.
    """

    def __init__(self, stream: TextIO, title: str = BACH_TITLE, unit: str = "score") -> None:
        self._stream = stream
        self._title = title
        self._unit = unit
        self._bar: object = None

    def __call__(self, done: int, total: int) -> None:
        """Takes how many are read, and how many there are in all."""
        from tqdm import tqdm

        if self._bar is None:
            click.echo(self._title, file=self._stream)
            self._bar = tqdm(
                total=total, file=self._stream, unit=self._unit, disable=not self._stream.isatty()
            )
        self._bar.update(1)  # type: ignore[attr-defined]
        if done == total:
            self._bar.close()  # type: ignore[attr-defined]


class ByteProgress:
    """Shows how much of something large has been sent or brought.

    Args:
        stream: where to.
        title: what is being done.
    """

    def __init__(self, stream: TextIO, title: str) -> None:
        self._stream = stream
        self._title = title
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Takes the bytes so far, and in all."""
        from tqdm import tqdm

        if self._bar is None:
            click.echo(self._title, file=self._stream)
            self._bar = tqdm(
                total=total,
                file=self._stream,
                unit="B",
                unit_scale=True,
                disable=not self._stream.isatty(),
            )
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
            self._bar = None


def duration(seconds: float | None) -> str:
    """Writes a duration, e.g. `5 min 12 s`; nothing for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def local_time(text: str) -> str:
    """Writes a time of a record in the time of this place."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Writes rows in columns as wide as they need."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def facts(values: Mapping[str, object]) -> str:
    """Writes names and values in two columns, without those that are None or empty."""
    shown = {name: str(value) for name, value in values.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in shown.items())


def shown_path(path: Path) -> str:
    """Writes a path as short as it can be typed here."""
    with_here = os.path.relpath(path)
    return str(path) if with_here.startswith(os.pardir) else with_here


def next_command(module: str, *words: str, root: str) -> str:
    """Writes a command to type, with the Python that has this package."""
    found = shutil.which("python")
    is_ours = found is not None and Path(found).parent == Path(sys.executable).parent
    python = "python" if is_ours else shown_path(Path(sys.executable))
    where = [] if root == "runs" else ["--root", root]
    return shlex.join([python, "-m", f"launcher.{module}", *words, *where])
