"""The benchmark counts what TensorFlow really computes."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.flops import (
    iteration_flops,
    phrase_flops,
    products_of,
    products_of_iteration,
    unet_iteration_flops,
)
from training.hyperparameters import Hyperparameters
from training.unet_gan import UnetGan

COUNTED = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "MatMul", "BatchMatMulV2"]


def counted_by_tensorflow(graph):
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
    options = options.with_accounted_types(COUNTED).with_empty_output().build()
    return profiler.profile(graph, options=options).total_float_ops


def test_unet_from_its_layers_as_from_its_graph():
    """Five critic updates with their penalty and one generator update, traced and not run."""
    batch, tracks = 2, 3
    values = Hyperparameters(architecture="unet", batch_size=batch)
    pitch = np.zeros((values.critic_updates, batch, 32, tracks), np.int8)
    batches = {"pitch": pitch, "onset": pitch.astype(bool)}
    products = products_of_iteration(UnetGan(tracks, values), batches)
    traced, counted = iteration_flops(products), unet_iteration_flops(batch, tracks)
    assert sum(counted.parts.values()) == counted.ours
    for network in ("generator", "critic"):
        wholes = [
            sum(flop for name, flop in flops.parts.items() if name.startswith(network))
            for flops in (traced, counted)
        ]
        assert wholes[0] == pytest.approx(wholes[1], rel=1e-4), network


def test_a_phrase_is_a_generator_forward():
    """Six updates play to a batch each; the same from the layers and from the exported graph."""
    forward = unet_iteration_flops(batch=1, tracks=4).parts["generator forward"] / 6
    assert phrase_flops("unet") == pytest.approx(forward, rel=1e-6)


def test_the_port_has_four_times_the_products_of_each_layer_that_doubles():
    fewer, more = unet_iteration_flops(1, 1), unet_iteration_flops(1, 4)
    assert 1.5 < fewer.port / fewer.ours < 1.7
    # One more track: the last layer of the generator, by hand, forwards in 6 updates, and in one
    # of them by filter and by input; and what the critic hears more, in its first layer.
    last = 2 * 32 * 128 * 16 * 128 * 3 * 8
    first = 2 * 16 * 64 * 16 * 64 * 3 * (21 + 15 + 6)
    assert more.port - fewer.port == last + first
    assert more.ours - fewer.ours == last / 4 + first


@pytest.mark.parametrize("strides", [1, 2])
def test_all_directions_as_tensorflow_counts_them(strides):
    """Of `SAME` padding: of `VALID` TensorFlow counts gradients by the size of the input."""
    kernel = tf.Variable(tf.zeros((4, 4, 3, 7)))
    matrix = tf.Variable(tf.zeros((5, 7)))

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.conv2d(x, kernel, strides, "SAME")
            score = tf.reduce_sum(tf.matmul(matrix, tf.reshape(y, (-1, 7)), transpose_b=True))
        return score, tape.gradient(score, [x, kernel, matrix])

    graph = gradients.get_concrete_function(tf.TensorSpec((2, 12, 16, 3))).graph
    assert iteration_flops(products_of(graph)).ours == counted_by_tensorflow(graph)


def test_unknown_shapes_are_refused():
    @tf.function
    def squared(x):
        return tf.matmul(x, x, transpose_b=True)

    graph = squared.get_concrete_function(tf.TensorSpec((None, 3))).graph
    with pytest.raises(ValueError, match="known shapes"):
        products_of(graph)
