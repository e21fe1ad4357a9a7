"""Small layers that both `voices` networks are made of; time is the axis before the channels."""

import keras
import tensorflow as tf

from training.precision import Conv1D
from training.tensors import Tensor


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU with slope 0.2 below zero."""
    return tf.nn.leaky_relu(x, 0.2)


def normalise(x: Tensor) -> Tensor:
    """Layer normalisation over the channels, without parameters."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


def convolution(filters: int, kernel: int, *, strides: int = 1, gain: float = 1.0) -> keras.Layer:
    """A convolution over time, He-initialised; `gain` scales the first weights."""
    start = keras.initializers.VarianceScaling(2.0 * gain**2, "fan_in", "truncated_normal")
    return Conv1D(filters, kernel, strides=strides, padding="same", kernel_initializer=start)


def upsample(x: Tensor, times: int) -> Tensor:
    """Repeats every time step: `(batch, time, c)` to `(batch, times * time, c)`."""
    return tf.repeat(x, times, axis=1)


def pool(x: Tensor, steps: int) -> Tensor:
    """Means of `steps` neighbours: `(batch, time, c)` to `(batch, time / steps, c)`."""
    shape = tf.shape(x)
    return tf.reduce_mean(tf.reshape(x, (shape[0], -1, steps, x.shape[-1])), axis=2)


class Residual(keras.Layer):
    """Two convolutions beside an identity; `condition`, if given, scales and shifts between (FiLM).

    References:
        Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer, 2018.
    """

    def __init__(self, channels: int, kernel: int, *, normalised: bool, film: bool = False) -> None:
        super().__init__()
        self.normalised = normalised
        self.first = convolution(channels, kernel)
        self.second = convolution(channels, kernel, gain=0.5)
        self.film = keras.layers.Dense(2 * channels) if film else None

    def call(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Maps `(batch, time, channels)` to the same shape."""
        hidden = self.first(leaky(x))
        if self.normalised:
            hidden = normalise(hidden)
        if self.film is not None:
            scale, shift = tf.split(self.film(condition), 2, axis=-1)
            hidden = hidden * (1.0 + scale) + shift
        return x + self.second(leaky(hidden))
