"""The peers compute what we compute: else their times could not be compared."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.peers.tensorflow_port import Port
from training.hyperparameters import Hyperparameters
from training.tensors import nth_seed
from training.unet_gan import UnetGan

TRACKS, BATCH, UPDATES = 4, 3, 2
# Of norms, in float32. It is 4e-6 as a rule; a rectifier that rounding moves across zero makes it
# a thousandth. Averages in the place of a batch's own moments, say, make it more than a tenth.
TOLERANCE = 5e-3


@pytest.fixture(scope="module")
def ours():
    keras.utils.set_random_seed(2)
    gan = UnetGan(TRACKS, Hyperparameters(architecture="unet"))
    random = np.random.default_rng(3)
    for network in gan.networks:  # as after some training: nothing is exactly 0 or 1
        for variable in network.variables:
            strayed = 1 + 0.1 * random.standard_normal(variable.shape)
            variable.assign((variable + 0.01 * (len(variable.shape) == 1)) * strayed)
    return gan


@pytest.fixture(scope="module")
def port(ours):
    port = Port(TRACKS)
    port.generator.set_weights(ours.generator.get_weights())
    port.critic.set_weights(ours.critic.get_weights())
    return port


@pytest.fixture(scope="module")
def batches(ours):
    """An iteration's batches, with what the critic hears of the generator."""
    random = np.random.default_rng(4)
    pitch = tf.constant(random.integers(40, 80, (UPDATES, BATCH, 32, TRACKS)), tf.int32)
    return ours.prepare({"pitch": pitch}, SEED)


SEED = tf.constant([5, 0])


def rolls(batches, update):
    roll = tf.one_hot(batches["pitch"][update], 128)
    return 2 * tf.transpose(roll, (0, 1, 3, 2)) - 1


def noise(seed):
    return tf.random.stateless_truncated_normal((BATCH, 2, 8, 512), seed)


def alike(ours, others):
    sizes = [np.linalg.norm(other) for other in others]
    for one, other, size in zip(ours, others, sizes, strict=True):
        # A bias before a batch normalisation changes nothing: what it gets is rounding alone.
        assert np.linalg.norm(one - other) <= TOLERANCE * size + 1e-6 * max(sizes)


@pytest.mark.parametrize("update", range(UPDATES))
def test_the_critic_learns_as_in_the_notebook(ours, port, batches, update):
    seed = nth_seed(SEED, 2 * update)
    variables = ours.critic.trainable_variables
    with tf.GradientTape() as tape:
        batch = {name: array[update] for name, array in batches.items()}
        loss, _ = ours.critic_terms(batch, seed)
    blend = tf.random.stateless_uniform((BATCH,), nth_seed(seed, 1))
    blend = tf.reshape(blend, (BATCH, 1, 1, 1))
    expected, gradients = port.critic_gradients(rolls(batches, update), noise(seed), blend)
    assert float(loss) == pytest.approx(float(expected), rel=TOLERANCE)
    alike(tape.gradient(loss, variables), gradients)


def test_the_generator_learns_as_in_the_notebook(ours, port, batches):
    seed = nth_seed(SEED, 2 * UPDATES)
    variables = ours.generator.trainable_variables
    with tf.GradientTape() as tape:
        batch = {"pitch": batches["pitch"][-1]}
        loss, _ = ours.generator_terms(batch, seed, tf.constant(0.0))
    expected, gradients = port.generator_gradients(rolls(batches, UPDATES - 1), noise(seed))
    assert float(loss) == pytest.approx(float(expected), rel=TOLERANCE)
    alike(tape.gradient(loss, variables), gradients)
