"""Pitches as the `voices` networks see them: one-hot over the range that the music uses."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from training.tensors import Tensor, last_axis_product


@dataclass(frozen=True)
class PitchSpace:
    """The range of pitches that the networks know.

    Attributes:
        lowest: MIDI number of the first pitch.
        size: how many semitones follow, the first included.
    """

    lowest: int
    size: int

    @classmethod
    def around(cls, pitch: np.ndarray) -> "PitchSpace":
        """Whole octaves around all pitches of `pitch`, any shape, -1 for rests."""
        sounding = pitch[pitch >= 0]
        lowest = max(int(sounding.min()) - 1, 0)
        octaves = -(-(int(sounding.max()) + 2 - lowest) // 12)
        return cls(lowest, 12 * octaves)

    def outside(self, pitch: np.ndarray) -> np.ndarray:
        """True for each pitch of the space that lies below or above all of `pitch`: `(size,)`."""
        sounding = pitch[pitch >= 0]
        here = np.arange(self.lowest, self.lowest + self.size)
        return (here < sounding.min(initial=127)) | (here > sounding.max(initial=0))

    def one_hot(self, pitch: Tensor) -> Tensor:
        """MIDI numbers `(...)` to float32 `(..., size)`; rests and foreign pitches are all zero."""
        return tf.one_hot(tf.cast(pitch, tf.int32) - self.lowest, self.size)

    def pitch(self, one_hot: Tensor) -> Tensor:
        """The strongest pitch of `(..., size)` as int32 MIDI numbers `(...)`."""
        return tf.argmax(one_hot, axis=-1, output_type=tf.int32) + self.lowest

    def chroma(self, one_hot: Tensor) -> Tensor:
        """Sums octaves: `(..., size)` to `(..., 12)`, C first."""
        classes = (np.arange(self.size) + self.lowest) % 12
        return last_axis_product(one_hot, np.eye(12, dtype=np.float32)[classes])


def straight_through(logits: Tensor) -> Tensor:
    """One-hot of the largest logit forwards, the gradient of the softmax backwards.

    References:
        Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons, 2013.
    """
    soft = tf.nn.softmax(logits)
    hard = tf.one_hot(tf.argmax(logits, axis=-1), logits.shape[-1])
    return soft + tf.stop_gradient(hard - soft)
