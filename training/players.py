"""What can be listened to: a generator in training, or an exported model read back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from music.manifest import Manifest
from music.rolls import PITCHES, voices_to_roll
from training.tensors import Tensor

BoolArray = NDArray[np.bool_]


class Player(Protocol):
    """Accompanies phrases.

    Attributes:
        tonic_normalized: wants melodies in C major or A minor, and answers there.
        noise_shape: of one draw.
    """

    @property
    def tonic_normalized(self) -> bool: ...  # noqa: D102 (said above)

    @property
    def noise_shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: NDArray[np.floating]
    ) -> tuple[BoolArray, BoolArray]:
        """Plays phrases.

        Args:
            pitch: melodies `(n, 32)`, MIDI numbers or -1.
            onset: `(n, 32)`, where their notes start.
            noise: `(n, *noise_shape)`.

        Returns:
            The accompaniment's roll and onsets, each `(n, 32, 128, tracks - 1)`. What sounds on
            the first step may have no onset there: it may be held over from before.
        """


class ExportedModel:
    """The SavedModel of a model folder, as TensorFlow Serving would play it.

    Args:
        folder: the model folder; it is held against its manifest.

    Raises:
        MusicError: if it is not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.manifest = Manifest.read(folder)
        self._loaded = tf.saved_model.load(str(folder / "1"))  # keeps the weights alive
        self._serve = self._loaded.signatures["serving_default"]

    @property
    def tonic_normalized(self) -> bool:
        """See `Player`."""
        return self.manifest.tonic_normalized

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """See `Player`."""
        return self.manifest.noise_shape

    def accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: NDArray[np.floating]
    ) -> tuple[BoolArray, BoolArray]:
        """See `Player`."""
        inputs = melody_inputs(self.manifest.architecture, pitch, onset)
        return read_answer(self._serve(noise=tf.constant(noise, tf.float32), **inputs))


def melody_inputs(
    architecture: str, pitch: NDArray[np.integer], onset: BoolArray
) -> dict[str, Tensor]:
    """The inputs of a served generator that hold the melody, by name."""
    if architecture == "unet":
        return {"roll": tf.one_hot(tf.constant(pitch, tf.int32), PITCHES)[..., tf.newaxis]}
    return {"pitch": tf.constant(pitch, tf.int32), "onset": tf.constant(onset, tf.float32)}


def read_answer(answer: Mapping[str, Tensor]) -> tuple[BoolArray, BoolArray]:
    """Roll and onsets of the accompaniment, see `Player.accompany`."""
    if "roll" not in answer:
        return voices_to_roll(answer["pitch"].numpy(), answer["onset"].numpy() > 0)
    roll = answer["roll"].numpy()[..., 1:] > 0  # track 0 is only a copy of the melody
    before = np.concatenate([roll[:, :1], roll[:, :-1]], axis=1)
    return roll, roll & ~before
