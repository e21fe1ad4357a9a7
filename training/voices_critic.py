"""The `voices` critic: scores an accompaniment beside its melody.

Besides the one-hot voices it sees what an ear hears in them: chroma, onsets, the intervals between
voices and the intervals that each voice moves by. Some of these views are close to the metrics of
the quality report; none of the metrics is a loss.
"""

from itertools import combinations

import keras
import numpy as np
import tensorflow as tf

from training.layers import Residual, convolution, leaky
from training.pitches import PitchSpace
from training.tensors import Tensor
from training.voices_generator import VOICES, positions

LARGEST_MOVE = 7
BEAT = 4
LAGS = (1, BEAT)
PERFECT = (0, 7)


def moves(voice: Tensor, lag: int) -> Tensor:
    """How far each voice moves within `lag` steps: `(..., 32, pitches)` to `(..., 32, 15)`."""
    before = tf.concat([voice[..., :lag, :], voice[..., :-lag, :]], axis=-2)
    size = voice.shape[-1]
    parts = []
    for move in range(-LARGEST_MOVE, LARGEST_MOVE + 1):
        low, high = max(move, 0), size + min(move, 0)
        pair = voice[..., low:high] * before[..., low - move : high - move]
        parts.append(tf.reduce_sum(pair, axis=-1))
    return tf.stack(parts, axis=-1)


def interval_classes(low: Tensor, high: Tensor) -> Tensor:
    """Pitch-class distances from `low` up to `high`: two chroma `(..., 12)` to `(..., 12)`."""
    index = (np.arange(12)[:, None] + np.arange(12)[None, :]) % 12
    rotated = tf.gather(high, index, axis=-1)  # (..., distance, class)
    return tf.linalg.matvec(rotated, low)


def parallels(low: Tensor, high: Tensor, moved: Tensor) -> Tensor:
    """Fifths and octaves that two voices keep from one beat to the next while both move.

    Args:
        low: chroma of one voice `(batch, 32, 12)`.
        high: of the other.
        moved: `(batch, 32)`, 1 where both voices have left their pitches of one beat before.

    Returns:
        `(batch, 32, 2)`: unisons and octaves, then fifths.
    """
    perfect = tf.gather(interval_classes(low, high), PERFECT, axis=-1)
    before = tf.concat([tf.zeros_like(perfect[:, :BEAT]), perfect[:, :-BEAT]], axis=1)
    return perfect * before * moved[..., tf.newaxis]


class VoicesCritic(keras.Model):
    """Scores rolls of four voices, one-hot; no normalisation, so that gradients stay per phrase."""

    def __init__(self, space: PitchSpace, width: int = 96) -> None:
        super().__init__(name="critic")
        self.space = space
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
        fine = self.fine(leaky(self.stem(self._views(melody, voices))))
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

    def _views(self, melody: Tensor, voices: Tensor) -> Tensor:
        """All that the critic sees: `(batch, 32, views)`."""
        batch = tf.shape(melody)[0]
        choir = tf.concat([melody[:, :, tf.newaxis], voices], axis=2)
        chroma = self.space.chroma(choir)
        lines = tf.transpose(choir, (0, 2, 1, 3))
        held = tf.reduce_sum(choir[:, 1:] * choir[:, :-1], axis=-1)
        onsets = tf.concat([tf.ones_like(held[:, :1]), 1.0 - held], axis=1)
        pairs = list(combinations(range(1 + VOICES), 2))
        stayed = tf.reduce_sum(choir[:, BEAT:] * choir[:, :-BEAT], axis=-1)
        left = tf.concat([tf.zeros_like(stayed[:, :BEAT]), 1.0 - stayed], axis=1)
        views = [
            _flat(choir),
            positions(batch, melody.shape[1]),
            _flat(chroma),
            tf.reduce_sum(chroma, axis=2),
            onsets,
            *(interval_classes(chroma[:, :, low], chroma[:, :, high]) for high, low in pairs),
            *(
                parallels(chroma[:, :, low], chroma[:, :, high], left[:, :, low] * left[:, :, high])
                for high, low in pairs
            ),
            *(_flat(tf.transpose(moves(lines, lag), (0, 2, 1, 3))) for lag in LAGS),
        ]
        return tf.concat(views, axis=-1)


def _flat(x: Tensor) -> Tensor:
    """Joins the last two axes."""
    return tf.reshape(x, (-1, x.shape[1], x.shape[2] * x.shape[3]))


def _deviation(x: Tensor, groups: int) -> Tensor:
    """One number a group: how much its members differ, `(batch, 1)`.

    References:
        Karras et al., Progressive Growing of GANs, 2018, section 3.
    """
    parts = tf.reshape(x, (groups, -1, x.shape[-1]))
    spread = tf.sqrt(tf.math.reduce_variance(parts, axis=1) + 1e-8)
    mean = tf.reduce_mean(spread, axis=-1, keepdims=True)
    return tf.repeat(mean, tf.shape(parts)[1], axis=0)
