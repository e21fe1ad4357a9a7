"""What convolutions are computed in: float32, or bfloat16 where an iteration asks for it.

In bfloat16 a convolution and its gradients take numbers of 8 binary digits, add up their products
in float32 and round the sums. All that lies between, weights, losses and optimizer stay in float32.
What plays and what is exported never asks for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
import tensorflow as tf

from training.tensors import Tensor

# Of this thread: evaluations are made beside the training, in float32.
_kind: ContextVar[tf.DType] = ContextVar("kind", default=tf.float32)


@contextmanager
def convolving_in(precision: str) -> Iterator[None]:
    """Lets convolutions that are traced meanwhile compute in `float32` or `bfloat16`."""
    token = _kind.set(tf.as_dtype(precision))
    try:
        yield
    finally:
        _kind.reset(token)


def convolved(convolution: Callable[[Tensor, Tensor], Tensor], x: Tensor, kernel: Tensor) -> Tensor:
    """Computes `convolution(x, kernel)` of float32 as asked for, and gives it in float32."""
    kind = _kind.get()
    return tf.cast(convolution(tf.cast(x, kind), tf.cast(kernel, kind)), tf.float32)


class Conv2D(keras.layers.Conv2D):
    """Keras's, as asked for; Keras files weights under the name of the class."""

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution without its bias."""
        return convolved(super().convolution_op, inputs, kernel)


class Conv1D(keras.layers.Conv1D):
    """Likewise, of one axis."""

    def call(self, inputs: Tensor) -> Tensor:
        """`(batch, time, c)` to `(batch, time / strides, filters)`."""

        def convolution(x: Tensor, kernel: Tensor) -> Tensor:
            return tf.nn.conv1d(x, kernel, self.strides[0], self.padding.upper())

        return tf.nn.bias_add(convolved(convolution, inputs, self.kernel), self.bias)
