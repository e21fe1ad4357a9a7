"""The `voices` critic: scores an accompaniment beside its melody.

Besides the one-hot voices it sees what an ear hears in them, see `training.voices_views`.
"""

import keras
import tensorflow as tf

from training.layers import Residual, convolution, leaky
from training.pitches import PitchSpace
from training.tensors import Tensor
from training.voices_generator import positions
from training.voices_views import Views


class VoicesCritic(keras.Model):
    """Scores rolls of four voices, one-hot; no normalisation, so that gradients stay per phrase."""

    def __init__(self, space: PitchSpace, width: int = 96) -> None:
        super().__init__(name="critic")
        self.space = space
        self.views = Views(space)
        self.stem = keras.layers.Dense(width, kernel_initializer="he_normal")
        self.fine = Residual(width, 5, normalised=False)
        self.down = [convolution(width, 4, strides=2) for _ in range(3)]
        self.blocks = [Residual(width, 3, normalised=False) for _ in range(2)]
        self.hidden = keras.layers.Dense(width, kernel_initializer="he_normal")
        self.score = keras.layers.Dense(1)
        self.fine_score = keras.layers.Dense(1)
        self.beat_score = keras.layers.Dense(1)

    def call(self, melody: Tensor, voices: Tensor, *, groups: int = 1) -> Tensor:
        """Scores a batch.

        Args:
            melody: one-hot `(batch, 32, pitches)`.
            voices: one-hot or blended `(batch, 32, 3, pitches)`.
            groups: how many equal parts of the batch come from sources of their own; the
                deviation within the batch is taken within each.

        Returns:
            Scores `(batch,)`.
        """
        fine = self.fine(leaky(self.stem(self._seen(melody, voices))))
        x = leaky(self.down[0](leaky(fine)))
        x = self.blocks[0](x)
        x = leaky(self.down[1](leaky(x)))
        beat = self.blocks[1](x)
        x = leaky(self.down[2](leaky(beat)))
        x = tf.reshape(x, (-1, melody.shape[1] // 8 * x.shape[-1]))
        x = leaky(self.hidden(tf.concat([x, _deviation(x, groups)], axis=-1)))
        means = tf.reduce_mean(self.fine_score(leaky(fine)), axis=1) + tf.reduce_mean(
            self.beat_score(leaky(beat)), axis=1
        )
        return (self.score(x) + means)[:, 0]

    def _seen(self, melody: Tensor, voices: Tensor) -> Tensor:
        """All that the critic sees: `(batch, 32, n)`."""
        choir = tf.concat([melody[:, :, tf.newaxis], voices], axis=2)
        batch, steps = tf.shape(melody)[0], melody.shape[1]
        pitches = tf.reshape(choir, (batch, steps, choir.shape[2] * choir.shape[3]))
        return tf.concat([pitches, positions(batch, steps), *self.views.of(choir)], axis=-1)


def _deviation(x: Tensor, groups: int) -> Tensor:
    """One number a group: how much its members differ, `(batch, 1)`.

    References:
        Karras et al., Progressive Growing of GANs, 2018, section 3.
    """
    parts = tf.reshape(x, (groups, -1, x.shape[-1]))
    spread = tf.sqrt(tf.math.reduce_variance(parts, axis=1) + 1e-8)
    mean = tf.reduce_mean(spread, axis=-1, keepdims=True)
    return tf.repeat(mean, tf.shape(parts)[1], axis=0)
