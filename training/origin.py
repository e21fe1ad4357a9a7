"""Where a generator comes from: the music as it heard it, and what the manifest tells of it."""

import numpy as np
from numpy.typing import NDArray

from music.phrases import PhraseSet, transpose
from training.batches import line_extent, melody_first, shifts_to_c
from training.export import Origin
from training.gan import Gan
from training.hyperparameters import Hyperparameters
from training.samples import track_names


def heard_ranges(phrases: PhraseSet, values: Hyperparameters, gan: type[Gan]) -> NDArray[np.int8]:
    """The lowest and the highest pitch of each phrase's lines as the generator meets them.

    Returns:
        `(n, 2, track)`, the melody first, -1 where a line rests throughout.
    """
    found = [
        line_extent(melody_first(some, values.condition_track)[0]) for some in phrases.chunks()
    ]
    ranges = np.concatenate(found)
    return transpose(ranges, shifts_to_c(phrases)) if gan.tonic_normalized else ranges


def origin_of(values: Hyperparameters, phrases: PhraseSet, gan: Gan) -> Origin:
    """Gathers for the manifest what a generator was made from."""
    heard = heard_ranges(phrases.part("train"), values, type(gan))[..., 0]
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
