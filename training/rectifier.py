"""A leaky rectifier whose slopes are what they are, constants.

The gradient penalty differentiates the critic's gradient, and that depends on the input of a
rectifier by its slope alone, which does not change with it. TensorFlow says so by zeros, which it
leads back through all convolutions below: a ninth of an iteration's products. Here nothing goes
back.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from training.tensors import Tensor


class Rectifier(keras.layers.LeakyReLU):
    """`LeakyReLU`, and its gradient, which has none with respect to the input."""

    def call(self, inputs: Tensor) -> Tensor:
        """Any shape to the same."""

        @tf.custom_gradient
        def bend(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
            def backward(slope: Tensor) -> Tensor:
                fixed = tf.stop_gradient(x)
                return tf.raw_ops.LeakyReluGrad(
                    gradients=slope, features=fixed, alpha=self.negative_slope
                )

            return tf.nn.leaky_relu(x, self.negative_slope), backward

        return bend(inputs)
