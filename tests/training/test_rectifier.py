import keras
import numpy as np
import tensorflow as tf

from training.rectifier import Rectifier

X = tf.constant([[-3.0, -0.5, 0.25, 2.0]])
WEIGHTS = tf.constant([[1.0, -2.0, 3.0, 5.0]])


def twice(layer, weights):
    """What a layer says, its gradient, and how that changes with input and weights."""
    with tf.GradientTape() as outer:
        outer.watch([X, weights])
        with tf.GradientTape() as inner:
            inner.watch(X)
            said = layer(X)
            score = tf.reduce_sum(weights * said)
        gradient = inner.gradient(score, X)
        length = tf.reduce_sum(gradient**2)
    return said, gradient, outer.gradient(length, [X, weights])


def test_it_is_leaky_relu_and_its_gradient_depends_on_the_weights_alone():
    said, gradient, (by_input, by_weights) = twice(Rectifier(0.2), WEIGHTS)
    expected = twice(keras.layers.LeakyReLU(0.2), WEIGHTS)
    np.testing.assert_allclose(said, [[-0.6, -0.1, 0.25, 2.0]], rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0.2, -0.4, 3.0, 5.0]], rtol=1e-6)
    np.testing.assert_allclose(by_weights, expected[2][1], rtol=1e-6)
    assert by_input is None  # not zeros, which would be led back through all that is below
    assert not np.any(expected[2][0])
