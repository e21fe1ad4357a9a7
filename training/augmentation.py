"""Alters phrases while they are heard, so that a small data set holds more than it has.

Only what no tempo contradicts: notes of twice the length, for the grid knows bars and no seconds.
Phrases that start between the bars are not made: the networks count the steps from the bar line.
Where phrases stand in one key, some are moved by a few semitones, by `training.batches`.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_SEMITONES = 3  # further away it is another key rather than an inexact one

Kind = TypeVar("Kind", bound=np.generic)


def half_time(
    pitch: NDArray[np.int8],
    onset: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Finds what a phrase in half time is made of: one of its bars, every step twice.

    A bar serves in which a note of the melody starts and another track sounds.

    Args:
        pitch: `(n, time, track)`, the melody first; a phrase has two bars.
        onset: shaped like `pitch`.
        chosen: `(n,)`, which phrases to alter, if one of their bars serves.
        random: chooses between two bars.

    Returns:
        The steps `(n, time)` to take, for `at_steps`; and which phrases are altered, `(n,)`: of
        their onsets, those at odd steps are none.
    """
    n, time, tracks = pitch.shape
    bars = (n, 2, time // 2)
    starts = np.asarray(onset[..., 0].reshape(bars).any(axis=2))
    sounds = np.asarray((pitch[..., 1:] >= 0).reshape(*bars, tracks - 1).any(axis=(2, 3)))
    serves = starts & sounds
    thrown = random.integers(0, 2, n)
    bar = np.where(serves[np.arange(n), thrown], thrown, 1 - thrown)
    altered = chosen & np.asarray(serves.any(axis=1))
    steps = np.arange(time)
    doubled = bar[:, None] * (time // 2) + steps // 2
    return np.where(altered[:, None], doubled, steps), altered


def at_steps(array: NDArray[Kind], steps: NDArray[np.int64]) -> NDArray[Kind]:
    """Takes the steps `(n, time)` of `array` `(n, time, ...)`."""
    return np.take_along_axis(array, steps.reshape(*steps.shape, *(1,) * (array.ndim - 2)), axis=1)
