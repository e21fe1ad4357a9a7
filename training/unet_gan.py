"""The `unet` architecture at work: the seed design's Wasserstein training with gradient penalty.

It differs from the notebook it comes from where that was wrong: the penalty is taken beside the
chosen condition track, not always beside track 0. What the critic hears of the generator is played
for all its updates at once, for the generator moves only after them.

References:
    The GAN sample of AWS DeepComposer, 2019.
"""

import keras
import tensorflow as tf

from training import unet
from training.gan import Batch, Gan, Terms
from training.hyperparameters import Hyperparameters
from training.losses import critic_loss, generator_loss, gradient_penalty
from training.precision import convolving_in
from training.processor import warn_if_slow
from training.tensors import Tensor, nth_seed


class UnetGan(Gan):
    """U-Net generator and convolutional critic over `tracks` tracks, the melody first.

    Shapes are told for phrases of 32 steps.
    """

    architecture = "unet"
    tonic_normalized = False
    doubles_in_lite = True

    def __init__(
        self, tracks: int, hyperparameters: Hyperparameters, steps: int = unet.STEPS
    ) -> None:
        self.steps = steps
        self.noise_shape = unet.noise_shape(steps)
        self.values = hyperparameters
        warn_if_slow(hyperparameters.precision)
        rates = hyperparameters.generator_learning_rate, hyperparameters.critic_learning_rate
        generator_optimizer, critic_optimizer = (keras.optimizers.Adam(r, 0.5, 0.9) for r in rates)
        super().__init__(
            (unet.build_generator(tracks, steps), unet.build_critic(tracks, steps)),
            generator_optimizer,
            critic_optimizer,
            average_decay=None,
        )

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Melodies as rolls of 0 and 1, and noise."""
        return {
            "roll": tf.TensorSpec((None, self.steps, unet.PITCHES, 1), tf.float32),
            "noise": tf.TensorSpec((None, *self.noise_shape), tf.float32),
        }

    def serve(self, roll: Tensor, noise: Tensor) -> Terms:
        """All tracks as `roll` `(batch, 32, 128, tracks)` in [-1, 1], sounding above 0."""
        return {"roll": self.generator([2.0 * roll - 1.0, noise], training=False)}

    def prepare(self, batches: Batch, seed: Tensor) -> Batch:
        """Plays to the melodies of all batches, normalised by averages as in the seed design."""
        updates = batches["pitch"].shape[0]
        opened = [self._open({k: v[n] for k, v in batches.items()}) for n in range(updates)]
        noise = [self._noise(real, nth_seed(seed, 2 * n)) for n, (real, _) in enumerate(opened)]
        melodies = tf.concat([melody for _, melody in opened], axis=0)
        fake = self.generator([melodies, tf.concat(noise, axis=0)], training=False)
        return {**batches, "fake": tf.stack(tf.split(fake, updates))}

    def critic_terms(self, batch: Batch, seed: Tensor) -> tuple[Tensor, Terms]:
        """Scores real rolls against the generator's; the penalty is beside the same melody."""
        real, melody = self._open(batch)
        fake = batch["fake"]
        scores = [self.critic([roll, melody], training=True) for roll in (real, fake)]
        penalty = gradient_penalty(
            lambda blend: self.critic([blend, melody], training=True),
            real,
            fake,
            mix=tf.random.stateless_uniform((real.shape[0],), nth_seed(seed, 1)),
        )
        loss = critic_loss(*scores) + self.values.penalty_weight * penalty
        return loss, {"gradient_penalty": penalty}

    def generator_terms(self, batch: Batch, seed: Tensor, done: Tensor) -> tuple[Tensor, Terms]:
        """The critic's score of what the generator plays; `done` changes nothing."""
        del done
        real, melody = self._open(batch)
        fake = self.generator([melody, self._noise(real, seed)], training=True)
        return generator_loss(self.critic([fake, melody], training=False)), {}

    def _iteration(self, batches: Batch, seed: Tensor, done: Tensor) -> Terms:
        with convolving_in(self.values.precision):
            return super()._iteration(batches, seed, done)

    def _open(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rolls `(batch, 32, 128, tracks)` in {-1, 1}, and the melody's alone."""
        if "roll" in batch:
            roll = batch["roll"]
        else:
            roll = tf.transpose(tf.one_hot(batch["pitch"], unet.PITCHES), (0, 1, 3, 2))
        roll = 2.0 * roll - 1.0
        return roll, roll[..., :1]

    def _noise(self, real: Tensor, seed: Tensor) -> Tensor:
        return tf.random.stateless_truncated_normal((real.shape[0], *self.noise_shape), seed)
