"""What stays of an accompaniment that came with the melody.

The caller names tracks, bars, or both. A bar of a track is kept if its track is named, or none is,
and its bar is named, or none is. It comes back as it was, cell for cell on the grid and note for
note in ticks: every note that sounds in it is kept whole, with its velocity, even where it begins
before the bar or is held beyond it, and a rest stays a rest. What is written anew makes room.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inference.grid import Cell, Grid
from inference.options import Options
from inference.seams import newly_sounding
from inference.writing import move_pitches
from music.errors import MusicError
from music.rolls import PITCHES, roll_of_notes
from music.song import Note, Track

_BARS = re.compile(r"([0-9]{1,6})(?:\s*-\s*([0-9]{1,6}))?")

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Kept:
    """What stays.

    Attributes:
        notes: those that stay, of each accompanying track, in ticks.
        roll: the same on the grid, `(time, 128, track)`.
        onset: where they start.
        steps: `(time, track)`, where nothing new may sound: the kept bars, and all steps of the
            notes that reach out of them.
    """

    notes: tuple[tuple[Note, ...], ...]
    roll: BoolArray
    onset: BoolArray
    steps: BoolArray

    @cached_property
    def is_nothing(self) -> bool:
        """Whether nothing stays, not even a rest: most songs are accompanied anew."""
        return not self.steps.any()

    def moved(self, semitones: int) -> "Kept":
        """The same on a transposed grid; the notes are not moved."""
        if self.is_nothing:
            return self
        roll, onset = move_pitches(self.roll, semitones), move_pitches(self.onset, semitones)
        return replace(self, roll=roll, onset=onset)

    def lay_over(self, roll: BoolArray, onset: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Puts what stays in the place of what was answered, `(..., time, 128, track)`."""
        if self.is_nothing:
            return roll, onset
        steps = self.steps[:, None]
        return np.where(steps, self.roll, roll), np.where(steps, self.onset, onset)

    def lay_over_windows(
        self, roll: BoolArray, onset: BoolArray, cells: Sequence[Cell]
    ) -> tuple[BoolArray, BoolArray]:
        """Does the same to windows of two cells, `(..., window, 2 * bar_steps, 128, track)`."""
        if self.is_nothing:
            return roll, onset
        bar_steps = roll.shape[-3] // 2
        roll, onset = roll.copy(order="K"), onset.copy(order="K")
        for index, cell in enumerate(cells):
            song = slice(cell.start, cell.start + cell.steps)
            part = Kept((), self.roll[song], self.onset[song], self.steps[song])
            for window, first in ((index, cell.lead), (index - 1, cell.lead + bar_steps)):
                if 0 <= window < roll.shape[-4]:
                    at = (..., window, slice(first, first + cell.steps), slice(None), slice(None))
                    roll[at], onset[at] = part.lay_over(roll[at], onset[at])
        return roll, onset

    def without(self, roll: BoolArray, onset: BoolArray) -> tuple[BoolArray, BoolArray]:
        """What was answered, silent where something stays.

        Behind that it starts anew, even on the pitch that sounded there.
        """
        if self.is_nothing:
            return roll, onset
        roll = roll & ~self.steps[:, None]
        return roll, (onset & roll) | newly_sounding(roll)

    def fit(self, track: int, notes: Sequence[Note]) -> tuple[Note, ...]:
        """Joins the new notes of a track with those that stay.

        On the grid they do not meet, but what was played may lap over it by half a step; a new note
        is shortened by that.
        """
        kept = self.notes[track]
        if not kept:
            return tuple(notes)
        starts = np.array([note.start for note in kept])
        ends = np.array([note.end for note in kept])
        joined = list(kept)
        for note in notes:
            start = int(ends[(starts <= note.start) & (ends > note.start)].max(initial=note.start))
            end = int(starts[(starts > note.start) & (starts < note.end)].min(initial=note.end))
            if start < end:
                joined.append(replace(note, start=start, end=end))
        return tuple(joined)


