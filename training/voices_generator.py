"""The `voices` generator: a melody and noise in, bass, tenor and alto out, one pitch a step each.

A U-Net over time gives features for every beat and eighth. Three heads then choose the voices from
the bass upwards, each seeing the melody and the voices below it. A head chooses one pitch for every
eighth; on the sixteenth after it the pitch is held, or left for an ornament as often as the
likelihood says: a part of the noise throws the dice. The critic's gradient passes over ornaments.
Chosen by the largest logit and trained against the critic, they came three times as often as in
Bach, or hardly ever.

In training each eighth is chosen by itself; in music that is played, those of a voice together.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.layers import Residual, convolution, leaky, normalise, pool, upsample
from training.pitches import PitchSpace, straight_through
from training.tensors import Tensor
from training.voice_leading import INTERVALS, best_path

STEPS = 32  # of a phrase, where nothing else is said; others are whole bars, too
STEPS_PER_BEAT = 4
STEPS_PER_BAR = 16
GLOBAL_NOISE = 16
BEAT_NOISE = 8
VOICES = 3
FORBIDDEN = 1e4  # logits that no other pitch comes near
NORMAL_TO_UNIFORM = 1.702  # a logistic curve this steep is the normal distribution within 0.01


class Accompaniment(NamedTuple):
    """What the generator says: per voice, alto first.

    Attributes:
        choice: one-hot float32 `(batch, 32, 3, pitches)`; gradients go straight through to the
            eighths.
        logits: float32 `(batch, 32, 3, pitches)`.
        repeat: float32 `(batch, 32, 3)`, positive where a held pitch is struck again.
    """

    choice: Tensor
    logits: Tensor
    repeat: Tensor


def latent_size(steps: int) -> int:
    """How much of the noise a phrase of so many steps has without the dice."""
    return GLOBAL_NOISE + steps // STEPS_PER_BEAT * BEAT_NOISE


def noise_size(steps: int) -> int:
    """How much noise a phrase of so many steps has."""
    return latent_size(steps) + VOICES * steps // 2


def positions(batch: Tensor, steps: int) -> Tensor:
    """Where each step stands in bar and phrase: `(batch, steps, 16 + bars)`, one-hot."""
    step = tf.one_hot(tf.range(steps) % STEPS_PER_BAR, STEPS_PER_BAR)
    bar = tf.one_hot(tf.range(steps) // STEPS_PER_BAR, steps // STEPS_PER_BAR)
    return tf.repeat(tf.concat([step, bar], axis=-1)[tf.newaxis], batch, axis=0)


class VoiceHead(keras.Layer):
    """Chooses one voice, from coarse to fine: beats, eighths, then ornaments between eighths."""

    def __init__(self, space: PitchSpace, outside: NDArray[np.bool_], width: int) -> None:
        super().__init__()
        self.space = space
        self.forbidden = np.where(outside, FORBIDDEN, 0.0).astype(np.float32)
        self.beat_in = convolution(width, 3)
        self.beat_block = Residual(width, 3, normalised=True)
        self.beat_out = convolution(space.size, 1)
        self.eighth_in = convolution(width, 3)
        self.eighth_block = Residual(width, 3, normalised=True)
        self.eighth_out = convolution(space.size, 1, gain=0.5)
        self.ornament_in = convolution(width, 3)
        self.ornament_out = convolution(space.size, 1, gain=0.1)
        self.hold = self.add_weight(shape=(), initializer=keras.initializers.Constant(4.0))
        self.repeat_out = convolution(2, 1, gain=0.1)
        self.intervals = self.add_weight(
            shape=(INTERVALS,), initializer="zeros", trainable=False, name="intervals"
        )

    def call(
        self,
        beat: Tensor,
        eighth: Tensor,
        heard: Tensor,
        truth: Tensor,
        follow: Tensor,
        dice: Tensor,
        *,
        together: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Chooses a pitch for every step.

        Args:
            beat: features `(batch, 8, width)`.
            eighth: features `(batch, 16, width)`.
            heard: melody and voices already chosen `(batch, 32, c)`.
            truth: this voice in the data, one-hot `(batch, 32, pitches)`.
            follow: `(batch, 1, 1)`, 1 where ornaments are judged beside `truth`'s eighths.
            dice: `(batch, 16)`, even between 0 and 1; below the chance of an ornament, it comes.
            together: choose the eighths together, with the interval weights, and without gradient.

        Returns:
            choice and logits `(batch, 32, pitches)`, repeat `(batch, 32)`.
        """
        by_beat = self.beat_block(self.beat_in(tf.concat([beat, pool(heard, 4)], axis=-1)))
        by_beat = normalise(by_beat)
        by_eighth = tf.concat([eighth, pool(heard, 2), upsample(by_beat, 2)], axis=-1)
        by_eighth = normalise(self.eighth_block(self.eighth_in(by_eighth)))
        eighths = upsample(self.beat_out(leaky(by_beat)), 2) + self.eighth_out(leaky(by_eighth))
        allowed = eighths - self.forbidden
        chosen = best_path(allowed, self.intervals) if together else straight_through(allowed)
        context = follow * truth[:, ::2] + (1.0 - follow) * chosen
        between, again = self._ornaments(by_eighth, context, heard)
        odd = eighths + self.hold * context + between
        choice = _interleave(chosen, _ornamented(chosen, odd - self.forbidden, context, dice))
        return choice, _interleave(eighths, odd), tf.reshape(again, (-1, heard.shape[1]))

    def _ornaments(self, eighth: Tensor, chosen: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Logits for the odd sixteenths `(batch, 16, pitches)`, strikes `(batch, 16, 2)`."""
        following = tf.concat([chosen[:, 1:], chosen[:, -1:]], axis=1)
        inputs = tf.concat([eighth, chosen, following, heard[:, ::2], heard[:, 1::2]], axis=-1)
        hidden = leaky(self.ornament_in(inputs))
        return self.ornament_out(hidden), self.repeat_out(hidden)


def _ornamented(chosen: Tensor, logits: Tensor, context: Tensor, dice: Tensor) -> Tensor:
    """Holds `chosen` `(batch, 16, pitches)` or leaves it, with the chances of `logits`."""
    held = tf.stop_gradient(context)
    chance = 1.0 - tf.reduce_sum(tf.nn.softmax(logits) * held, axis=-1)
    other = tf.one_hot(tf.argmax(logits - FORBIDDEN * held, axis=-1), logits.shape[-1])
    ornament = tf.where((dice < chance)[..., tf.newaxis], other, held)
    return chosen + tf.stop_gradient(ornament - chosen)


def _interleave(even: Tensor, odd: Tensor) -> Tensor:
    """`(batch, 16, c)` twice to `(batch, 32, c)`, `even` first."""
    return tf.reshape(tf.stack([even, odd], axis=2), (-1, 2 * even.shape[1], even.shape[-1]))


class VoicesGenerator(keras.Model):
    """Melody and noise to three voices; the phrases may have any number of whole bars.

    Shapes are told for two bars, 32 steps.

    Args:
        space: the pitches that it knows.
        outside: bool `(3, pitches)`, the pitches that each voice never takes.
        width: channels throughout.
    """

    def __init__(self, space: PitchSpace, outside: NDArray[np.bool_], width: int = 96) -> None:
        super().__init__(name="generator")
        self.space = space
        self.stem = convolution(width, 5)
        self.down = [convolution(width, 4, strides=2) for _ in range(4)]
        self.bottom = convolution(width, 1)
        self.up = [convolution(width, 3) for _ in range(2)]
        self.beat = convolution(width, 3)
        self.blocks = [Residual(width, 3, normalised=True, film=True) for _ in range(2)]
        self.eighth = convolution(width, 3)
        self.heads = [VoiceHead(space, outside[voice], width) for voice in range(VOICES)]

    def call(
        self,
        melody: Tensor,
        onset: Tensor,
        noise: Tensor,
        truth: Tensor,
        follow: Tensor,
        *,
        together: bool = False,
    ) -> Accompaniment:
        """Accompanies a batch of phrases.

        Args:
            melody: one-hot `(batch, 32, pitches)`.
            onset: `(batch, 32, 1)`, 1 where a melody note starts.
            noise: `(batch, 128)`, normal: 16 values for the phrase, 8 for each beat, and one for
                each voice on each odd sixteenth.
            truth: the data's voices, one-hot `(batch, 32, 3, pitches)`; zeros where unknown.
            follow: `(batch, 1, 1)`, 1 where each head hears `truth` below it (teacher forcing),
                0 where it hears what the generator chose.
            together: choose the eighths of a voice together, see `training.voice_leading`.
        """
        latent = latent_size(melody.shape[1])
        beat, eighth = self._trunk(melody, onset, noise[:, :latent])
        dice = tf.reshape(noise[:, latent:], (-1, melody.shape[1] // 2, VOICES))
        dice = tf.sigmoid(NORMAL_TO_UNIFORM * dice)
        heard = tf.concat([melody, self.space.chroma(melody), onset], axis=-1)
        voices: list[tuple[Tensor, Tensor, Tensor]] = []
        for voice in reversed(range(VOICES)):  # bass, tenor, alto
            real = truth[:, :, voice]
            inputs = (beat, eighth, heard, real, follow, dice[..., voice])
            head = self.heads[voice](*inputs, together=together)
            context = follow * real + (1.0 - follow) * head[0]
            heard = tf.concat([heard, context, self.space.chroma(context)], axis=-1)
            voices.insert(0, head)
        choice, logits, repeat = (tf.stack(parts, axis=2) for parts in zip(*voices, strict=True))
        return Accompaniment(choice, logits, repeat)

    def _trunk(self, melody: Tensor, onset: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Features for beats `(batch, 8, width)` and eighths `(batch, 16, width)`."""
        whole = noise[:, tf.newaxis, :GLOBAL_NOISE]
        steps = melody.shape[1]
        beats = steps // STEPS_PER_BEAT
        each = tf.reshape(noise[:, GLOBAL_NOISE:], (-1, beats, BEAT_NOISE))
        where = positions(tf.shape(melody)[0], steps)
        x = tf.concat([melody, self.space.chroma(melody), onset, where], axis=-1)
        x = leaky(self.stem(x))
        levels = []
        for layer in self.down:
            x = leaky(normalise(layer(x)))
            levels.append(x)
        x = tf.concat([x, upsample(whole, steps // STEPS_PER_BAR)], axis=-1)
        x = leaky(normalise(self.bottom(x)))
        for layer, skip in zip(self.up, (levels[2], levels[1]), strict=True):
            x = leaky(normalise(layer(tf.concat([upsample(x, 2), skip], axis=-1))))
        x = self.beat(tf.concat([x, each], axis=-1))
        condition = tf.concat([upsample(whole, beats), each], axis=-1)
        for block in self.blocks:
            x = block(x, condition)
        x = leaky(normalise(x))
        eighth = self.eighth(tf.concat([upsample(x, 2), levels[0]], axis=-1))
        return x, leaky(normalise(eighth))


class Encoder(keras.Model):
    """Reads the noise out of real music, all but the dice: the posterior of the warm start."""

    def __init__(self, space: PitchSpace, width: int = 64) -> None:
        super().__init__(name="encoder")
        self.space = space
        self.stem = convolution(width, 5)
        self.down = [convolution(width, 4, strides=2) for _ in range(2)]
        self.beat = convolution(2 * BEAT_NOISE, 3, gain=0.3)
        self.deep = convolution(width, 4, strides=4)
        self.whole = keras.layers.Dense(2 * GLOBAL_NOISE)

    def call(self, melody: Tensor, voices: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance `(batch, 80)` of the noise behind real voices.

        Args:
            melody: one-hot `(batch, 32, pitches)`.
            voices: one-hot `(batch, 32, 3, pitches)`.
        """
        batch, steps = tf.shape(melody)[0], melody.shape[1]
        flat = tf.reshape(voices, (batch, steps, VOICES * self.space.size))
        x = leaky(self.stem(tf.concat([melody, flat, positions(batch, steps)], axis=-1)))
        for layer in self.down:
            x = leaky(normalise(layer(x)))
        mean, spread = tf.split(self.beat(x), 2, axis=-1)
        deep = tf.reshape(leaky(self.deep(x)), (batch, steps // STEPS_PER_BAR * self.deep.filters))
        whole_mean, whole_spread = tf.split(self.whole(deep), 2, axis=-1)
        flatten = (batch, steps // STEPS_PER_BEAT * BEAT_NOISE)
        return (
            tf.concat([whole_mean, tf.reshape(mean, flatten)], axis=-1),
            tf.concat([whole_spread, tf.reshape(spread, flatten)], axis=-1),
        )
