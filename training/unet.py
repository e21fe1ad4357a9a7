"""The `unet` networks: the seed design, layer for layer, on piano rolls of 128 pitches.

Four strided convolutions take the melody down to `(2, 8)`, where the noise joins; upsampling and
convolution, one layer here, lead back with skip connections. Values are -1 and 1 inside; the
caller's are bool.

References:
    The GAN sample of AWS DeepComposer, 2019, whose layers these are.
"""

import keras

from training.doubling import DoublingConvolution
from training.precision import Conv2D
from training.rectifier import Rectifier

STEPS = 32  # of a phrase, where nothing else is said; others are multiples of 16
PITCHES = 128
FILTERS = 64
KERNEL = 4
MOMENTUM = 0.8  # of batch normalisation, as in the seed design


def noise_shape(steps: int) -> tuple[int, int, int]:
    """The noise of one phrase: four halvings of its steps and pitches, `(2, 8, 512)` of 32."""
    return steps // 16, PITCHES // 16, 8 * FILTERS


def build_generator(tracks: int, steps: int = STEPS) -> keras.Model:
    """Melody `(32, 128, 1)` and noise `(2, 8, 512)` to a roll `(32, 128, tracks)` in [-1, 1]."""
    melody = keras.Input((steps, PITCHES, 1), name="melody")
    noise = keras.Input(noise_shape(steps), name="noise")
    first = _down(melody, FILTERS, normalised=False)
    second = _down(first, 2 * FILTERS)
    third = _down(second, 4 * FILTERS)
    fourth = _down(third, 8 * FILTERS)
    x = keras.layers.Concatenate()([fourth, noise])
    x = _up(x, third, 4 * FILTERS)
    x = _up(x, second, 2 * FILTERS)
    x = _up(x, first, FILTERS)
    x = DoublingConvolution(tracks, activation="tanh")(x)
    return keras.Model([melody, noise], x, name="generator")


def build_critic(tracks: int, steps: int = STEPS) -> keras.Model:
    """Roll `(32, 128, tracks)` and melody `(32, 128, 1)` to one score."""
    roll = keras.Input((steps, PITCHES, tracks), name="roll")
    melody = keras.Input((steps, PITCHES, 1), name="melody")
    x = keras.layers.Concatenate()([roll, melody])
    for level in range(4):
        x = Conv2D(FILTERS * 2**level, KERNEL, strides=2, padding="same")(x)
        x = Rectifier(0.2)(x)
    x = keras.layers.Dense(1)(keras.layers.Flatten()(x))
    return keras.Model([roll, melody], x, name="critic")


def _down(x: keras.KerasTensor, filters: int, *, normalised: bool = True) -> keras.KerasTensor:
    x = Conv2D(filters, KERNEL, strides=2, padding="same")(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    return keras.layers.BatchNormalization(momentum=MOMENTUM)(x) if normalised else x


def _up(x: keras.KerasTensor, skip: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    x = DoublingConvolution(filters)(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = keras.layers.ReLU()(x)
    return keras.layers.Concatenate()([x, skip])
