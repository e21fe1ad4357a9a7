"""Where a generator comes from: the music as it heard it, and what the manifest tells of it."""

import numpy as np
from numpy.typing import NDArray

from music.phrases import PhraseSet, transpose
from training.batches import melody_first, shifts_to_c
from training.export import Origin
from training.gan import Gan
from training.hyperparameters import Hyperparameters
from training.samples import track_names


def heard_pitches(phrases: PhraseSet, values: Hyperparameters, gan: type[Gan]) -> NDArray[np.int8]:
    """The pitches of a data set as the generator meets them, the melody first."""
    pitch, _ = melody_first(phrases, values.condition_track)
    return transpose(pitch, shifts_to_c(phrases)) if gan.tonic_normalized else pitch


def origin_of(values: Hyperparameters, phrases: PhraseSet, gan: Gan) -> Origin:
    """Gathers for the manifest what a generator was made from."""
    heard = heard_pitches(phrases.part("train"), values, type(gan))[..., 0]
    sounding = heard[heard >= 0]
    return Origin(
        hyperparameters=values,
        tracks=track_names(phrases, values.condition_track),
        steps_per_beat=phrases.steps_per_beat,
        melody_range=_an_octave_at_least(int(sounding.min()), int(sounding.max())),
        dataset={
            "fingerprint": phrases.fingerprint,
            "name": phrases.header.get("name", ""),
            "phrases": {split: len(phrases.part(split)) for split in ("train", "valid", "test")},
        },
    )


def _an_octave_at_least(low: int, high: int) -> tuple[int, int]:
    """Widens a range so that every pitch class lies in it, as the arranger needs."""
    missing = max(0, 11 - (high - low))
    low = min(max(0, low - missing // 2), 127 - 11)
    return low, max(high, low + 11)
