"""Nearest upsampling and the convolution after it, in one and with a quarter of the work.

To repeat every cell twice is to put a zero after it and to add each cell to the one before. The
convolution may as well come before that addition, and a convolution of what is zero in every other
row and column is a transposed one: 4 products an output instead of 16, with the same kernel.
"""

import keras
import tensorflow as tf

from training.tensors import Tensor

FACTOR = 2
KERNEL = 4


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
        summed = convolve_doubled(inputs, self.kernel)
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
    # LiteRT's fast kernels want the size written down, if it is known.
    size = (batch or tf.shape(x)[0], FACTOR * height + 2, FACTOR * width + 2, kernel.shape[3])
    # The mean of four is their sum if the kernel is four times as large.
    spread = tf.nn.conv2d_transpose(x, 4.0 * _turned(kernel), size, FACTOR, "VALID")
    return tf.nn.avg_pool2d(spread[:, 1:, 1:], FACTOR, 1, "VALID")


def _turned(kernel: Tensor) -> Tensor:
    """Back to front, and `(4, 4, filters, c)`."""
    _, _, inputs, filters = kernel.shape
    # As a list of taps: TensorFlow takes eight times as long to step back through an array.
    taps = tf.unstack(tf.reshape(kernel, (KERNEL * KERNEL, inputs, filters)))
    turned = tf.transpose(tf.stack(taps[::-1]), (0, 2, 1))
    return tf.reshape(turned, (KERNEL, KERNEL, filters, inputs))
