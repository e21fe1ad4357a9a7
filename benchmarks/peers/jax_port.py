"""The notebook's training in JAX: two jitted steps that are given their buffers.

The layers, losses and constants are those of `tensorflow_port`, with Keras' conventions and Keras'
own Adam. Weights are lists in the order in which Keras has them.
"""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from jax import Array, lax

NOISE = (2, 8, 512)
FILTERS = 64
PENALTY = 10.0
RATE, BETAS, EPSILON = 1e-3, (0.5, 0.9), 1e-7  # of Adam
MOMENTUM, VARIANCE_EPSILON = 0.8, 1e-3  # of the batch normalisations

Weights = list[list[Array]]  # those of each layer
Moments = list[Array]  # the mean and the variance of each channel
State = tuple[Weights, Weights, Weights, Array]  # weights, Adam's two moments of each, updates


def generate(
    weights: Weights, melody: Array, noise: Array, averages: list[Moments] | None
) -> tuple[Array, list[Moments]]:
    """Plays a roll `(batch, 32, 128, tracks)` in [-1, 1] to a melody and noise.

    Returns:
        The roll, and the moments of all batch normalisations: the batch's own, unless their
        averages are given to be used in their place.
    """
    layers = iter(weights)
    moments: list[Moments] = []

    def normalise(x: Array) -> Array:
        scale, shift = next(layers)
        if averages is not None:
            moments.append(averages[len(moments)])
        else:
            moments.append([x.mean((0, 1, 2)), x.var((0, 1, 2))])
        mean, variance = moments[-1]
        return (x - mean) * (lax.rsqrt(variance + VARIANCE_EPSILON) * scale) + shift

    skips = [_down(melody, *next(layers))]
    for _ in range(3):
        skips.append(normalise(_down(skips[-1], *next(layers))))
    x = jnp.concatenate((skips.pop(), noise), axis=-1)
    for _ in range(3):
        x = jax.nn.relu(normalise(_convolve(_double(x), *next(layers), stride=1)))
        x = jnp.concatenate((x, skips.pop()), axis=-1)
    return jnp.tanh(_convolve(_double(x), *next(layers), stride=1)), moments


def judge(weights: Weights, roll: Array, melody: Array) -> Array:
    """Scores `(batch, 1)` of rolls beside their melodies."""
    *convolutions, (kernel, bias) = weights
    x = jnp.concatenate((roll, melody), axis=-1)
    for layer in convolutions:
        x = _down(x, *layer)
    return x.reshape(len(x), -1) @ kernel + bias


def critic_loss(
    critic: Weights,
    generator: Weights,
    averages: list[Moments],
    real: Array,
    noise: Array,
    blend: Array,
) -> Array:
    """The critic's loss on a batch."""
    melody = real[..., :1]
    fake, _ = generate(generator, melody, noise, averages)
    between = blend * real + (1.0 - blend) * fake
    slopes = jax.grad(lambda roll: judge(critic, roll, melody).sum())(between)
    norms = jnp.sqrt(1e-8 + jnp.square(slopes).sum((1, 2, 3)))
    loss = judge(critic, fake, melody).mean() - judge(critic, real, melody).mean()
    return loss + PENALTY * jnp.square(norms - 1.0).mean()


def generator_loss(
    generator: Weights, critic: Weights, real: Array, noise: Array
) -> tuple[Array, list[Moments]]:
    """The generator's loss on a batch, and the moments of its batch normalisations."""
    melody = real[..., :1]
    fake, moments = generate(generator, melody, noise, averages=None)
    return -judge(critic, fake, melody).mean(), moments


