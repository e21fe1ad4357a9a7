import keras
import numpy as np
import pytest
import tensorflow as tf

from training.doubling import DoublingConvolution, in_plain_products

# Of float32, relative to the largest value: sums of up to 4096 products in another order.
TOLERANCE = 1e-5

# The shapes of the generator, and one that is neither square nor even.
SHAPES = [(2, 8, 1024, 256), (4, 16, 512, 128), (16, 64, 128, 4), (3, 5, 2, 7)]


def in_two_layers(x, layer):
    """The seed design: nearest upsampling, then a convolution."""
    doubled = keras.layers.UpSampling2D(2)(x)
    return layer.activation(
        tf.nn.bias_add(tf.nn.conv2d(doubled, layer.kernel, 1, "SAME"), layer.bias)
    )


@pytest.mark.parametrize(("height", "width", "channels", "filters"), SHAPES)
def test_outputs_and_gradients_are_those_of_the_two_layers(height, width, channels, filters):
    random = np.random.default_rng(1)
    x = tf.constant(random.standard_normal((2, height, width, channels)), tf.float32)
    weigh = tf.constant(random.standard_normal((2, 2 * height, 2 * width, filters)), tf.float32)
    layer = DoublingConvolution(filters, activation="tanh")
    layer.build(x.shape)
    layer.bias.assign(random.standard_normal(filters))
    results = []
    for function in (layer, lambda x: in_two_layers(x, layer)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            loss = tf.reduce_sum(weigh * y)
        wanted = [x, layer.kernel.value, layer.bias.value]
        results.append([y, *tape.gradient(loss, wanted)])
    assert results[0][0].shape == layer.compute_output_shape(x.shape)
    for ours, reference in zip(*results, strict=True):
        assert np.max(np.abs(ours - reference)) < TOLERANCE * np.max(np.abs(reference))


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
    reference = in_two_layers(x, layer)
    assert np.max(np.abs(graph(x) - reference)) < TOLERANCE * np.max(np.abs(reference))
    outside = tf.function(layer).get_concrete_function(x).graph.get_operations()
    assert "Conv2DBackpropInput" in {operation.type for operation in outside}
