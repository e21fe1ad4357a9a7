"""A generator as it plays at one moment, whatever the training does meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.players import BoolArray, melody_inputs, read_answer
from training.tensors import Tensor

AT_ONCE = 128  # phrases: more would be no faster, and take memory beside the training


@dataclass(frozen=True)
class Snapshot:
    """A `training.players.Player` with weights of its own; any thread may listen to it.

    Attributes:
        weights: of all variables that the generator plays with, in their order.
        answer: the generator: what it plays with given weights to inputs by name.
        architecture: of the generator.
        tonic_normalized: see `Player`.
        noise_shape: see `Player`.
    """

    weights: tuple[Tensor, ...]
    answer: Callable[[Sequence[Tensor], dict[str, Tensor]], dict[str, Tensor]]
    architecture: str
    tonic_normalized: bool
    noise_shape: tuple[int, ...]

    def accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: NDArray[np.floating]
    ) -> tuple[BoolArray, BoolArray]:
        """See `Player`."""
        parts = [slice(first, first + AT_ONCE) for first in range(0, len(pitch), AT_ONCE)]
        answers = [self._accompany(pitch[part], onset[part], noise[part]) for part in parts]
        rolls, onsets = zip(*answers, strict=True)
        return np.concatenate(rolls), np.concatenate(onsets)

    def _accompany(
        self, pitch: NDArray[np.integer], onset: BoolArray, noise: NDArray[np.floating]
    ) -> tuple[BoolArray, BoolArray]:
        inputs = melody_inputs(self.architecture, pitch, onset)
        inputs["noise"] = tf.constant(noise, tf.float32)
        return read_answer(self.answer(self.weights, inputs))
