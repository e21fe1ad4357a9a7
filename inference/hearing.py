"""What the generator hears of a melody: a line that always sounds, in the register it knows.

The generator was trained on voices that never rest, in the range of its singers and, perhaps, in C.
All of this is for its ears only: the melody of the answer is the caller's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.grid import Grid
from music.keys import Key, find_key
from music.manifest import Manifest
from music.rolls import REST, melody_of_notes
from music.song import Note, Song

OCTAVE = 12
# A melody that has this share of its time within range is left in its octave.
ENOUGH_IN_RANGE = 0.9

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """A melody on the grid.

    Attributes:
        pitch: int64 `(steps,)`, sounding everywhere: a rest holds the note before it, the rest
            before the first note holds the first.
        onset: `(steps,)`, where notes start, and where the line itself starts.
        sounding: `(steps,)`, where the melody or anything else of its track really sounds.
        velocity: `(steps,)`, of the last note that started, 1..127.
    """

    pitch: IntArray
    onset: BoolArray
    sounding: BoolArray
    velocity: IntArray


@dataclass(frozen=True)
class Register:
    """Where the generator hears the melody.

    Attributes:
        key_shift: semitones -5..6 to C major or A minor, 0 unless the generator wants that.
        octaves: whole octaves up (down if negative) into its range.
    """

    key_shift: int
    octaves: int

    def to_ears(self, pitch: IntArray, melody_range: tuple[int, int]) -> IntArray:
        """Moves pitches; those still out of range are heard in the nearest octave within."""
        low, high = melody_range
        heard = pitch + self.key_shift + OCTAVE * self.octaves
        heard += OCTAVE * (np.maximum(low - heard + OCTAVE - 1, 0) // OCTAVE)
        heard -= OCTAVE * (np.maximum(heard - high + OCTAVE - 1, 0) // OCTAVE)
        return heard


def line_of_notes(grid: Grid, notes: tuple[Note, ...]) -> Line:
    """Reads the line on top of the notes (one at least) and fills its rests."""
    on_grid = grid.step_notes(notes)
    pitch, onset = melody_of_notes(on_grid, 1, grid.steps)
    sounding = np.zeros(grid.steps + 1, dtype=np.int64)
    velocity = np.zeros(grid.steps, dtype=np.int64)
    for note in on_grid:
        sounding[note.start] += 1
        sounding[note.end] -= 1
        velocity[note.start] = max(velocity[note.start], note.velocity)
    heard = pitch != REST
    onset[0] = True
    return Line(
        pitch=_hold(pitch.astype(np.int64), heard),
        onset=onset,
        sounding=sounding[:-1].cumsum() > 0,
        velocity=_hold(velocity, velocity > 0),
    )


def find_song_key(song: Song, notes: tuple[Note, ...]) -> Key:
    """Finds the key of the melody from how long each pitch class sounds.

    A key signature counts as a hint, unless it is the empty one: that is what programs write that
    know of no key.
    """
    weights = np.zeros(OCTAVE)
    for note in notes:
        weights[note.pitch % OCTAVE] += note.end - note.start
    first = next(iter(song.key_signatures), None)
    return find_key(weights, first.fifths if first is not None and first.fifths else None)


def choose_register(line: Line, key: Key, manifest: Manifest) -> Register:
    """Chooses the transposition in which the generator hears most of the melody as trained."""
    key_shift = key.shift_to_c if manifest.tonic_normalized else 0
    low, high = manifest.melody_range
    heard = line.pitch[line.sounding] + key_shift
    nearest = np.array(sorted(range(-10, 11), key=abs))
    moved = heard + OCTAVE * nearest[:, None]
    shares = ((low <= moved) & (moved <= high)).mean(axis=1)
    if shares[0] >= ENOUGH_IN_RANGE:
        return Register(key_shift, 0)
    return Register(key_shift, int(nearest[shares.argmax()]))


def cells_heard(
    grid: Grid, line: Line, pitch: IntArray, bar_steps: int
) -> tuple[IntArray, BoolArray]:
    """Lays a line into cells: filling before a cell's steps holds its first pitch, after its last.

    Args:
        grid: of the song.
        line: the melody.
        pitch: its pitches as they are to be heard, `(steps,)`.
        bar_steps: the length of a cell.

    Returns:
        `pitch` and `onset`, `(cell, bar_steps)`; if there is one cell only, a second that holds.
    """
    rows = len(grid.cells) + (len(grid.cells) == 1)
    positions = np.full((rows, bar_steps), grid.steps - 1)
    real = np.zeros((rows, bar_steps), dtype=bool)
    for row, cell in enumerate(grid.cells):
        inside = np.arange(bar_steps) - cell.lead
        positions[row] = cell.start + np.clip(inside, 0, cell.steps - 1)
        real[row] = (inside >= 0) & (inside < cell.steps)
    onset = line.onset[positions] & real
    onset[0, 0] = True
    return pitch[positions], onset


def sounding_steps(grid: Grid, line: Line) -> BoolArray:
    """Where the accompaniment may sound: `(steps,)`.

    It is silent before the melody's first note, after its last, and in rests that are as long as
    the longest bar they touch; it goes on through shorter rests.
    """
    bar_lengths = np.bincount(grid.bar_of_step)[grid.bar_of_step]
    allowed = np.ones(grid.steps, dtype=bool)
    edges = np.flatnonzero(np.diff(line.sounding, prepend=True, append=True))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        outside = start == 0 or stop == grid.steps
        if outside or stop - start >= bar_lengths[start:stop].max():
            allowed[start:stop] = False
    return allowed


def _hold(values: IntArray, known: BoolArray) -> IntArray:
    """Fills unknown values with the last known before them, at the front with the first."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    first = int(known.argmax())
    return values[np.where(last < 0, first, last)]
