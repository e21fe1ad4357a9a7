import numpy as np
import pytest
import tensorflow as tf

from training.doubling import DoublingConvolution, in_plain_products

# Of float32, relative to the largest value: sums of up to 4096 products.
TOLERANCE = 1e-5

# The shapes of the generator, and one that is neither square nor even.
SHAPES = [(2, 8, 1024, 256), (4, 16, 512, 128), (16, 64, 128, 4), (3, 5, 2, 7)]


def in_two_layers(x, kernel, bias):
    """The seed design in float64: nearest upsampling, then a convolution.

    In float32 its rounding is several times ours: oneDNN convolves differently on every processor.
    """
    x, kernel, bias = (tf.cast(value, tf.float64) for value in (x, kernel, bias))
    doubled = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
    return tf.tanh(tf.nn.bias_add(tf.nn.conv2d(doubled, kernel, 1, "SAME"), bias))


def assert_near(ours, truth):
    assert np.max(np.abs(ours.numpy() - truth)) < TOLERANCE * np.max(np.abs(truth))


@pytest.mark.parametrize(("height", "width", "channels", "filters"), SHAPES)
def test_outputs_and_gradients_are_those_of_the_two_layers(height, width, channels, filters):
    random = np.random.default_rng(1)
    x = tf.constant(random.standard_normal((2, height, width, channels)), tf.float32)
    weigh = tf.constant(random.standard_normal((2, 2 * height, 2 * width, filters)), tf.float32)
    layer = DoublingConvolution(filters, activation="tanh")
    layer.build(x.shape)
    layer.bias.assign(random.standard_normal(filters))
    variables = [x, layer.kernel.value, layer.bias.value]
    results = []
    for function in (layer, lambda x: in_two_layers(x, *variables[1:])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            loss = tf.reduce_sum(tf.cast(weigh, y.dtype) * y)
        results.append([y, *tape.gradient(loss, variables)])
    assert results[0][0].shape == layer.compute_output_shape(x.shape)
    for ours, truth in zip(*results, strict=True):
        assert_near(ours, truth)


@pytest.mark.parametrize(("height", "width", "channels", "filters"), SHAPES)
def test_in_plain_products_it_is_the_same(height, width, channels, filters):
    random = np.random.default_rng(2)
    x = tf.constant(random.standard_normal((2, height, width, channels)), tf.float32)
    layer = DoublingConvolution(filters, activation="tanh")
    layer.build(x.shape)
    layer.bias.assign(random.standard_normal(filters))
    with in_plain_products():
        graph = tf.function(layer, [tf.TensorSpec((None, *x.shape[1:]))]).get_concrete_function()
    inside = graph.graph.get_operations()
    assert "Conv2DBackpropInput" not in {operation.type for operation in inside}
    assert_near(graph(x), in_two_layers(x, layer.kernel.value, layer.bias.value))
    outside = tf.function(layer).get_concrete_function(x).graph.get_operations()
    assert "Conv2DBackpropInput" in {operation.type for operation in outside}