class Port:
    """Both networks and their steps on rolls `(batch, 32, 128, tracks)` in {-1, 1}."""

    def __init__(self, tracks: int, seed: int = 0) -> None:
        self._key = jax.random.key(seed)
        generator, self.averages = self._first_generator(tracks)
        self.generator, self.critic = _at_rest(generator), _at_rest(self._first_critic(tracks))

    def iterate(self, batches: list[Array]) -> tuple[Array, Array]:
        """One iteration: the critic's updates on all batches but the last, which is the other's."""
        *for_critic, last = batches
        for batch in for_critic:
            blend = jax.random.uniform(self._next(), (len(batch), 1, 1, 1))
            critic_loss = self.critic_step(batch, self._noise(batch), blend)
        return critic_loss, jax.block_until_ready(self.generator_step(last, self._noise(last)))

    def critic_step(self, real: Array, noise: Array, blend: Array) -> Array:
        """Moves the critic; returns its loss."""
        others = self.generator[0], self.averages
        self.critic, loss = _critic_step(self.critic, *others, real, noise, blend)
        return loss

    def generator_step(self, real: Array, noise: Array) -> Array:
        """Moves the generator and its averages; returns its loss."""
        self.generator, self.averages, loss = _generator_step(
            self.generator, self.averages, self.critic[0], real, noise
        )
        return loss

    def _next(self) -> Array:
        self._key, key = jax.random.split(self._key)
        return key

    def _noise(self, batch: Array) -> Array:
        return jax.random.truncated_normal(self._next(), -2.0, 2.0, (len(batch), *NOISE))

    def _first_generator(self, tracks: int) -> tuple[Weights, list[Moments]]:
        sizes = [1, *(FILTERS * level for level in (1, 2, 4, 8))]
        weights, averages = [self._convolution(1, FILTERS)], []
        pairs = [*pairwise(sizes[1:]), *((2 * sizes[n], sizes[n - 1]) for n in (4, 3, 2))]
        for inputs, filters in pairs:
            weights += [self._convolution(inputs, filters), [jnp.ones(filters), jnp.zeros(filters)]]
            averages.append([jnp.zeros(filters), jnp.ones(filters)])
        return [*weights, self._convolution(2 * FILTERS, tracks)], averages

    def _first_critic(self, tracks: int) -> Weights:
        sizes = [tracks + 1, *(FILTERS * level for level in (1, 2, 4, 8))]
        weights = [self._convolution(*pair) for pair in pairwise(sizes)]
        return [*weights, self._layer((2 * 8 * sizes[-1], 1))]

    def _convolution(self, inputs: int, filters: int) -> list[Array]:
        return self._layer((4, 4, inputs, filters))

    def _layer(self, shape: tuple[int, ...]) -> list[Array]:
        return [jax.nn.initializers.glorot_uniform()(self._next(), shape), jnp.zeros(shape[-1])]


@partial(jax.jit, donate_argnums=0)
def _critic_step(
    state: State,
    generator: Weights,
    averages: list[Moments],
    real: Array,
    noise: Array,
    blend: Array,
) -> tuple[State, Array]:
    differentiate = jax.value_and_grad(critic_loss)
    loss, gradients = differentiate(state[0], generator, averages, real, noise, blend)
    return _adam(state, gradients), loss


@partial(jax.jit, donate_argnums=(0, 1))
def _generator_step(
    state: State, averages: list[Moments], critic: Weights, real: Array, noise: Array
) -> tuple[State, list[Moments], Array]:
    differentiate = jax.value_and_grad(generator_loss, has_aux=True)
    (loss, moments), gradients = differentiate(state[0], critic, real, noise)
    averages = jax.tree.map(lambda a, b: MOMENTUM * a + (1 - MOMENTUM) * b, averages, moments)
    return _adam(state, gradients), averages, loss


def _convolve(x: Array, kernel: Array, bias: Array, stride: int) -> Array:
    # "SAME" is TensorFlow's: with a stride of 1, one cell more after than before.
    sides = ("NHWC", "HWIO", "NHWC")
    strides = (stride, stride)
    return lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=sides) + bias


def _down(x: Array, kernel: Array, bias: Array) -> Array:
    return jax.nn.leaky_relu(_convolve(x, kernel, bias, stride=2), 0.2)


def _double(x: Array) -> Array:
    return x.repeat(2, axis=1).repeat(2, axis=2)


def _at_rest(weights: Weights) -> State:
    return weights, *(jax.tree.map(jnp.zeros_like, weights) for _ in range(2)), jnp.zeros(())


def _adam(state: State, gradients: Weights) -> State:
    weights, means, squares, updates = state
    (first, second), updates = BETAS, updates + 1
    rate = RATE * jnp.sqrt(1 - second**updates) / (1 - first**updates)
    means = jax.tree.map(lambda m, g: first * m + (1 - first) * g, means, gradients)
    squares = jax.tree.map(lambda s, g: second * s + (1 - second) * g * g, squares, gradients)
    weights = jax.tree.map(
        lambda w, m, s: w - rate * m / (jnp.sqrt(s) + EPSILON), weights, means, squares
    )
    return weights, means, squares, updates
