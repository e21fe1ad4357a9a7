"""A few honest numbers about one arrangement; the quality report has the rest."""

from collections.abc import Sequence
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from music.keys import Key
from music.rolls import PITCHES

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10, 11)  # natural and harmonic minor together
CONSONANT_WITH_BASS = (0, 3, 4, 7, 8, 9)  # unison, thirds, fifth, sixths, in semitones

BoolArray = NDArray[np.bool_]


def measure(
    melody: NDArray[np.integer], roll: BoolArray, onset: BoolArray, keys: Sequence[Key], beat: int
) -> dict[str, float]:
    """Measures an accompaniment.

    Args:
        melody: the melody's pitch at each step, -1 for a rest, `(time,)`.
        roll: the accompaniment, `(time, 128, track)`.
        onset: where its notes start.
        keys: of the melody, one for each step.
        beat: steps a beat.

    Returns:
        `notes`, how many the accompaniment has; `in_scale`, the share of its sounding time that is
        in the scale of the key of its moment; `consonance`, the share of beats on which melody and
        lowest note form a unison, third, fifth or sixth, give or take octaves. A share of nothing
        is 0.
    """
    sounding = roll.sum(axis=2)
    runs = [(key, len(list(run))) for key, run in groupby(keys)]
    in_scale = np.repeat([_scale(key) for key, _ in runs], [steps for _, steps in runs], axis=0)
    anything = np.asarray(roll.any(axis=2))
    bass = anything.argmax(axis=1)
    both = (anything.any(axis=1) & (melody >= 0))[::beat]
    consonant = np.isin((melody - bass)[::beat] % 12, CONSONANT_WITH_BASS)
    return {
        "notes": float(np.count_nonzero(onset)),
        "in_scale": _share(sounding[in_scale].sum(), sounding.sum()),
        "consonance": _share(np.count_nonzero(consonant & both), np.count_nonzero(both)),
    }


@cache
def _scale(key: Key) -> BoolArray:
    """Which of the 128 pitches are in the scale, `(128,)`."""
    steps = MAJOR_SCALE if key.mode == "major" else MINOR_SCALE
    return np.isin((np.arange(PITCHES) - key.tonic) % 12, steps)


def _share(part: np.integer | int, whole: np.integer | int) -> float:
    return round(float(part / whole), 4) if whole else 0.0
