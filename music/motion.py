"""How voices move: notes, rhythm, melodic steps, parallels, crossings, spacing.

Functions take voices `(n, time, voice)`, MIDI pitches or -1. Notes are read as *held*: a note
starts where the pitch changes, so that outputs with and without onsets are measured alike.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from music.harmony import Floats, Pitches, Rate, beat_slices, rate

LENGTH_CLASSES = 12
# The shortest length of each class in steps: every length up to half a bar, then coarser.
_SHORTEST = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16])
_OCTAVE = 12
_WIDEST_STEP = 2  # semitones: a whole tone


@dataclass(frozen=True, eq=False)
class NoteList:
    """Held notes in order of phrase, voice and time; arrays `(notes,)` but for `phrases`.

    Attributes:
        phrases: how many phrases there are.
        phrase: the index of the note's phrase.
        pitch: its MIDI pitch.
        length: its length in steps, up to the end of the phrase.
        followed: whether the next note in the list is the next one of the same voice and phrase.
    """

    phrases: int
    phrase: NDArray[np.int64]
    pitch: NDArray[np.int64]
    length: NDArray[np.int64]
    followed: NDArray[np.bool_]


def note_list(pitch: Pitches) -> NoteList:
    """Lists the held notes of voices `(n, time, voice)`."""
    n, steps, voices = pitch.shape
    lines = np.ascontiguousarray(pitch.transpose(0, 2, 1)).reshape(n * voices, steps)
    changes = np.ones(lines.shape, np.bool_)
    changes[:, 1:] = lines[:, 1:] != lines[:, :-1]
    line, start = np.nonzero(changes)
    end = np.append(start[1:], steps)
    end[np.append(line[1:] != line[:-1], True)[: len(end)]] = steps
    sounding = lines[line, start] >= 0
    line, start, end = line[sounding], start[sounding], end[sounding]
    return NoteList(
        phrases=n,
        phrase=line // voices,
        pitch=lines[line, start].astype(np.int64),
        length=end - start,
        followed=np.append(line[1:] == line[:-1], False)[: len(line)],
    )


def note_counts(notes: NoteList) -> Floats:
    """Counts the notes of each phrase, `(n,)`."""
    return np.bincount(notes.phrase, minlength=notes.phrases).astype(float)


def qualified_notes(notes: NoteList) -> Rate:
    """Notes of at least an eighth, two steps."""
    long = np.bincount(notes.phrase, weights=notes.length >= 2, minlength=notes.phrases)
    return Rate(np.asarray(long, float), note_counts(notes))


def length_histogram(notes: NoteList) -> Floats:
    """Shares of the 12 length classes among the notes of each phrase, `(n, 12)`."""
    return _shares(notes.phrase, _length_class(notes), notes.phrases, LENGTH_CLASSES)


def length_transitions(notes: NoteList) -> Floats:
    """Shares of the length classes of successive notes of a voice, `(n, 144)`."""
    return _transitions(notes, _length_class(notes), LENGTH_CLASSES)


def pitch_class_transitions(notes: NoteList, tonic: Pitches) -> Floats:
    """Shares of the pitch classes, from the tonic `(n,)`, of successive notes, `(n, 144)`."""
    return _transitions(notes, (notes.pitch - tonic[notes.phrase]) % 12, 12)


def steps_of_moves(pitch: Pitches) -> Rate:
    """Of the changes from pitch to pitch in any voice, those by a semitone or a whole tone."""
    size, moves = _moves(pitch)
    return rate(moves & (size <= _WIDEST_STEP), moves)


def mean_move(pitch: Pitches) -> Rate:
    """Mean size in semitones of the changes from pitch to pitch."""
    size, moves = _moves(pitch)
    return rate(size * moves, moves)


def odd_changes(pitch: Pitches) -> NDArray[np.bool_]:
    """Finds the phrases `(n,)` in which a voice changes on an odd sixteenth."""
    return np.asarray((pitch[:, 1::2] != pitch[:, 0::2]).any(axis=(1, 2)))


def mean_range(pitch: Pitches) -> Floats:
    """Highest minus lowest pitch in semitones, averaged over the voices, `(n,)`."""
    high = pitch.max(axis=1).astype(float)
    low = np.where(pitch >= 0, pitch, 127).min(axis=1).astype(float)
    return np.asarray(np.where(high >= 0, high - low, 0).mean(axis=1))


def pitches_per_voice(pitch: Pitches) -> Floats:
    """Counts distinct pitches, averaged over the voices, `(n,)`."""
    n, _, voices = pitch.shape
    used = np.zeros((n, voices, 129), np.bool_)  # rests go to the last column
    column = np.where(pitch < 0, 128, pitch.astype(np.int64))
    used[np.arange(n)[:, None, None], np.arange(voices), column] = True
    return np.asarray(used[..., :128].sum(axis=2).mean(axis=1))


def inter_onset(pitch: Pitches) -> Floats:
    """Mean distance in steps between the onsets of all voices together, `(n,)`.

    A phrase with less than two onsets has the distance of its length.
    """
    n, steps, _ = pitch.shape
    onset = pitch >= 0
    onset[:, 1:] &= pitch[:, 1:] != pitch[:, :-1]
    some = np.asarray(onset.any(axis=2))
    count = some.sum(axis=1)
    first, last = some.argmax(axis=1), steps - 1 - some[:, ::-1].argmax(axis=1)
    span = (last - first).astype(float)
    return np.divide(span, count - 1, out=np.full(n, float(steps)), where=count > 1)


def parallels(pitch: Pitches) -> Rate:
    """Parallel fifths, octaves and unisons of all pairs of voices, per beat transition.

    A pair is parallel if both voices move in the same direction from one beat to the next and
    keep the same of these intervals. With many pairs the rate may exceed 1.
    """
    slices = beat_slices(pitch).astype(np.int64)
    before, after = slices[:, :-1], slices[:, 1:]
    sounding = (before >= 0) & (after >= 0)
    found = np.zeros(before.shape[:2])
    for one, two in combinations(range(pitch.shape[2]), 2):
        interval = (before[..., one] - before[..., two]) % _OCTAVE
        kept = interval == (after[..., one] - after[..., two]) % _OCTAVE
        move = after - before
        same_way = move[..., one] * move[..., two] > 0
        both = sounding[..., one] & sounding[..., two]
        found += both & kept & same_way & ((interval == 0) | (interval == 7))
    return rate(found, np.ones(found.shape))


def crossings(pitch: Pitches) -> Rate:
    """Steps at which a voice sounds higher than the one above it."""
    upper, lower = pitch[..., :-1], pitch[..., 1:]
    crossed = np.any((lower >= 0) & (upper >= 0) & (upper < lower), axis=-1, keepdims=True)
    return rate(crossed, np.ones(crossed.shape))


def wide_spacing(pitch: Pitches) -> Rate:
    """Steps with more than an octave between neighbours, the two lowest voices excepted."""
    upper, lower = pitch[..., :-2], pitch[..., 1:-1]
    wide = np.any((lower >= 0) & (upper - lower > _OCTAVE), axis=-1, keepdims=True)
    return rate(wide, np.ones(wide.shape))


def _moves(pitch: Pitches) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
    before, after = pitch[:, :-1], pitch[:, 1:]
    moves = (before >= 0) & (after >= 0) & (before != after)
    return np.abs(after.astype(np.int64) - before), moves


def _length_class(notes: NoteList) -> NDArray[np.int64]:
    return np.searchsorted(_SHORTEST, notes.length, side="right") - 1


def _transitions(notes: NoteList, kind: NDArray[np.int64], kinds: int) -> Floats:
    first = np.flatnonzero(notes.followed)
    pair = kind[first] * kinds + kind[first + 1]
    return _shares(notes.phrase[first], pair, notes.phrases, kinds * kinds)


def _shares(phrase: NDArray[np.int64], kind: NDArray[np.int64], phrases: int, kinds: int) -> Floats:
    cells = np.bincount(phrase * kinds + kind, minlength=phrases * kinds)
    counts = cells.reshape(phrases, kinds).astype(float)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
