"""Batches of phrases, each made from nothing but the seed and the number of the iteration.

There is no iterator to save: a run that resumes at iteration 700 asks for the batches of iteration
700. Every epoch hears every phrase once, in an order of its own; no phrase is dropped, because the
last of one epoch share a batch with the first of the next.
"""

import numpy as np
from numpy.typing import NDArray

from music.keys import Key
from music.phrases import PhraseSet, in_range_transpositions, transpose, unpack_roll

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


def _transposed_roll(roll: NDArray[np.bool_], semitones: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Shifts rolls `(n, time, 128, track)` that have room for it."""
    index = (np.arange(128) - semitones[:, None]) % 128
    return np.take_along_axis(roll, index[:, None, :, None], axis=2)


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
    ) -> None:
        pitch, self.onset = melody_first(phrases, condition_track)
        self.roll = (
            None if phrases.roll is None else roll_melody_first(phrases.roll, condition_track)
        )
        self.pitch = transpose(pitch, shifts_to_c(phrases)) if tonic_normalized else pitch
        self.seed = seed
        self.batch_size = batch_size
        self.updates = updates
        self._shifts = None if tonic_normalized else self._in_range()
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def at(self, iteration: int) -> Arrays:
        """The batches of one iteration, counted from 0: `pitch` int8 and `onset` bool.

        Of music with chords also `roll`, bool `(updates, batch_size, time, 128, track)`, in which
        track 0 is the line on top of the melody, as it is when the generator accompanies.
        """
        size = self.batch_size * self.updates
        visits = iteration * size + np.arange(size)
        epochs, places = np.divmod(visits, len(self.pitch))
        index = np.empty(size, np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            index[here] = self._permutation(int(epoch))[places[here]]
        pitch = self.pitch[index]
        shift = np.zeros(size, np.int64)
        if self._shifts is not None:
            low, high = (bound[index] for bound in self._shifts)
            shift = self._random("shift", iteration).integers(low, high + 1)
            pitch = transpose(pitch, shift)
        arrays: Arrays = {"pitch": pitch, "onset": self.onset[index]}
        if self.roll is not None:
            arrays["roll"] = _transposed_roll(unpack_roll(self.roll[index]), shift)
            arrays["roll"][..., 0] = pitch[..., :1] == np.arange(128)
        lead = (self.updates, self.batch_size)
        return {name: array.reshape(*lead, *array.shape[1:]) for name, array in arrays.items()}

    def _in_range(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        pitch = self.pitch if self.roll is None else roll_extent(self.roll)
        sounding = np.where(pitch < 0, 127, pitch)
        low, high = in_range_transpositions(
            pitch, sounding.min(axis=(0, 1)), pitch.max(axis=(0, 1))
        )
        return np.minimum(low, 0), np.maximum(high, 0)

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        if self._order[0] != epoch:
            self._order = (epoch, self._random("order", epoch).permutation(len(self.pitch)))
        return self._order[1]

    def _random(self, purpose: str, number: int) -> np.random.Generator:
        """A generator of its own for every purpose and number."""
        words = [self.seed, *purpose.encode(), number]
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