def keep(
    options: Options, grid: Grid, parts: Sequence[Track | None], names: Sequence[str]
) -> tuple[Kept, list[str]]:
    """Finds what the caller wants to keep.

    Args:
        options: without `freeze_tracks` and `freeze_bars` nothing is kept.
        grid: of the song, parts included.
        parts: the tracks of the song that accompany, None where there is none; may be empty if
            nothing is to be kept.
        names: of the model's tracks, the melody's first.

    Returns:
        What stays, and warnings.

    Raises:
        MusicError: `bad_option`, all faults at once.
    """
    if not options.freezes:
        others = len(names) - 1
        silence = np.zeros((grid.steps, PITCHES, others), dtype=bool)
        return Kept(((),) * others, silence, silence, silence[:, 0]), []
    if not any(parts):
        raise MusicError(
            "bad_option",
            "There is nothing to keep: the song has no accompanying track with notes.",
            "Send the melody together with its accompaniment, e.g. an earlier answer.",
        )
    faults: list[str] = []
    tracks = _wanted_tracks(options.freeze_tracks, parts, names, faults)
    bars = _wanted_bars(options.freeze_bars, int(grid.bar_of_step[-1]) + 1, faults)
    if faults:
        raise MusicError(
            "bad_option",
            " ".join(faults),
            "Name accompanying tracks in `freeze_tracks`, e.g. `bass`, and bars in `freeze_bars`, "
            "e.g. `1-4,7`.",
        )
    chosen = bars[grid.bar_of_step][:, None] & tracks
    warnings = [
        f"{name.title()} has no notes in the song and stays silent in the kept bars."
        for name, part, wanted in zip(names[1:], parts, tracks, strict=True)
        if wanted and part is None
    ]
    if chosen.all():
        warnings.append("The whole accompaniment was kept; there was nothing to write anew.")
    return _keep_cells(grid, parts, chosen), warnings


def _keep_cells(grid: Grid, parts: Sequence[Track | None], chosen: BoolArray) -> Kept:
    """Takes the notes that sound in the chosen cells, `(time, track)`."""
    kept: list[tuple[Note, ...]] = []
    rolls, onsets = (np.zeros((grid.steps, PITCHES, len(parts)), dtype=bool) for _ in range(2))
    for track, part in enumerate(parts):
        notes = () if part is None else part.notes
        on_grid = grid.step_notes(notes)
        reached = [bool(chosen[note.start : note.end, track].any()) for note in on_grid]
        kept.append(tuple(n for n, stays in zip(notes, reached, strict=True) if stays))
        stays_on_grid = [n for n, stays in zip(on_grid, reached, strict=True) if stays]
        rolls[..., track], onsets[..., track] = roll_of_notes(stays_on_grid, 1, grid.steps)
    return Kept(tuple(kept), rolls, onsets, chosen | rolls.any(axis=1))


def _wanted_tracks(
    wanted: Sequence[str | int] | None,
    parts: Sequence[Track | None],
    names: Sequence[str],
    faults: list[str],
) -> BoolArray:
    """The tracks named, `(track,)`; all if none is."""
    if not wanted:
        return np.ones(len(parts), dtype=bool)
    numbers = {name.casefold(): i for i, name in enumerate(names[1:])}
    for i, part in enumerate(parts):
        numbers.setdefault(str(i + 1), i)
        if part is not None:
            numbers.setdefault(part.name.strip().casefold(), i)
    chosen = np.zeros(len(parts), dtype=bool)
    known = ", ".join(f"{name} ({i})" for i, name in enumerate(names[1:], 1))
    for word in wanted:
        track = numbers.get(str(word).strip().casefold())
        if track is None:
            faults.append(f"`{str(word)[:40]}` is no accompanying track; those are {known}.")
        elif parts[track] is None:
            faults.append(f"The song has no notes for {names[track + 1]} that could be kept.")
        else:
            chosen[track] = True
    return chosen


def _wanted_bars(text: str | None, count: int, faults: list[str]) -> BoolArray:
    """The bars named, `(bar,)`; all if none is."""
    if text is None:
        return np.ones(count, dtype=bool)
    chosen = np.zeros(count, dtype=bool)
    for word in re.split("[,;]", text):
        match = _BARS.fullmatch(word.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not match or last < first:
            faults.append(f"`{word[:40]}` names no bars.")
        elif not first:
            faults.append("There is no bar 0: bars are counted from 1.")
        elif last > count:
            faults.append(f"There is no bar {last}: the song has {count}.")
        else:
            chosen[first - 1 : last] = True
    return chosen
