"""A song's bars on the time grid that a generator knows.

The generator hears bars of 16 steps (4/4). Here every bar of a song becomes one or more *cells*:
a bar of up to 16 steps is one cell, filled up to 16; a longer one is cut at its beats into cells as
equal as the beats allow (12/8 into 6 + 6 eighths, 5/4 into 3 + 2 quarters). A short first bar is a
pickup: it stands at the end of its cell, as in front of the bar line.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.song import Note, Song, TimeSignature

MAX_QUARTERS = 2048  # 512 bars of 4/4: 17 minutes at 120 quarters a minute
MAX_CELLS = 1024

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """What the generator hears as one bar.

    Attributes:
        start: the cell's first step in the song.
        steps: how many steps of the song it holds, 1..`bar_steps`.
        lead: steps of filling before them, not 0 for a pickup only.
        beat: steps from beat to beat; the cell begins on a beat.
    """

    start: int
    steps: int
    lead: int
    beat: int


@dataclass(frozen=True)
class Grid:
    """The steps of a song.

    Attributes:
        ticks: int64 `(steps + 1,)`, where each step begins, and where the last one ends.
        cells: in order, covering all steps.
        bar_of_step: int64 `(steps,)`, the bar of the song to which each step belongs.
    """

    ticks: IntArray
    cells: tuple[Cell, ...]
    bar_of_step: IntArray

    @property
    def steps(self) -> int:
        """How many steps the song has."""
        return len(self.ticks) - 1

    @property
    def beats(self) -> BoolArray:
        """Where beats begin, bool `(steps,)`; those of a pickup are counted back from its end."""
        return np.concatenate([_beats(cell) for cell in self.cells])

    @property
    def beat_lengths(self) -> IntArray:
        """The steps from beat to beat at each step, int64 `(steps,)`."""
        return np.repeat([c.beat for c in self.cells], [c.steps for c in self.cells])

    @property
    def places(self) -> IntArray:
        """Where each step stands in its bar, int64 `(steps,)`, a pickup as if its bar were full."""
        lengths = np.bincount(self.bar_of_step)
        starts = np.cumsum(lengths) - lengths
        if self.cells[0].lead:
            starts[0] = lengths[0] - lengths[1]
        return np.arange(self.steps) - starts[self.bar_of_step]

    def step_notes(self, notes: Sequence[Note]) -> list[Note]:
        """Returns the notes with their times in steps, each rounded to the nearest, halves up.

        A note lasts one step at least.
        """
        edges = np.array([(note.start, note.end) for note in notes], dtype=np.int64).reshape(-1, 2)
        after = np.clip(np.searchsorted(self.ticks, edges, side="right"), 1, self.steps)
        before = after - 1
        nearest = np.where(self.ticks[after] - edges <= edges - self.ticks[before], after, before)
        starts = np.minimum(nearest[:, 0], self.steps - 1)
        ends = np.maximum(nearest[:, 1], starts + 1)
        return [
            Note(start, end, note.pitch, note.velocity)
            for note, start, end in zip(notes, starts.tolist(), ends.tolist(), strict=True)
        ]


def grid_of_song(song: Song, *, steps_per_beat: int, bar_steps: int) -> Grid:
    """Lays the grid under a song.

    Args:
        song: with one note at least; its bars follow its time signatures and cover all its notes.
        steps_per_beat: steps a quarter.
        bar_steps: what the generator hears as one bar.

    Raises:
        MusicError: `too_long`, beyond `MAX_QUARTERS` or `MAX_CELLS`.
    """
    if song.end > MAX_QUARTERS * song.ticks_per_beat:
        raise _too_long(f"{song.end / song.ticks_per_beat:,.0f} quarters")
    bars = song.bars()
    if len(bars) > MAX_CELLS:
        raise _too_long(f"{len(bars):,} bars")
    ticks_per_step = song.ticks_per_beat / steps_per_beat
    ticks: list[IntArray] = []
    cells: list[Cell] = []
    counts: list[int] = []
    step = 0
    for start, end in bars:
        count = max(1, round((end - start) / ticks_per_step))
        ticks.append(start + np.arange(count) * (end - start) // count)
        beat = beat_steps(_signature_at(song, start), steps_per_beat, bar_steps)
        for part in split_bar(count, beat, bar_steps):
            cells.append(Cell(step, part, 0, min(beat, part)))
            step += part
        counts.append(count)
    if len(cells) > MAX_CELLS:
        raise _too_long(f"{len(cells):,} bars of 4/4 or less")
    if len(counts) > 1 and counts[0] < min(counts[1], bar_steps):
        pickup = cells[0]
        cells[0] = Cell(0, pickup.steps, bar_steps - pickup.steps, pickup.beat)
    return Grid(
        ticks=np.append(np.concatenate(ticks), bars[-1][1]),
        cells=tuple(cells),
        bar_of_step=np.repeat(np.arange(len(counts)), counts),
    )


def beat_steps(signature: TimeSignature, steps_per_beat: int, bar_steps: int) -> int:
    """The steps from beat to beat: a dotted quarter in 6/8, 9/8 and 12/8, else the denominator.

    Beats that are no whole number of steps, or longer than a cell, count as single steps.
    """
    numerator, denominator = signature.numerator, signature.denominator
    compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
    steps, rest = divmod(4 * steps_per_beat * (3 if compound else 1), denominator)
    return steps if rest == 0 and 0 < steps <= bar_steps else 1


def split_bar(steps: int, beat: int, bar_steps: int) -> list[int]:
    """Cuts a bar into as few cells as hold it, at its beats, the longer ones first.

    Args:
        steps: of the bar.
        beat: steps from beat to beat, `bar_steps` at most.
        bar_steps: what a cell holds at most.

    Returns:
        The steps of each cell.
    """
    if steps <= bar_steps:
        return [steps]
    beats = ceil(steps / beat)
    parts = ceil(beats / (bar_steps // beat))
    share, more = divmod(beats, parts)
    sizes = [(share + (part < more)) * beat for part in range(parts)]
    sizes[-1] -= sum(sizes) - steps  # the last beat may be cut short
    return sizes


def _beats(cell: Cell) -> BoolArray:
    steps = np.arange(cell.steps) - (cell.steps if cell.lead else 0)
    return np.asarray(steps % cell.beat == 0)


def _signature_at(song: Song, tick: int) -> TimeSignature:
    after = bisect.bisect_right(song.time_signatures, tick, key=lambda signature: signature.tick)
    return song.time_signatures[after - 1]


def _too_long(received: str) -> MusicError:
    return MusicError(
        "too_long",
        f"The melody ends after {received}; at most {MAX_QUARTERS} quarters (512 bars of 4/4) and "
        f"{MAX_CELLS} bars are accompanied at once.",
        "Send it in parts.",
    )
