"""What every module with networks needs: the tensor type, and seeds for several draws."""

from typing import TypeAlias

import tensorflow as tf

Tensor: TypeAlias = tf.Tensor


def nth_seed(seed: Tensor, number: int) -> Tensor:
    """The seed of draw `number`: two integers, the second counted up."""
    return seed + tf.constant([0, number])
