"""The `voices` architecture at work: Wasserstein critic, variational warm start, straight-through.

The generator learns twice from each batch. Beside the real voices it learns their likelihood, with
noise that an encoder reads out of them; with noise of its own it learns to please the critic. The
likelihood comes first and keeps a smaller weight to the end: it anchors notes to the melody, while
the critic teaches what no single voice shows.
"""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from music.phrases import PhraseSet
from training.gan import Batch, Gan, Terms
from training.hyperparameters import Hyperparameters
from training.losses import critic_loss, gaussian_divergence, generator_loss, gradient_penalty
from training.pitches import PitchSpace
from training.precision import convolving_in
from training.processor import warn_if_slow
from training.snapshot import Snapshot
from training.tensors import Tensor, nth_seed
from training.voice_leading import INTERVALS, interval_weights
from training.voices_critic import VoicesCritic
from training.voices_generator import (
    STEPS,
    VOICES,
    Accompaniment,
    Encoder,
    VoicesGenerator,
    latent_size,
    noise_size,
)

WARMUP_LEARNING_RATE = 1e-3
CONSTANT_SHARE = 0.6  # of the run; then the learning rates fall in a straight line
LAST_LEARNING_RATE = 0.02  # of the first
PENALTY_SHARE = 0.5  # of the batch is blended for the gradient penalty
DRIFT_WEIGHT = 1e-3  # keeps real scores near zero (Karras et al. 2018)
LOGIT_WEIGHT = 1e-4
REPEAT_WEIGHT = 0.3


