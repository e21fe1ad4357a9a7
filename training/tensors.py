"""What every module with networks needs: the tensor type, products, and seeds for several draws."""

from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor: TypeAlias = tf.Tensor


def nth_seed(seed: Tensor, number: int) -> Tensor:
    """The seed of draw `number`: two integers, the second counted up."""
    return seed + tf.constant([0, number])


def last_axis_product(x: Tensor, matrix: NDArray[np.float32]) -> Tensor:
    """Multiplies `(batch, ..., n)` by `(n, m)` to `(batch, ..., m)`.

    As one matrix product: `tf.matmul` makes as many small ones as there are rows of the last two
    axes, several times slower.
    """
    product = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), tf.constant(matrix))
    return tf.reshape(product, (-1, *x.shape[1:-1], matrix.shape[-1]))
