"""What every architecture offers the loop: two networks, their updates, and a way to play.

One iteration is `critic_updates` critic updates, each on a batch of its own, then one generator
update on the last of them. Everything random is drawn from the seed that the caller passes, so
that an iteration depends on nothing but the state and its arguments.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from music.phrases import PhraseSet
from training.snapshot import Snapshot
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

    architecture: str
    tonic_normalized: bool
    doubles_in_lite = False  # has doubling convolutions, which LiteRT computes in products
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
        weights = [tf.TensorSpec(v.shape, v.dtype) for v in self._played()]
        signature = [weights, *self.signature().values()]  # of any number of phrases: traced once
        self._answer = tf.function(self._serve_with, signature, autograph=False)

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

    def settle(
        self,
        snapshot: Snapshot,
        phrases: PhraseSet,  # noqa: ARG002 (others need it)
        condition_track: int,  # noqa: ARG002
    ) -> Snapshot:
        """Adapts what plays to the training data, before it is listened to; here, nothing."""
        return snapshot

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

    def snapshot(self) -> Snapshot:
        """The generator with its averaged weights, as they are now."""
        averaged = self.average_decay is not None
        return self._playing(self.averages if averaged else [v.value for v in self._played()])

    def state(self) -> dict[str, list[tf.Variable | keras.Variable]]:
        """Every variable that the next iteration depends on, by owner."""
        return {
            **{network.name: network.variables for network in self.networks},
            "generator_optimizer": self.generator_optimizer.variables,
            "critic_optimizer": self.critic_optimizer.variables,
            "averages": self.averages,
            "best": [*self.best, self.best_score, self.best_iteration],
        }

    def keep_if_best(self, score: float, iteration: int, snapshot: Snapshot) -> bool:
        """Remembers what was heard, if it scores higher than anything before; says whether."""
        if score <= float(self.best_score):
            return False
        self.best_score.assign(score)
        self.best_iteration.assign(iteration)
        _assign(self.best, snapshot.weights)
        return True

    def kept(self) -> tuple[int, Snapshot] | None:
        """The best that was heard, and the iteration that it is of; None if nothing was."""
        if float(self.best_score) == NOTHING_KEPT:
            return None
        return int(self.best_iteration), self._playing(self.best)

    def play_as(self, snapshot: Snapshot) -> None:
        """Takes a snapshot's weights for its own; the training must be over."""
        _assign(self.averages, snapshot.weights)
        _assign(self._played(), snapshot.weights)

    def _played(self) -> list[keras.Variable]:
        return self.generator.variables

    def _playing(self, weights: Sequence[Tensor | tf.Variable]) -> Snapshot:
        return Snapshot(
            tuple(tf.identity(weight) for weight in weights),
            self._answer_with,
            self.architecture,
            self.tonic_normalized,
            self.noise_shape,
        )

    def _answer_with(self, weights: Sequence[Tensor], inputs: dict[str, Tensor]) -> Terms:
        ordered = [inputs[name] for name in self.signature()]
        answer: Terms = self._answer(list(weights), *ordered)
        return answer

    def _serve_with(self, weights: list[Tensor], *inputs: Tensor) -> Terms:
        # The variables' own values are the training's, which may be changing them in this moment.
        with keras.StatelessScope(list(zip(self._played(), weights, strict=True))):
            return self.serve(*inputs)

    def _move_averages(self) -> None:
        # Early on the average follows fast: it would otherwise remember the random start.
        count = tf.cast(self.generator_optimizer.iterations, tf.float32)
        decay = tf.minimum(self.average_decay, count / (count + 9.0))
        for average, variable in zip(self.averages, self._played(), strict=True):
            average.assign(decay * average + (1.0 - decay) * variable.value)


def _assign(variables: Sequence[tf.Variable | keras.Variable], values: Sequence[Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _tensors(batches: Arrays) -> Batch:
    kinds = {"pitch": tf.int32, "onset": tf.float32, "roll": tf.float32}
    return {name: tf.constant(array, kinds[name]) for name, array in batches.items()}
