"""The smallest GAN that trains, plays and is exported: for tests of what goes on around networks.

It is compiled in a second, the real ones in twenty. A dense layer moves three voices up and down
below the melody; another one scores them.
"""

import keras
import tensorflow as tf

from training.gan import Gan
from training.losses import critic_loss, generator_loss, gradient_penalty
from training.tensors import nth_seed

STEPS, VOICES = 32, 3
BELOW = (4.0, 8.0, 15.0)  # semitones from the melody to the middle of each voice
REACH = 3.0  # semitones


class SmallGan(Gan):
    """Takes the place of `VoicesGan` and has its inputs and outputs."""

    architecture = "voices"
    tonic_normalized = True
    noise_shape = (4,)

    def __init__(self, pitch, hyperparameters, steps):
        del pitch, steps  # nothing here has a range, and all phrases are as long
        self.values = hyperparameters
        inputs, outputs = STEPS + self.noise_shape[0], STEPS * VOICES
        super().__init__(
            (_dense(inputs, outputs, "generator"), _dense(STEPS + outputs, 1, "critic")),
            keras.optimizers.Adam(hyperparameters.generator_learning_rate),
            keras.optimizers.Adam(hyperparameters.critic_learning_rate),
            average_decay=hyperparameters.average_decay,
        )

    def play(self, melody, noise):
        """Voices `(batch, 32, 3)` in fractions of a semitone, from melodies `(batch, 32)`."""
        heard = tf.concat([melody / 64.0 - 1.0, noise], axis=-1)
        moves = tf.reshape(self.generator(heard), (-1, STEPS, VOICES))
        return melody[..., tf.newaxis] - BELOW + REACH * tf.tanh(moves)

    def score(self, melody, voices):
        below = tf.reshape(melody[..., tf.newaxis] - voices, (-1, STEPS * VOICES))
        return self.critic(tf.concat([melody / 64.0 - 1.0, below / 12.0], axis=-1))[:, 0]

    def critic_terms(self, batch, seed):
        melody, voices = _open(batch)
        fake = self.play(melody, self._noise(melody, seed))
        penalty = gradient_penalty(
            lambda blend: self.score(melody, blend),
            voices,
            fake,
            mix=tf.random.stateless_uniform((melody.shape[0],), nth_seed(seed, 1)),
        )
        scores = self.score(melody, voices), self.score(melody, fake)
        loss = critic_loss(*scores) + self.values.penalty_weight * penalty
        return loss, {"gradient_penalty": penalty}

    def generator_terms(self, batch, seed, done):
        del done
        melody, _ = _open(batch)
        return generator_loss(self.score(melody, self.play(melody, self._noise(melody, seed)))), {}

    def signature(self):
        return {
            "pitch": tf.TensorSpec((None, STEPS), tf.int32),
            "onset": tf.TensorSpec((None, STEPS), tf.float32),
            "noise": tf.TensorSpec((None, *self.noise_shape), tf.float32),
        }

    def serve(self, pitch, onset, noise):
        chosen = tf.cast(tf.round(self.play(tf.cast(pitch, tf.float32), noise)), tf.int32)
        return {"pitch": chosen, "onset": tf.repeat(onset[..., tf.newaxis], VOICES, axis=-1)}

    def _noise(self, melody, seed):
        return tf.random.stateless_normal((melody.shape[0], *self.noise_shape), seed)


def _dense(inputs, outputs, name):
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs)], name=name)


def _open(batch):
    """Melody `(batch, 32)` and voices `(batch, 32, 3)` as numbers."""
    choir = tf.cast(batch["pitch"], tf.float32)
    return choir[..., 0], choir[..., 1:]
