"""What an ear hears in a choir besides its pitches: chroma, onsets, intervals, moves, parallels.

Some of these views are close to the metrics of the quality report; none of the metrics is a loss.

How much of one row lies each distance above another is a sum of products. Taken distance by
distance, these sums and their gradients were half of all that an iteration took. They are a
correlation, so that waves of both rows need one product a wave for all distances together, and
what comes before and after are matrix products.
"""

from itertools import combinations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.pitches import PitchSpace
from training.tensors import Tensor, last_axis_product

CLASSES = 12
LARGEST_MOVE = 7
BEAT = 4
FIFTH = 7


class Distances:
    """How much of one row lies each distance above another: `sum(low[p] * high[p + distance])`.

    Args:
        size: of the rows.
        first: the least distance.
        last: the largest.
        period: after how many places a row begins again; None if it ends.

    References:
        Oppenheim and Schafer, Discrete-Time Signal Processing, 2010, section 8.6: the Fourier
        transform of a circular correlation.
    """

    def __init__(self, size: int, first: int, last: int, *, period: int | None = None) -> None:
        length = period or size + max(-first, last)  # so long that no end meets the other
        place, distance = np.arange(size)[:, np.newaxis], np.arange(first, last + 1)
        lows: list[NDArray[np.float64]] = []
        highs: list[NDArray[np.float64]] = []
        outs: list[NDArray[np.float64]] = []
        for number in range(length // 2 + 1):
            turn = 2.0 * np.pi * number / length
            cos, sin = np.cos(turn * place), np.sin(turn * place)
            back, aside = np.cos(turn * distance) / length, np.sin(turn * distance) / length
            if number in (0, length / 2):
                lows.append(cos)
                highs.append(cos)
                outs.append(back)
            else:  # a complex product, and its conjugate's, by three real ones
                lows += [cos, sin, cos + sin]
                highs += [cos, sin, cos - sin]
                outs += [2.0 * (back + aside), 2.0 * (back - aside), -2.0 * aside]
        self._low, self._high = (np.hstack(waves).astype(np.float32) for waves in (lows, highs))
        self._out = np.vstack(outs).astype(np.float32)

    def low(self, rows: Tensor) -> Tensor:
        """Waves `(..., n)` of rows `(..., size)` from which distances are counted."""
        return last_axis_product(rows, self._low)

    def high(self, rows: Tensor) -> Tensor:
        """Waves `(..., n)` of rows `(..., size)` to which distances are counted."""
        return last_axis_product(rows, self._high)

    def between(self, low: Tensor, high: Tensor) -> Tensor:
        """Distances `(..., last - first + 1)` between rows that have these waves."""
        return last_axis_product(low * high, self._out)


class Views:
    """What the critic sees of a choir beside its pitches.

    Args:
        space: the pitches that it knows.
    """

    def __init__(self, space: PitchSpace) -> None:
        self._space = space
        self._moves = Distances(space.size, -LARGEST_MOVE, LARGEST_MOVE)
        self._intervals = Distances(CLASSES, 0, CLASSES - 1, period=CLASSES)

    def of(self, choir: Tensor) -> list[Tensor]:
        """Sees a choir `(batch, time, voice, pitches)`, one-hot or blended, the highest first.

        Returns:
            The views, each `(batch, time, n)`.
        """
        chroma = self._space.chroma(choir)
        intervals = self.intervals(chroma)
        by_step, by_beat = self.moves(choir)
        onsets = 1.0 - _unmoved(by_step) * _since(1, choir)
        left = (1.0 - _unmoved(by_beat)) * _since(BEAT, choir)
        return [
            _flat(chroma),
            tf.reduce_sum(chroma, axis=2),
            _flat(onsets),
            _flat(intervals),
            _flat(parallels(intervals, left)),
            _flat(by_step),
            _flat(by_beat),
        ]

    def moves(self, choir: Tensor) -> list[Tensor]:
        """How far each voice moves in a step and in a beat: `(batch, time, voice, 15)` each.

        At the first steps, before which nothing is known, each pitch is its own past.
        """
        before, now = self._moves.low(choir), self._moves.high(choir)
        return [self._moves.between(_delayed(before, lag), now) for lag in (1, BEAT)]

    def intervals(self, chroma: Tensor) -> Tensor:
        """How far, in pitch classes, each voice is above each lower one.

        Args:
            chroma: `(batch, time, voice, 12)`.

        Returns:
            `(batch, time, pair, 12)`, the pairs in the order of `pairs_of`.
        """
        lows, highs = self._intervals.low(chroma), self._intervals.high(chroma)
        pairs = pairs_of(lows, highs)
        return self._intervals.between(*pairs)


def pairs_of(lows: Tensor, highs: Tensor) -> tuple[Tensor, Tensor]:
    """Of `(batch, time, voice, n)`, the lower voice and the higher one of all pairs.

    Returns:
        Twice `(batch, time, pair, n)`: highest and second voice first, then highest and third, ...
    """
    low, high = tf.unstack(lows, axis=2), tf.unstack(highs, axis=2)
    numbers = list(combinations(range(len(low)), 2))
    return (
        tf.stack([low[number] for _, number in numbers], axis=2),
        tf.stack([high[number] for number, _ in numbers], axis=2),
    )


def parallels(intervals: Tensor, left: Tensor) -> Tensor:
    """Fifths and octaves that two voices keep from one beat to the next while both move.

    Args:
        intervals: of all pairs `(batch, time, pair, 12)`.
        left: `(batch, time, voice, 1)`, 1 where a voice is no more where it was a beat before.

    Returns:
        `(batch, time, pair, 2)`: unisons and octaves, then fifths.
    """
    octave, _, fifth, _ = tf.split(intervals, (1, FIFTH - 1, 1, CLASSES - FIFTH - 1), axis=-1)
    perfect = tf.concat([octave, fifth], axis=-1)
    lower, higher = pairs_of(left, left)
    return perfect * _delayed(perfect, BEAT) * lower * higher


def _unmoved(moves: Tensor) -> Tensor:
    """The middle of `(..., 15)`, `(..., 1)`."""
    return tf.split(moves, (LARGEST_MOVE, 1, LARGEST_MOVE), axis=-1)[1]


def _delayed(x: Tensor, steps: int) -> Tensor:
    """Everything some steps later; the first steps are there twice."""
    first, middle, _ = tf.split(x, (steps, x.shape[1] - 2 * steps, steps), axis=1)
    return tf.concat([first, first, middle], axis=1)


def _since(steps: int, x: Tensor) -> NDArray[np.float32]:
    """Along the time of `x`, 0 for some steps and then 1: `(1, time, 1, 1)`."""
    return (np.arange(x.shape[1]) >= steps).astype(np.float32)[
        np.newaxis, :, np.newaxis, np.newaxis
    ]


def _flat(x: Tensor) -> Tensor:
    """Joins the last two axes."""
    return tf.reshape(x, (-1, x.shape[1], x.shape[2] * x.shape[3]))
