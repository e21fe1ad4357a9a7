"""The metrics that DeepComposer shows while it trains, corrected, and a companion.

They describe piano rolls, bool `(n, time, 128, track)`, track by track; how good an accompaniment
is they do not say (`music.evaluation` does). Published code differs:

* its "empty bar rate" is the rate of bars that are *not* empty (1 for music, 0 for silence);
* its "unique pitch count" is the norm of a mean histogram, no count;
* its "in-scale rate" folds 84 pitches into 7 groups of 12 neighbours, not into pitch classes, so
  that a C major scale has .625 and a lone C sharp 1. So do MuseGAN's `to_chroma` and
  pypianoroll 1.0.4, whose metrics are not used here for that reason.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.keys import HARMONIC_MINOR, MAJOR, Key
from music.rolls import check_shape

Roll = NDArray[np.bool_]
Floats = NDArray[np.float64]

C_MAJOR = Key(0, "major")


def empty_bar_rate(roll: Roll, steps_per_bar: int = 16) -> Floats:
    """Returns the share of bars in which a track is silent, `(track,)`.

    Raises:
        MusicError: `wrong_shape` if the time is not a whole number of bars.
    """
    n, steps, tracks = _shape(roll)
    if steps % steps_per_bar:
        raise MusicError(
            "wrong_shape",
            f"{steps} steps are no whole number of bars of {steps_per_bar} steps.",
            "Cut the roll at a bar line or give another `steps_per_bar`.",
        )
    bars = roll.reshape(n * (steps // steps_per_bar), -1, tracks)
    return np.asarray(1.0 - bars.any(axis=1).mean(axis=0))


def pitches_used(roll: Roll) -> Floats:
    """Returns how many different pitches a track plays in a phrase on average, `(track,)`."""
    _shape(roll)
    return np.asarray(roll.any(axis=1).sum(axis=1).mean(axis=0))


def in_scale_rate(roll: Roll, keys: Sequence[Key] | None = None) -> Floats:
    """Returns the share of sounding cells inside the scale, `(track,)`; 0 for a silent track.

    Args:
        roll: `(n, time, 128, track)`.
        keys: the key of each phrase, `n` of them; C major for all by default, as DeepComposer has
            it. The scales are major and harmonic minor.
    """
    n, _, _ = _shape(roll)
    known = [C_MAJOR] * n if keys is None else list(keys)
    if len(known) != n:
        raise MusicError(
            "wrong_shape", f"{len(known)} keys were given for {n} phrases.", "Give one for each."
        )
    scales = np.stack([np.roll(_SCALE[key.mode], key.tonic) for key in known])
    cells = roll.sum(axis=1).astype(float)  # (n, 128, track)
    inside = cells * scales[:, np.arange(128) % 12, None]
    return np.asarray(inside.sum(axis=(0, 1)) / np.maximum(cells.sum(axis=(0, 1)), 1))


def polyphonic_rate(roll: Roll, threshold: int = 2) -> Floats:
    """Returns the share of steps at which a track sounds `threshold` pitches or more, `(track,)`.

    Published code calls every step polyphonic if its silence is -1 instead of 0.
    """
    _shape(roll)
    return np.asarray((roll.sum(axis=2) >= threshold).mean(axis=(0, 1)))


_SCALE = {"major": MAJOR, "minor": HARMONIC_MINOR}


def _shape(roll: Roll) -> tuple[int, int, int]:
    """Checks a roll and returns its phrases, steps and tracks."""
    check_shape("roll", roll, (None, None, 128, None))
    if roll.dtype != np.bool_:
        raise MusicError(
            "wrong_type",
            f"`roll` must be bool; received {roll.dtype}.",
            "Compare it with the threshold of its values, e.g. `roll > 0`.",
        )
    n, steps, _, tracks = roll.shape
    return n, steps, tracks