class VoicesGan(Gan):
    """Generator, critic and encoder over one range of pitches.

    Args:
        pitch: of the music to learn, int `(n, steps, 4)`, the melody first; the lowest and the
            highest do. Their range is the range of the networks, and that of each voice the range
            of what is chosen for it.
        hyperparameters: the choices.
        steps: of a phrase, whole bars of 16; shapes are told for 32.
    """

    architecture = "voices"
    tonic_normalized = True

    def __init__(
        self, pitch: NDArray[np.integer], hyperparameters: Hyperparameters, steps: int = STEPS
    ) -> None:
        self.steps = steps
        self.noise_shape = (noise_size(steps),)
        space = PitchSpace.around(pitch)
        outside = np.stack([space.outside(pitch[..., 1 + voice]) for voice in range(VOICES)])
        self.space = space
        self.values = hyperparameters
        warn_if_slow(hyperparameters.precision)
        generator = VoicesGenerator(space, outside)
        critic, encoder = VoicesCritic(space), Encoder(space)
        melody = tf.zeros((1, steps, space.size))
        voices = tf.zeros((1, steps, VOICES, space.size))
        onset = tf.zeros((1, steps, 1))
        generator(melody, onset, tf.zeros((1, *self.noise_shape)), voices, tf.zeros((1, 1, 1)))
        critic(melody, voices)
        encoder(melody, voices)
        self.encoder = encoder
        super().__init__(
            (generator, critic, encoder),
            keras.optimizers.Adam(hyperparameters.generator_learning_rate, 0.0, 0.95),
            keras.optimizers.Adam(hyperparameters.critic_learning_rate, 0.0, 0.95),
            average_decay=hyperparameters.average_decay,
        )
        self._warm_up = tf.function(self._warm_up_iteration, autograph=False)

    def settle(self, snapshot: Snapshot, phrases: PhraseSet, condition_track: int) -> Snapshot:
        """Weighs the intervals of each voice anew; see `training.voice_leading`."""
        unweighed = self._weighing(snapshot, np.zeros((VOICES, INTERVALS), np.float32))
        return self._weighing(snapshot, interval_weights(unweighed, phrases, condition_track))

    def _weighing(self, snapshot: Snapshot, intervals: NDArray[np.float32]) -> Snapshot:
        """Exchanges the weights of intervals; those of the networks stay zero."""
        rows = {
            id(head.intervals): tf.constant(row)
            for head, row in zip(self.generator.heads, intervals, strict=True)
        }
        pairs = zip(self._played(), snapshot.weights, strict=True)
        weights = tuple(rows.get(id(variable), weight) for variable, weight in pairs)
        return replace(snapshot, weights=weights)

    def play(
        self, melody: Tensor, onset: Tensor, noise: Tensor, *, together: bool = False
    ) -> Accompaniment:
        """Accompanies one-hot melodies `(batch, 32, pitches)` with what the generator chooses."""
        batch = tf.shape(melody)[0]
        nothing = tf.zeros((batch, self.steps, VOICES, self.space.size))
        alone = tf.zeros((batch, 1, 1))
        return self.generator(melody, onset, noise, nothing, alone, together=together)

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Melodies as MIDI numbers and onsets, and noise."""
        return {
            "pitch": tf.TensorSpec((None, self.steps), tf.int32),
            "onset": tf.TensorSpec((None, self.steps), tf.float32),
            "noise": tf.TensorSpec((None, *self.noise_shape), tf.float32),
        }

    def serve(self, pitch: Tensor, onset: Tensor, noise: Tensor) -> Terms:
        """Alto, tenor and bass as `pitch` int32 and `onset` float32, both `(batch, 32, 3)`."""
        melody = self.space.one_hot(pitch)
        answer = self.play(melody, onset[..., tf.newaxis], noise, together=True)
        chosen = self.space.pitch(answer.choice)
        moved = tf.not_equal(chosen[:, 1:], chosen[:, :-1])
        struck = tf.logical_or(moved, answer.repeat[:, 1:] > 0.0)
        first = tf.ones_like(chosen[:, :1], tf.float32)
        return {
            "pitch": chosen,
            "onset": tf.concat([first, tf.cast(struck, tf.float32)], axis=1),
        }

    def critic_terms(self, batch: Batch, seed: Tensor) -> tuple[Tensor, Terms]:
        """Scores real music against the generator's and against other melodies' accompaniments."""
        melody, onset, voices = self._open(batch)
        size = melody.shape[0]
        noise = tf.random.stateless_normal((size, *self.noise_shape), seed)
        fake = tf.stop_gradient(self.play(melody, onset, noise).choice)
        foreign = tf.roll(voices, 1, axis=0)
        scores = self.critic(
            tf.tile(melody, (3, 1, 1)), tf.concat([voices, fake, foreign], axis=0), groups=3
        )
        real_scores, fake_scores, foreign_scores = tf.split(scores, 3)
        some = max(1, int(PENALTY_SHARE * size))
        penalty = gradient_penalty(
            lambda blend: self.critic(melody[:some], blend),
            voices[:some],
            fake[:some],
            mix=tf.random.stateless_uniform((some,), nth_seed(seed, 1)),
        )
        share = self.values.mismatch_weight
        loss = (
            (1.0 - share) * critic_loss(real_scores, fake_scores)
            + share * critic_loss(real_scores, foreign_scores)
            + self.values.penalty_weight * penalty
            + DRIFT_WEIGHT * tf.reduce_mean(tf.square(real_scores))
        )
        return loss, {"gradient_penalty": penalty}

    def generator_terms(self, batch: Batch, seed: Tensor, done: Tensor) -> tuple[Tensor, Terms]:
        """The critic's score of the generator's own choices, and the likelihood of real ones."""
        melody, onset, voices = self._open(batch)
        size = melody.shape[0]
        posterior, divergence = self._posterior(melody, voices, seed)
        prior = tf.random.stateless_normal((size, *self.noise_shape), nth_seed(seed, 1))
        answer = self.generator(
            tf.tile(melody, (2, 1, 1)),
            tf.tile(onset, (2, 1, 1)),
            tf.concat([posterior, prior], axis=0),
            tf.tile(voices, (2, 1, 1, 1)),
            tf.concat([tf.ones((size, 1, 1)), tf.zeros((size, 1, 1))], axis=0),
        )
        halves = (tf.split(part, 2) for part in answer)
        told, own = (Accompaniment(*parts) for parts in zip(*halves, strict=True))
        likelihood, terms = self._likelihood(told, batch, voices, divergence)
        loss = (
            self.values.adversarial_weight * generator_loss(self.critic(melody, own.choice))
            + LOGIT_WEIGHT * tf.reduce_mean(tf.square(own.logits))
            + self._likelihood_weight(done) * likelihood
        )
        return loss, terms

    def _step(self, batches: Batch, seed: Tensor, done: Tensor) -> Terms:
        values = self.values
        if float(done) < values.warmup_share:
            self.generator_optimizer.learning_rate.assign(WARMUP_LEARNING_RATE)
            return self._warm_up({name: array[-1] for name, array in batches.items()}, seed)
        fallen = max(0.0, float(done) - CONSTANT_SHARE) / (1.0 - CONSTANT_SHARE)
        rate = 1.0 - (1.0 - LAST_LEARNING_RATE) * fallen
        self.generator_optimizer.learning_rate.assign(values.generator_learning_rate * rate)
        self.critic_optimizer.learning_rate.assign(values.critic_learning_rate * rate)
        return super()._step(batches, seed, done)

    def _iteration(self, batches: Batch, seed: Tensor, done: Tensor) -> Terms:
        with convolving_in(self.values.precision):
            return super()._iteration(batches, seed, done)

    def _warm_up_iteration(self, batch: Batch, seed: Tensor) -> Terms:
        def terms_of() -> tuple[Tensor, Terms]:
            melody, onset, voices = self._open(batch)
            noise, divergence = self._posterior(melody, voices, seed)
            follow = tf.ones((melody.shape[0], 1, 1))
            told = self.generator(melody, onset, noise, voices, follow)
            return self._likelihood(told, batch, voices, divergence)

        with convolving_in(self.values.precision):
            return self._descend(terms_of)

    def _likelihood_weight(self, done: Tensor) -> Tensor:
        """From 1 after the warm-up down to `likelihood_weight` at the end."""
        warm = self.values.warmup_share
        return 1.0 - (1.0 - self.values.likelihood_weight) * (done - warm) / (1.0 - warm)

    def _open(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Melody one-hot, its onsets, voices one-hot, of `pitch` and `onset` `(batch, 32, 4)`."""
        choir = self.space.one_hot(batch["pitch"])
        return choir[:, :, 0], batch["onset"][:, :, :1], choir[:, :, 1:]

    def _posterior(self, melody: Tensor, voices: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(melody, voices)
        draw = tf.random.stateless_normal((melody.shape[0], *self.noise_shape), seed)
        size = latent_size(self.steps)
        latent = mean + tf.exp(0.5 * log_variance) * draw[:, :size]
        noise = tf.concat([latent, draw[:, size:]], axis=-1)
        return noise, gaussian_divergence(mean, log_variance)

    def _likelihood(
        self, told: Accompaniment, batch: Batch, voices: Tensor, divergence: Tensor
    ) -> tuple[Tensor, Terms]:
        """Cross-entropy a note, with the divergence of the noise spread over the notes."""
        cross = tf.nn.softmax_cross_entropy_with_logits(voices, told.logits)
        reconstruction = tf.reduce_mean(cross)
        held = tf.reduce_sum(voices[:, 1:] * voices[:, :-1], axis=-1)
        struck = batch["onset"][:, 1:, 1:]
        again = tf.nn.sigmoid_cross_entropy_with_logits(struck, told.repeat[:, 1:])
        repeats = tf.math.divide_no_nan(tf.reduce_sum(held * again), tf.reduce_sum(held))
        spread = self.values.kl_weight * divergence / (self.steps * VOICES)
        loss = reconstruction + spread + REPEAT_WEIGHT * repeats
        return loss, {"reconstruction_loss": reconstruction, "kl": divergence}
