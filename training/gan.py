"""What every architecture offers the loop: two networks, their updates, and a way to play.

One iteration is `critic_updates` critic updates, each on a batch of its own, then one generator
update on the last of them. Everything random is drawn from the seed that the caller passes, so
that an iteration depends on nothing but the state and its arguments.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from music.phrases import PhraseSet
from training.tensors import Tensor, nth_seed

Terms = dict[str, Tensor]
Batch = dict[str, Tensor]
Arrays = Mapping[str, NDArray[np.generic]]

NOTHING_KEPT = float("-inf")


class Gan(ABC):
    """A generator and a critic with their optimizers.

    Args:
        networks: generator, critic, and helpers that learn with the generator; all built.
        generator_optimizer: moves the generator and the helpers.
        critic_optimizer: moves the critic.
        average_decay: keeps a running average of the generator's weights, which plays and is
            exported in their place; None plays the weights themselves.
    """

    tonic_normalized: bool
    lite_batch: int | None = None  # of the LiteRT file; None takes any
    noise_shape: tuple[int, ...]

    def __init__(
        self,
        networks: tuple[keras.Model, ...],
        generator_optimizer: keras.optimizers.Optimizer,
        critic_optimizer: keras.optimizers.Optimizer,
        *,
        average_decay: float | None,
    ) -> None:
        self.networks = networks
        self.generator, self.critic, *self.helpers = networks
        self.generator_optimizer = generator_optimizer
        self.critic_optimizer = critic_optimizer
        self.average_decay = average_decay
        self.averages = [tf.Variable(v.value) for v in self._played()]
        self.best = [tf.Variable(v.value) for v in self._played()]
        self.best_score = tf.Variable(NOTHING_KEPT)
        self.best_iteration = tf.Variable(0)
        generator_optimizer.build(self.generator_variables)
        critic_optimizer.build(self.critic.trainable_variables)
        self._adversarial = tf.function(self._iteration, autograph=False)
        self._average = tf.function(self._move_averages, autograph=False)
        self._exchange = tf.function(self._exchange_averages, autograph=False)
        self._plays_averages = False

    def prepare(self, batches: Batch, seed: Tensor) -> Batch:  # noqa: ARG002 (others need it)
        """Adds to an iteration's batches what the critic hears of the generator, if all at once.

        Args:
            batches: `(updates, batch, ...)`.
            seed: of the iteration; update `n` has `nth_seed(seed, 2 * n)`.
        """
        return batches

    @abstractmethod
    def critic_terms(self, batch: Batch, seed: Tensor) -> tuple[Tensor, Terms]:
        """The critic's loss on a batch, and the numbers worth reporting."""

    @abstractmethod
    def generator_terms(self, batch: Batch, seed: Tensor, done: Tensor) -> tuple[Tensor, Terms]:
        """The generator's loss on a batch, `done` of the run being over, and its numbers."""

    @abstractmethod
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The inputs of `serve` by name; the first axis is the batch."""

    @abstractmethod
    def serve(self, *inputs: Tensor) -> Terms:
        """What the exported model computes, from the inputs that `signature` names."""

    @abstractmethod
    def accompany(
        self, pitch: NDArray[np.integer], onset: NDArray[np.bool_], noise: NDArray[np.floating]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Plays phrases with the averaged weights; see `training.players.Player`."""

    def settle(self, phrases: PhraseSet, condition_track: int) -> None:  # noqa: B027 (may do nothing)
        """Adapts what plays to the training data, before it is listened to; here, nothing."""

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What the generator's optimizer moves."""
        networks = (self.generator, *self.helpers)
        return [variable for network in networks for variable in network.trainable_variables]

    def iterate(self, batches: Arrays, *, seed: tuple[int, int], done: float) -> Terms:
        """One iteration.

        Args:
            batches: `pitch` and `onset`, `(updates, batch, 32, track)`.
            seed: new in every iteration; the second number leaves room for 64 draws.
            done: the share of the run that is over, in [0, 1).
        """
        terms = self._step(_tensors(batches), tf.constant(seed), tf.constant(done, tf.float32))
        if self.average_decay is not None:
            self._average()
        return terms

    def _step(self, batches: Batch, seed: Tensor, done: Tensor) -> Terms:
        return self._adversarial(batches, seed, done)

    def _iteration(self, batches: Batch, seed: Tensor, done: Tensor) -> Terms:
        terms: Terms = {}
        batches = self.prepare(batches, seed)
        updates = batches["pitch"].shape[0]
        for update in range(updates):
            batch = {name: array[update] for name, array in batches.items()}
            terms |= self.update_critic(batch, nth_seed(seed, 2 * update))
        return terms | self.update_generator(batch, nth_seed(seed, 2 * updates), done)

    def update_critic(self, batch: Batch, seed: Tensor) -> Terms:
        """One step of the critic's optimizer."""
        with tf.GradientTape() as tape:
            loss, terms = self.critic_terms(batch, seed)
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply(tape.gradient(loss, variables), variables)
        return {"critic_loss": loss, **terms}

    def update_generator(self, batch: Batch, seed: Tensor, done: Tensor) -> Terms:
        """One step of the generator's optimizer."""
        return self._descend(lambda: self.generator_terms(batch, seed, done))

    def _descend(self, terms_of: Callable[[], tuple[Tensor, Terms]]) -> Terms:
        with tf.GradientTape() as tape:
            loss, terms = terms_of()
        variables = self.generator_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return {"generator_loss": loss, **terms}

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Lets the generator play with its averaged weights for a while."""
        if self.average_decay is None or self._plays_averages:
            yield
            return
        self._exchange()
        self._plays_averages = True
        try:
            yield
        finally:
            self._plays_averages = False
            self._exchange()

    def state(self) -> dict[str, list[tf.Variable | keras.Variable]]:
        """Every variable that the next iteration depends on, by owner."""
        return {
            **{network.name: network.variables for network in self.networks},
            "generator_optimizer": self.generator_optimizer.variables,
            "critic_optimizer": self.critic_optimizer.variables,
            "averages": self.averages,
            "best": [*self.best, self.best_score, self.best_iteration],
        }

    def keep_if_best(self, score: float, iteration: int) -> None:
        """Remembers what plays now, if it scores higher than anything before."""
        if score <= float(self.best_score):
            return
        self.best_score.assign(score)
        self.best_iteration.assign(iteration)
        with self.averaged():
            for best, variable in zip(self.best, self._played(), strict=True):
                best.assign(variable.value)

    def play_best(self) -> int | None:
        """Plays from now on with the best that was kept; training must be over.

        Returns:
            The iteration that it is of; None if nothing was kept and the last plays.
        """
        if float(self.best_score) == NOTHING_KEPT:
            return None
        self._play_with(self.best)
        for average, best in zip(self.averages, self.best, strict=True):
            average.assign(best)
        return int(self.best_iteration)

    def _played(self) -> list[keras.Variable]:
        return self.generator.variables

    def _play_with(self, values: list[tf.Variable] | list[NDArray[np.floating]]) -> None:
        for variable, value in zip(self._played(), values, strict=True):
            variable.assign(value)

    def _exchange_averages(self) -> None:
        """Lets weights and averages change places."""
        weights = [tf.identity(variable.value) for variable in self._played()]
        for average, variable, weight in zip(self.averages, self._played(), weights, strict=True):
            variable.assign(average)
            average.assign(weight)

    def _move_averages(self) -> None:
        # Early on the average follows fast: it would otherwise remember the random start.
        count = tf.cast(self.generator_optimizer.iterations, tf.float32)
        decay = tf.minimum(self.average_decay, count / (count + 9.0))
        for average, variable in zip(self.averages, self._played(), strict=True):
            average.assign(decay * average + (1.0 - decay) * variable.value)


def _tensors(batches: Arrays) -> Batch:
    kinds = {"pitch": tf.int32, "onset": tf.float32, "roll": tf.float32}
    return {name: tf.constant(array, kinds[name]) for name, array in batches.items()}
