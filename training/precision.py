"""What convolutions are computed in: float32, or bfloat16 where an iteration asks for it.

In bfloat16 a convolution and its gradients take numbers of 8 binary digits, add up their products
in float32 and round the sums. It takes half the time; all that lies between, weights, losses and
optimizer stay in float32. What plays and what is exported never asks for it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import keras
import tensorflow as tf

from training.tensors import Tensor

# Of x86. Without them TensorFlow 2.21 needs twice as long as in float32 where there is AVX-512, and
# twelve times as long where it has nothing but its own loops.
INSTRUCTIONS = ("amx_bf16", "avx512_bf16")
PROCESSOR = Path("/proc/cpuinfo")

logger = logging.getLogger(__name__)

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
    """Keras's, as asked for; Keras files its weights under the name of the class."""

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution without its bias."""
        return convolved(super().convolution_op, inputs, kernel)


def warn_if_slow(precision: str, processor: Path = PROCESSOR) -> None:
    """Says so if this processor has no instructions for `precision`.

    Args:
        precision: `float32` or `bfloat16`.
        processor: Linux's description of it.
    """
    known = processor.read_text().split() if processor.exists() else []
    if precision == "bfloat16" and not set(INSTRUCTIONS) & set(known):
        logger.warning(
            "This processor has no instructions for bfloat16 (%s), so training takes two to twelve "
            "times as long as in float32. Leave `precision` at float32, or train on a machine that "
            "has them, such as ml.c7i.",
            " or ".join(INSTRUCTIONS),
        )
