"""Batches of phrases, each made from nothing but the seed and the number of the iteration.

There is no iterator to save: a run that resumes at iteration 700 asks for the batches of iteration
700. Every epoch hears every phrase once, in an order of its own; no phrase is dropped, because the
last of one epoch share a batch with the first of the next.
"""

import numpy as np
from numpy.typing import NDArray

from music.keys import Key
from music.phrases import PhraseSet, in_range_transpositions, transpose, unpack_roll
from training.augmentation import MOST_SEMITONES, at_steps, half_time

Arrays = dict[str, NDArray[np.generic]]


def shifts_to_c(phrases: PhraseSet) -> NDArray[np.int64]:
    """Semitones `(n,)`, -5..6, that bring each phrase to C major or A minor."""
    keys = zip(phrases.tonic.tolist(), phrases.mode.tolist(), strict=True)
    return np.array([Key(tonic, mode).shift_to_c for tonic, mode in keys], dtype=np.int64)


def melody_first(
    phrases: PhraseSet, condition_track: int
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Pitch and onset `(n, time, track)` with `condition_track` moved to the front."""
    tracks = phrases.pitch.shape[-1]
    order = [condition_track, *(track for track in range(tracks) if track != condition_track)]
    return phrases.pitch[..., order], phrases.onset[..., order]


def roll_melody_first(roll: NDArray[np.uint8], condition_track: int) -> NDArray[np.uint8]:
    """Packed rolls `(n, time, track, 16)` with `condition_track` moved to the front."""
    others = [track for track in range(roll.shape[2]) if track != condition_track]
    return roll[:, :, [condition_track, *others]]


def roll_extent(roll: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The lowest and the highest pitch of each track, `(n, 2, track)`, -1 where it rests."""
    heard = unpack_roll(np.bitwise_or.reduce(roll, axis=1))
    ends = [heard.argmax(axis=1), 127 - heard[:, ::-1].argmax(axis=1)]
    sounds = np.asarray(heard.any(axis=1))[:, None]
    return np.where(sounds, np.stack(ends, axis=1), -1).astype(np.int8)


def line_extent(pitch: NDArray[np.int8]) -> NDArray[np.int8]:
    """The lowest and the highest pitch of each line, `(n, 2, track)`, -1 where it rests."""
    highest = pitch.max(axis=1)
    lowest = np.where(pitch < 0, 127, pitch).min(axis=1)
    return np.stack([np.where(highest < 0, highest, lowest), highest], axis=1).astype(np.int8)


def extents(phrases: PhraseSet, condition_track: int) -> NDArray[np.int8]:
    """The lowest and the highest pitch of each phrase's tracks, `(n, 2, track)`, melody first."""
    found = [np.empty((0, 2, phrases.shape[-1]), np.int8)]
    for some in phrases.chunks():
        if some.roll is None:
            found.append(line_extent(melody_first(some, condition_track)[0]))
        else:
            found.append(roll_extent(roll_melody_first(some.roll, condition_track)))
    return np.concatenate(found)


def _room(ranges: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How far down and up each phrase may go within the ranges of the tracks in all of them."""
    lowest = np.where(ranges < 0, 127, ranges).min(axis=(0, 1))
    low, high = in_range_transpositions(ranges, lowest, ranges.max(axis=(0, 1)))
    return np.minimum(low, 0), np.maximum(high, 0)


def transposed_roll(roll: NDArray[np.bool_], semitones: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Shifts rolls `(n, time, 128, track)` that have room for it by their `semitones` `(n,)`."""
    moved = np.empty_like(roll)  # in memory, too, it is laid out as the other
    for to, of, shift in zip(moved, roll, (semitones % 128).tolist(), strict=True):
        to[:, shift:], to[:, :shift] = of[:, : 128 - shift], of[:, 128 - shift :]
    return moved


class Batches:
    """The training data as `(updates, batch_size, time, track)` arrays.

    Args:
        phrases: what to train on, at least one phrase.
        seed: of the order and the transpositions.
        batch_size: phrases in a batch.
        updates: batches in an iteration.
        condition_track: the track that becomes track 0, the melody.
        tonic_normalized: bring every phrase to C major or A minor; otherwise every visit
            transposes a phrase at random within the ranges of the tracks.
        augmentation: the share of the phrases that are altered while they are heard: in half time,
            or, of those in C or A minor, every other one by up to 3 semitones within the ranges.
    """

    def __init__(
        self,
        phrases: PhraseSet,
        *,
        seed: int,
        batch_size: int,
        updates: int,
        condition_track: int,
        tonic_normalized: bool,
        augmentation: float = 0.0,
    ) -> None:
        self.phrases = phrases
        self.condition_track = condition_track
        self.seed = seed
        self.batch_size = batch_size
        self.updates = updates
        self.augmentation = augmentation
        count, ranges = len(phrases), extents(phrases, condition_track)
        self._home = shifts_to_c(phrases) if tonic_normalized else np.zeros(count, np.int64)
        self._low, self._high = _room(transpose(ranges, self._home))
        self._tonic_normalized = tonic_normalized
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def at(self, iteration: int) -> Arrays:
        """The batches of one iteration, counted from 0: `pitch` int8 and `onset` bool.

        Of music with chords also `roll`, bool `(updates, batch_size, time, 128, track)`, in which
        track 0 is the line on top of the melody, as it is when the generator accompanies.
        """
        index = self.index(iteration)
        some = self.phrases.take(index)
        pitch, onset = melody_first(some, self.condition_track)
        roll = None if some.roll is None else roll_melody_first(some.roll, self.condition_track)
        altered, jitter = self._altered(iteration, index)
        if altered.any():
            steps, altered = half_time(pitch, onset, altered, self._random("half time", iteration))
            pitch, onset = at_steps(pitch, steps), at_steps(onset, steps)
            onset[altered, 1::2] = False
            roll = None if roll is None else at_steps(roll, steps)
        shift = self._home[index] + jitter
        pitch = transpose(pitch, shift)
        arrays: Arrays = {"pitch": pitch, "onset": onset}
        if roll is not None:
            arrays["roll"] = transposed_roll(unpack_roll(roll), shift)
            arrays["roll"][..., 0] = pitch[..., :1] == np.arange(128)
        lead = (self.updates, self.batch_size)
        return {name: array.reshape(*lead, *array.shape[1:]) for name, array in arrays.items()}

    def index(self, iteration: int) -> NDArray[np.int64]:
        """The numbers of the phrases that are heard in an iteration, in their order."""
        size = self.batch_size * self.updates
        visits = iteration * size + np.arange(size)
        epochs, places = np.divmod(visits, len(self.phrases))
        index = np.empty(size, np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            index[here] = self._permutation(int(epoch))[places[here]]
        return index

    def _altered(
        self, iteration: int, index: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which phrases to play in half time, and by how many semitones to move each."""
        low, high = self._low[index], self._high[index]
        random = self._random("augmentation", iteration)
        altered = random.random(len(index)) < self.augmentation
        if not self._tonic_normalized:
            return altered, self._random("shift", iteration).integers(low, high + 1)
        slow = random.random(len(index)) < 0.5
        low, high = np.maximum(low, -MOST_SEMITONES), np.minimum(high, MOST_SEMITONES)
        jitter = np.where(altered & ~slow, random.integers(low, high + 1), 0)
        return altered & slow, jitter

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        if self._order[0] != epoch:
            self._order = (epoch, self._random("order", epoch).permutation(len(self.phrases)))
        return self._order[1]

    def _random(self, purpose: str, number: int) -> np.random.Generator:
        """A generator of its own for every purpose and number."""
        words = [self.seed, *purpose.encode(), number]
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
