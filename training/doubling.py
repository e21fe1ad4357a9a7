"""Nearest upsampling and the convolution after it, in one and with a quarter of the work.

To repeat every cell twice is to put a zero after it and to add each cell to the one before. The
convolution may as well come before that addition, and a convolution of what is zero in every other
row and column is a transposed one: 4 products an output instead of 16, with the same kernel.

LiteRT's transposed convolutions take two to ten times as long as its matrix products of the same
numbers (docs/performance.md); TensorFlow's do not. So what is to become a `.tflite` file is traced
`in_plain_products`, and nothing else is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product

import keras
import tensorflow as tf

from training.precision import convolved
from training.tensors import Tensor

FACTOR = 2
KERNEL = 4
HALVES = (0, 1)  # of a kernel's rows or columns: its first two, its last two

_plainly: ContextVar[bool] = ContextVar("plainly", default=False)  # of this thread


@contextmanager
def in_plain_products() -> Iterator[None]:
    """Lets the convolutions that are traced meanwhile be written in plain products."""
    token = _plainly.set(True)
    try:
        yield
    finally:
        _plainly.reset(token)


class DoublingConvolution(keras.layers.Conv2D):
    """`UpSampling2D(2)` and a 4x4 `Conv2D` with padding `same`, whose weights it has.

    Args:
        filters: of the convolution.
        options: of `keras.layers.Conv2D`.
    """

    def __init__(self, filters: int, **options: object) -> None:
        super().__init__(filters, KERNEL, padding="same", **options)

    def call(self, inputs: Tensor) -> Tensor:
        """`(batch, height, width, c)` to `(batch, 2 * height, 2 * width, filters)`."""
        convolve = convolve_doubled_plainly if _plainly.get() else convolve_doubled
        summed = convolve(inputs, self.kernel)
        return self.activation(tf.nn.bias_add(summed, self.bias))

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Twice as high and wide."""
        batch, height, width, _ = input_shape
        return batch, FACTOR * height, FACTOR * width, self.filters


def convolve_doubled(x: Tensor, kernel: Tensor) -> Tensor:
    """Convolves `x`, each of whose cells is taken twice in both directions.

    Args:
        x: `(batch, height, width, c)`.
        kernel: `(4, 4, c, filters)`, as `tf.nn.conv2d` takes it.

    Returns:
        `(batch, 2 * height, 2 * width, filters)`.
    """
    batch, height, width, _ = x.shape
    # A size that is known is written down, so that what follows knows it, too.
    size = (batch or tf.shape(x)[0], FACTOR * height + 2, FACTOR * width + 2, kernel.shape[3])
    # The mean of four is their sum if the kernel is four times as large.
    spread = convolved(
        lambda x, kernel: tf.nn.conv2d_transpose(x, kernel, size, FACTOR, "VALID"),
        x,
        4.0 * _turned(kernel),
    )
    return tf.nn.avg_pool2d(spread[:, 1:, 1:], FACTOR, 1, "VALID")


def convolve_doubled_plainly(x: Tensor, kernel: Tensor) -> Tensor:
    """Computes what `convolve_doubled` does, in plain products.

    What is transposed adds the kernel, times a cell of `x`, to 4x4 cells: the first half of its
    rows and columns to the cell's own 2x2, the others to those of the neighbours below and to the
    right. So there are four products, of which three are moved before they are added.
    """
    inputs, filters = kernel.shape[2:]
    turned = 4.0 * kernel[::-1, ::-1]  # LiteRT's converter does this once and for all
    # As (half, row, half, column, c, filters).
    taps = tf.reshape(turned, (len(HALVES), FACTOR, len(HALVES), FACTOR, inputs, filters))
    parts = []
    for down, right in product(HALVES, HALVES):
        half = tf.transpose(taps[down, :, right], (2, 0, 1, 3))
        half = tf.reshape(half, (1, 1, inputs, FACTOR**2 * filters))
        part = tf.nn.conv2d(x, half, 1, "VALID")
        parts.append(tf.pad(part, ((0, 0), (down, 1 - down), (right, 1 - right), (0, 0))))
    spread = tf.nn.depth_to_space(parts[0] + parts[1] + parts[2] + parts[3], FACTOR)
    return tf.nn.avg_pool2d(spread[:, 1:, 1:], FACTOR, 1, "VALID")


def _turned(kernel: Tensor) -> Tensor:
    """Back to front, and `(4, 4, filters, c)`."""
    _, _, inputs, filters = kernel.shape
    # As a list of taps: TensorFlow takes eight times as long to step back through an array.
    taps = tf.unstack(tf.reshape(kernel, (KERNEL * KERNEL, inputs, filters)))
    turned = tf.transpose(tf.stack(taps[::-1]), (0, 2, 1))
    return tf.reshape(turned, (KERNEL, KERNEL, filters, inputs))
