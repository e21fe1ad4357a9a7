"""Conversions between notes, piano rolls and voices.

- *Roll*: bool `(..., time, 128, track)`, True while a pitch sounds, and its *onset*, bool of the
  same shape, True on the first step of each note. Without onsets a repeated note is lost.
- *Voices*: `pitch`, int8 `(..., time, voice)`, -1 for a rest, and `onset`, bool of the same shape.
  Where the pitch changes to another sounding pitch a note starts, so `onset` is True there; it is
  never True in a rest. On the first step alone it may be False over a sounding pitch: a note held
  over from the phrase before.

Ticks become steps by rounding to the nearest step, halves up, so that music moved by whole steps is
read the same. A note lasts one step at least.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from music.errors import MusicError
from music.song import Note

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    BoolArray = NDArray[np.bool_]
    PitchArray = NDArray[np.int8]
    IntArray = NDArray[np.int64]

PITCHES = 128
REST = -1


def check_shape(
    name: str, array: NDArray[np.generic], shape: tuple[int | EllipsisType | None, ...]
) -> None:
    """Refuses an array of another shape.

    Args:
        name: what the caller calls the array.
        array: any array.
        shape: the sizes of the axes; None stands for any size, a leading `...` for any axes.

    Raises:
        MusicError: `wrong_shape`, with the expected and the received shape.
    """
    sizes = shape[1:] if shape[:1] == (...,) else shape
    received = array.shape[max(array.ndim - len(sizes), 0) :] if sizes != shape else array.shape
    if len(received) != len(sizes) or any(
        want is not None and want != size for want, size in zip(sizes, received, strict=True)
    ):
        words = ["..." if size is ... else "any" if size is None else str(size) for size in shape]
        raise MusicError(
            "wrong_shape",
            f"`{name}` must have shape ({', '.join(words)}); received {array.shape}.",
            "Check the order of the axes.",
        )


def held_onsets(pitch: ArrayLike, *, axis: int = -2) -> BoolArray:
    """The "held" reading of pitches without onsets: a note starts where the pitch changes.

    Args:
        pitch: `(..., time, voice)`, -1 for a rest.
        axis: the axis of time; -1 for one voice `(..., time)`.

    Returns:
        Onsets shaped like `pitch`; a pitch that sounds on the first step starts there.
    """
    pitch = np.asarray(pitch)
    return (pitch >= 0) & (np.diff(pitch, axis=axis, prepend=REST) != 0)


def voices_to_roll(pitch: ArrayLike, onset: ArrayLike) -> tuple[BoolArray, BoolArray]:
    """Draws voices as rolls: `(..., time, voice)` to `(..., time, 128, voice)`, and the onsets.

    Raises:
        MusicError: `wrong_shape`, if the shapes differ.
    """
    pitch, onset = np.asarray(pitch), np.asarray(onset, dtype=bool)
    check_shape("pitch", pitch, (..., None, None))
    check_shape("onset", onset, pitch.shape)
    # Pitches lie side by side in memory, and numpy keeps that: `any` along them is 25 times faster.
    roll = pitch[..., None] == np.arange(PITCHES, dtype=pitch.dtype)
    return roll.swapaxes(-1, -2), (roll & onset[..., None]).swapaxes(-1, -2)


def roll_to_voices(
    roll: ArrayLike, roll_onset: ArrayLike | None = None
) -> tuple[PitchArray, BoolArray]:
    """Reads each track as one voice: of the pitches that sound at a step, the highest.

    Args:
        roll: `(..., time, 128, track)`.
        roll_onset: shaped like `roll`; None reads notes as held (see `held_onsets`).

    Returns:
        `pitch` and `onset`, `(..., time, track)`. A note also starts where the highest pitch
        changes without an onset of its own, as when the upper of two notes ends first.

    Raises:
        MusicError: `wrong_shape`.
    """
    roll = np.asarray(roll, dtype=bool)
    check_shape("roll", roll, (..., None, PITCHES, None))
    highest = PITCHES - 1 - roll[..., ::-1, :].argmax(axis=-2)
    pitch = np.where(roll.any(axis=-2), highest, REST).astype(np.int8)
    onset = held_onsets(pitch)
    if roll_onset is not None:
        roll_onset = np.asarray(roll_onset, dtype=bool)
        check_shape("roll_onset", roll_onset, roll.shape)
        own = np.take_along_axis(roll_onset, highest[..., None, :], axis=-2)[..., 0, :]
        onset[..., :1, :] = False  # held over from before, unless the roll says otherwise
        onset |= own & (pitch >= 0)
    return pitch, onset


def notes_of_roll(
    roll: ArrayLike,
    onset: ArrayLike,
    ticks_per_step: float,
    start_tick: int = 0,
    velocity: int = 80,
) -> list[Note]:
    """Reads the notes of one track.

    Args:
        roll: `(time, 128)`.
        onset: shaped like `roll`; a pitch that begins to sound starts a note even without one.
        ticks_per_step: 1 or more, perhaps no whole number.
        start_tick: where the first step lies.
        velocity: of all notes, 1..127.

    Returns:
        The notes by start, end and pitch.

    Raises:
        MusicError: `wrong_shape`, or `bad_song` if `ticks_per_step` is less than 1.
    """
    roll, onset = np.asarray(roll, dtype=bool), np.asarray(onset, dtype=bool)
    check_shape("roll", roll, (None, PITCHES))
    check_shape("onset", onset, roll.shape)
    _check_ticks(ticks_per_step)
    sounding = np.zeros((PITCHES, len(roll) + 1), dtype=bool)  # a silent step ends the last notes
    sounding[:, :-1] = roll.T
    starts = sounding.copy()
    starts[:, 1:] &= ~sounding[:, :-1]
    starts[:, :-1] |= onset.T & roll.T
    begins = np.flatnonzero(starts)
    stops = np.flatnonzero(starts | ~sounding)
    ends = stops[np.searchsorted(stops, begins, side="right")]
    pitches, first = np.divmod(begins, len(roll) + 1)
    last = first + (ends - begins)
    return _notes(first, last, pitches, ticks_per_step, start_tick, velocity)


def notes_of_voice(
    pitch: ArrayLike,
    onset: ArrayLike,
    ticks_per_step: float,
    start_tick: int = 0,
    velocity: int = 80,
) -> list[Note]:
    """Reads the notes of one voice: `pitch` and `onset` are `(time,)`; else as `notes_of_roll`."""
    pitch, onset = np.asarray(pitch), np.asarray(onset, dtype=bool)
    check_shape("pitch", pitch, (None,))
    check_shape("onset", onset, pitch.shape)
    _check_ticks(ticks_per_step)
    changes = np.diff(pitch, prepend=REST, append=REST) != 0
    changes[:-1] |= onset
    edges = np.flatnonzero(changes)
    sounding = pitch[edges[:-1]] >= 0
    first, last = edges[:-1][sounding], edges[1:][sounding]
    return _notes(first, last, pitch[first], ticks_per_step, start_tick, velocity)


def count_steps(notes: Iterable[Note], ticks_per_step: float, start_tick: int = 0) -> int:
    """How many steps from `start_tick` on hold all notes, rounded as `roll_of_notes` does."""
    _, last, _ = _note_steps(notes, ticks_per_step, start_tick)
    return max(int(last.max(initial=0)), 0)


def roll_of_notes(
    notes: Iterable[Note], ticks_per_step: float, steps: int, start_tick: int = 0
) -> tuple[BoolArray, BoolArray]:
    """Draws the notes of one track.

    Args:
        notes: in any order; they may overlap. A note that starts while the same pitch sounds ends
            the note before it.
        ticks_per_step: 1 or more, perhaps no whole number.
        steps: how many to draw; what lies outside is left out. A note that begins before the first
            step is drawn without its onset.
        start_tick: where the first step lies.

    Returns:
        `roll` and `onset`, `(steps, 128)`.

    Raises:
        MusicError: `bad_song`, if `ticks_per_step` is less than 1.
    """
    first, last, pitches = _note_steps(notes, ticks_per_step, start_tick)
    seen = (first < steps) & (last > 0)
    first, last, pitches = first[seen], np.minimum(last[seen], steps), pitches[seen]
    changes = np.zeros((steps + 1, PITCHES), dtype=np.int32)
    np.add.at(changes, (np.maximum(first, 0), pitches), 1)
    np.subtract.at(changes, (last, pitches), 1)
    roll = np.cumsum(changes, axis=0, out=changes)[:-1] > 0
    onset = np.zeros((steps, PITCHES), dtype=bool)
    begun = first >= 0
    onset[first[begun], pitches[begun]] = True
    return roll, onset


def melody_of_notes(
    notes: Iterable[Note], ticks_per_step: float, steps: int, start_tick: int = 0
) -> tuple[PitchArray, BoolArray]:
    """Finds the line on top of one track (its skyline).

    At each step the line has the highest sounding note, with two exceptions for what people play.
    Of notes that start on the same step only the highest takes part: when it ends, the line rests
    rather than falling into its chord. And a note that laps one step over the start of a lower,
    longer one ends there: that is legato, and the lower note is not late. Else, when the top note
    ends and a lower one still sounds, the line falls to it, with an onset.

    Args:
        notes: of one track, in any order.
        ticks_per_step: 1 or more, perhaps no whole number.
        steps: how many to read.
        start_tick: where the first step lies.

    Returns:
        `pitch`, int8, and `onset`, `(steps,)`.

    Raises:
        MusicError: `bad_song`, if `ticks_per_step` is less than 1.
    """
    first, last, pitches = _note_steps(notes, ticks_per_step, start_tick)
    order = np.lexsort((last, pitches, first))
    first, last, pitches = first[order], last[order], pitches[order]
    top = np.append(first[1:] != first[:-1], True)[: len(first)]  # the highest of each start
    first, last, pitches = first[top], last[top], pitches[top]
    if len(first) > 1:
        # Starts are now distinct, so the note that starts one step before an end is unique.
        lower = np.minimum(np.searchsorted(first, last - 1), len(first) - 1)
        laps = (first[lower] == last - 1) & (pitches[lower] < pitches) & (last[lower] > last)
        last = last - (laps & (last - first > 1))
    return _skyline(first, last, pitches, steps)


def _skyline(
    first: IntArray, last: IntArray, pitches: IntArray, steps: int
) -> tuple[PitchArray, BoolArray]:
    """Draws notes with distinct first steps so that the highest covers the others."""
    pitch = np.full(steps, REST, dtype=np.int8)
    onset = np.zeros(steps, dtype=bool)
    for index in np.argsort(pitches, kind="stable"):  # upwards; of equal pitches the later covers
        start, stop = int(first[index]), int(last[index])
        if start >= steps or stop <= 0:
            continue
        pitch[max(start, 0) : stop] = pitches[index]
        onset[max(start, 0) : stop] = False
        if start >= 0:
            onset[start] = True
    onset[1:] |= (pitch[1:] >= 0) & (pitch[1:] != pitch[:-1])
    return pitch, onset


def _check_ticks(ticks_per_step: float) -> None:
    if not ticks_per_step >= 1:
        raise MusicError(
            "bad_song",
            f"A step lasts one tick at least; received {ticks_per_step} ticks.",
            "Use more ticks or fewer steps a beat.",
        )


def _note_steps(
    notes: Iterable[Note], ticks_per_step: float, start_tick: int
) -> tuple[IntArray, IntArray, IntArray]:
    """The first step, the step after the last, and the pitch of each note."""
    _check_ticks(ticks_per_step)
    table = np.array([(n.start, n.end, n.pitch) for n in notes], dtype=np.int64).reshape(-1, 3)
    first, last = np.floor((table[:, :2].T - start_tick) / ticks_per_step + 0.5).astype(np.int64)
    return first, np.maximum(last, first + 1), table[:, 2]


def _notes(
    first: IntArray,
    last: IntArray,
    pitches: NDArray[np.integer],
    ticks_per_step: float,
    start_tick: int,
    velocity: int,
) -> list[Note]:
    starts = start_tick + np.floor(first * ticks_per_step + 0.5).astype(np.int64)
    ends = start_tick + np.floor(last * ticks_per_step + 0.5).astype(np.int64)
    rows = sorted(zip(starts.tolist(), ends.tolist(), pitches.tolist(), strict=True))
    return [Note(start, end, pitch, velocity) for start, end, pitch in rows]
