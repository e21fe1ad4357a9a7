"""From a generator's answer on the grid back to notes in the song's own register and time."""

import numpy as np
from numpy.typing import NDArray

from inference.grid import Grid
from inference.hearing import OCTAVE, Line, Register
from music.rolls import notes_of_roll
from music.song import Note

LOWEST_PITCH = 24  # C1: no accompaniment is moved below it to make room for a low melody
SOFTER = 0.8  # velocity of the accompaniment, as a share of the melody's at that moment

BoolArray = NDArray[np.bool_]


def shift_back(roll: BoolArray, register: Register) -> int:
    """Chooses the semitones by which the answer returns to the melody's register.

    The key is always taken back. A low melody that was heard higher takes its accompaniment down
    with it, as far as `LOWEST_PITCH` allows, so that the voices stay below it; under a high melody
    that was heard lower they stay where they are, in the natural range of their instruments.

    Args:
        roll: the answer, `(time, 128, track)`.
        register: in which the melody was heard.
    """
    sounding = np.flatnonzero(roll.any(axis=(0, 2)))
    if not len(sounding):
        return -register.key_shift
    room = int(sounding[0]) - register.key_shift - LOWEST_PITCH
    octaves = min(max(register.octaves, 0), max(room // OCTAVE, 0))
    return -register.key_shift - OCTAVE * octaves


def octaves_that_fit(roll: BoolArray, shift: int, wanted: int) -> int:
    """How many of the octaves wanted (down if negative) an answer moves within the 128 pitches.

    Args:
        roll: the answer, `(time, 128, track)`.
        shift: the semitones by which it moves anyway.
        wanted: by the caller.
    """
    if not wanted:
        return 0
    sounding = np.flatnonzero(roll.any(axis=(0, 2))) + shift
    octaves = wanted
    while octaves and len(sounding):
        moved = sounding + OCTAVE * octaves
        if moved[0] >= 0 and moved[-1] < roll.shape[1]:
            break
        octaves -= 1 if octaves > 0 else -1
    return octaves


def move_pitches(roll: BoolArray, semitones: int) -> BoolArray:
    """Transposes a roll `(time, 128, track)`; what would leave the 128 pitches is dropped."""
    moved = np.zeros_like(roll)
    if semitones >= 0:
        moved[:, semitones:] = roll[:, : roll.shape[1] - semitones]
    else:
        moved[:, :semitones] = roll[:, -semitones:]
    return moved


def shift_windows(roll: BoolArray, semitones: NDArray[np.integer]) -> BoolArray:
    """Transposes each window of `(window, step, 128, track)` by its own `(window,)` semitones."""
    if not semitones.any():
        return roll
    moved = roll.copy(order="K")
    for window in np.flatnonzero(semitones).tolist():
        moved[window] = move_pitches(roll[window], int(semitones[window]))
    return moved


def write_notes(
    grid: Grid, line: Line, span: tuple[int, int], roll: BoolArray, onset: BoolArray
) -> tuple[Note, ...]:
    """Writes one accompanying track in ticks.

    Args:
        grid: of the song.
        line: the melody, whose loudness the accompaniment follows.
        span: the ticks of the melody's first start and last end. Notes on the melody's first and
            last step begin and end exactly there, and none lies outside.
        roll: `(time, 128)`.
        onset: where its notes start.
    """
    first, last = span
    ticks = np.clip(grid.ticks, first, last)
    sounding = np.flatnonzero(line.sounding)
    ticks[sounding[0]], ticks[sounding[-1] + 1] = first, last
    velocity = np.clip(np.rint(line.velocity * SOFTER), 1, 127).astype(int).tolist()
    on_grid = notes_of_roll(roll, onset, 1)
    timed = [(note, int(ticks[note.start]), int(ticks[note.end])) for note in on_grid]
    return tuple(
        Note(start, end, note.pitch, velocity[note.start])
        for note, start, end in timed
        if start < end
    )
