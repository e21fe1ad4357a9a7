"""Rest at the ends of phrases: under their long last note all voices hold a chord.

Nothing in a MIDI file says where a phrase ends. The melody does: with a note of two beats or more
that is twice as long as most and longer than the next, if the next one stands in its bar where the
song's first note stands in its own. In the 76 chorales that the model never learns from, 128 of 137
such notes bear a fermata, and 160 of the 371 notes with a fermata are long at all. Under a fermata
Bach's voices hardly ever move (0.02 moves a voice; under other half notes 1.5). The generator moves
them, for it cannot know that a note is the last.
"""

import numpy as np
from numpy.typing import NDArray

from inference.grid import Grid
from inference.hearing import Line
from inference.held import hold
from inference.seams import parallel_pairs
from music.harmony import chord_types
from music.keys import Key

LONG_BEATS = 2
LONG_NOTES = 2  # times the median
PARALLEL = 1.5  # worse than no triad
MAJOR_OR_MINOR = (0, 1)  # of the chord types

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def phrase_ends(grid: Grid, line: Line) -> list[tuple[int, int]]:
    """Finds the notes that end a phrase, `(first step, step after)`; the last note always does."""
    real = line.sounding & line.onset
    starts = np.flatnonzero(real)
    after = np.append(starts[1:], grid.steps)
    silent = np.append(np.flatnonzero(~line.sounding), grid.steps)
    ends = np.minimum(after, silent[np.searchsorted(silent, starts)])
    lengths = ends - starts
    place = grid.places
    beats = LONG_BEATS * grid.beat_lengths[starts]
    long = (lengths >= LONG_NOTES * np.median(lengths)) & (lengths >= beats)
    found = [
        (start, end)
        for i, (start, end) in enumerate(zip(starts[:-1].tolist(), ends[:-1].tolist(), strict=True))
        if long[i] and lengths[i] > lengths[i + 1] and place[after[i]] == place[starts[0]]
    ]
    return [*found, (int(starts[-1]), int(ends[-1]))]


def rest_on_chords(
    roll: BoolArray,
    onset: BoolArray,
    heard: IntArray,
    key: Key,
    grid: Grid,
    line: Line,
    may_rest: BoolArray,
) -> tuple[BoolArray, BoolArray]:
    """Holds a chord under the notes that end a phrase.

    It is the first one on a beat that is the key's own chord above its tonic, under the last note
    of the song; else the first major or minor triad; else what sounds when the note begins. One
    that the next phrase would leave in parallels comes last. The voices come there as they did.
    Under a note in whose course a voice must move, all go on.

    Args:
        roll: `(time, 128, track)`.
        onset: where notes start.
        heard: the melody as the generator heard it, `(time,)`.
        key: of the song as the generator heard it.
        grid: of the song.
        line: the melody.
        may_rest: `(time,)`, False where a voice must move.

    Returns:
        `roll` and `onset`.
    """
    moves = np.ones((len(roll), roll.shape[2]), dtype=bool)
    ends = phrase_ends(grid, line)
    on_beat = grid.beats
    for start, end in ends:
        if not may_rest[start + 1 : end].all():
            continue
        beats = [start, *(start + 1 + np.flatnonzero(on_beat[start + 1 : end])).tolist()]
        chords = _lines(roll[beats], heard[beats])
        triads = np.isin(chord_types(chords), MAJOR_OR_MINOR)
        at_home = triads & (chords[:, -1] % 12 == key.tonic) & ((start, end) == ends[-1])
        best = 2 * at_home + triads
        if end < len(roll):
            best = best - PARALLEL * parallel_pairs(chords, _lines(roll[[end]], heard[[end]]))
        moves[beats[int(best.argmax())] + 1 : end] = False
    return hold(roll, onset, moves)


def _lines(roll: BoolArray, melody: IntArray) -> IntArray:
    """The melody and the lowest pitch of each track, -1 in silence: `(step, 1 + track)`."""
    lowest = np.where(roll.any(axis=1), roll.argmax(axis=1), -1)
    return np.column_stack([melody, lowest]).astype(np.int64)
