"""Answers that listen to what is kept of an accompaniment.

The generator hears the melody only. So it answers several times, and at each beat the answer is
taken that goes best with the voices that stay: few dissonances, parallels and crossings, no leap
and nothing cut off where one answer takes over from another or meets a kept bar. Among all such
choices the cheapest for the whole song is found (Viterbi). Where nothing is kept the first costs
nothing and the others what they are worse, so that it is left only for a reason.
"""

import numpy as np
from numpy.typing import NDArray

from inference.seams import CUT_NOTE, PARALLEL, joint_costs, parallel_pairs, top_pitches

# A dissonance that lasts for a whole beat, or two crossed voices, weigh as much as a parallel.
DISSONANT = (1, 2, 6, 10, 11)  # semitones and octaves
DISSONANCE = 1.0
CROSSING = 1.0
OTHER_TAKE = 0.02  # a beat

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def choose_takes(
    roll: BoolArray, onset: BoolArray, melody: IntArray, kept: BoolArray, beats: BoolArray
) -> IntArray:
    """Chooses which answer is taken when.

    Args:
        roll: `(take, time, 128, track)`; what is kept is the same in all of them.
        onset: where notes start.
        melody: its pitches as the generator heard them, `(time,)`.
        kept: `(time, track)`, what stays.
        beats: `(time,)`, where beats begin, at which one take may follow another.

    Returns:
        The take of each step, `(time,)`.
    """
    first = np.union1d([0], np.flatnonzero(beats))
    lines = np.concatenate(
        [np.broadcast_to(melody[:, None], (*roll.shape[:2], 1)), top_pitches(roll)], axis=2
    )
    near = np.add.reduceat(kept.any(axis=1).astype(np.int64), first) > 0
    lengths = np.diff(np.append(first, len(melody)))
    clashes = np.add.reduceat(_clashes(lines), first, axis=1) / lengths
    clashes = np.where(near, clashes, np.maximum(clashes - clashes[0], 0))
    clashes[1:] += OTHER_TAKE
    path = _cheapest_path(clashes, _changes(roll, onset, lines, kept, first, near))
    return np.repeat(path, lengths)


def _clashes(lines: IntArray) -> FloatArray:
    """What sounds badly at each step: `(take, time, voice)` to `(take, time)`."""
    sounding = lines >= 0
    found = np.zeros(lines.shape[:2])
    for upper in range(lines.shape[2]):
        for lower in range(upper + 1, lines.shape[2]):
            both = sounding[..., upper] & sounding[..., lower]
            interval = lines[..., upper] - lines[..., lower]
            found += DISSONANCE * (both & np.isin(interval % 12, DISSONANT))
            found += CROSSING * (both & (interval < 0) & (lower == upper + 1))
    return found


def _changes(
    roll: BoolArray,
    onset: BoolArray,
    lines: IntArray,
    kept: BoolArray,
    first: IntArray,
    near: BoolArray,
) -> FloatArray:
    """What it costs that one take follows another, `(beat - 1, take before, take)`.

    A take that follows itself costs only what happens where a kept bar begins or ends, and its
    parallels where anything is kept.
    """
    takes, later = len(roll), first[1:]
    both_kept = (kept[later - 1] & kept[later])[:, None]
    meets_kept = (kept[later - 1] != kept[later])[:, None]
    held = roll & ~onset
    cost = np.zeros((len(later), takes, takes))
    for old in range(takes):
        for new in range(takes):
            counted = meets_kept if old == new else ~both_kept
            before, after = roll[old, later - 1] & counted, roll[new, later] & counted
            parallels = parallel_pairs(lines[old, first[:-1]], lines[new, later])
            cost[:, old, new] = joint_costs(before, after, held[new, later])
            cost[:, old, new] += PARALLEL * parallels * (near[1:] | (old != new))
            if old != new:
                cut = before & held[old, later] & ~after
                beheaded = after & held[new, later] & ~before
                cost[:, old, new] += CUT_NOTE * np.count_nonzero(cut | beheaded, axis=(1, 2))
    return cost


def _cheapest_path(unary: FloatArray, change: FloatArray) -> IntArray:
    """The take of each beat, from `(take, beat)` and `(beat - 1, take before, take)`."""
    best = unary[:, 0]
    origins = []
    for beat, cost in enumerate(change, start=1):
        together = best[:, None] + cost
        origins.append(together.argmin(axis=0))
        best = together.min(axis=0) + unary[:, beat]
    path = [int(best.argmin())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)
