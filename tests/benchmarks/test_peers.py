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
# Of losses after some updates: rounding turns what Adam makes of the least gradients about.
COURSE_TOLERANCE = 2e-2
NOT_INSTALLED = "a peer of the benchmarks alone: `pip install -r benchmarks/peers/requirements.txt`"


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


@pytest.fixture(scope="module")
def given():
    """What all ports take: rolls, noise, blends."""
    random = np.random.default_rng(6)
    pitch = random.integers(40, 80, (BATCH, 32, 1, TRACKS))
    roll = 2.0 * (pitch == np.arange(128)[:, None]) - 1.0
    drawn = random.standard_normal((BATCH, 2, 8, 512)), random.random((BATCH, 1, 1, 1))
    return [array.astype(np.float32) for array in (roll, *drawn)]


@pytest.fixture(scope="module")
def notebook(port, given):
    """The port's weights, the gradients there and the losses of some updates from there."""
    networks = port.generator, port.critic
    weights = [network.get_weights() for network in networks]

    def reset():
        for network, arrays in zip(networks, weights, strict=True):
            network.set_weights(arrays)

    tensors = [tf.constant(array) for array in given]
    gradients = port.critic_gradients(*tensors)[1], port.generator_gradients(*tensors[:2])[1]
    reset()
    yield weights, [[array.numpy() for array in some] for some in gradients], course(port, tensors)
    reset()


def course(port, given):
    """The losses of some updates: as each depends on those before, all that moves is in them."""
    moves = [port.critic_step(*given), port.generator_step(*given[:2])]
    moves += [port.critic_step(*given), port.critic_step(*given), port.generator_step(*given[:2])]
    return [float(loss) for loss in (*moves, port.critic_step(*given))]


def test_pytorch_learns_as_in_the_notebook(notebook, given):
    torch = pytest.importorskip("torch", reason=NOT_INSTALLED)
    from benchmarks.peers.pytorch_port import Port

    torch.set_num_threads(1)  # several would wait for each other, busily, beside other tests

    def turned(array):
        """(height, width, from, to) and (from, to) the other way about."""
        return array.transpose({1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[array.ndim]).copy()

    weights, (for_critic, for_generator), losses = notebook
    tensors = [torch.from_numpy(array) for array in given]
    port = Port(TRACKS)

    def reset():
        for network, arrays in zip((port.generator, port.critic), weights, strict=True):
            state = [v for k, v in network.state_dict().items() if not k.endswith("tracked")]
            for tensor, array in zip(state, arrays, strict=True):
                tensor.copy_(torch.from_numpy(turned(array)))

    def gradients(network):
        return [parameter.grad.numpy() for parameter in network.parameters()]

    reset()
    port.critic_gradients(*tensors)
    alike(gradients(port.critic), [turned(array) for array in for_critic])
    port.generator_gradients(*tensors[:2])
    alike(gradients(port.generator), [turned(array) for array in for_generator])
    reset()
    assert course(port, tensors) == pytest.approx(losses, rel=COURSE_TOLERANCE)


def test_jax_learns_as_in_the_notebook(notebook, given):
    jax = pytest.importorskip("jax", reason=NOT_INSTALLED)
    from benchmarks.peers.jax_port import BETAS, Port

    weights, (for_critic, for_generator), losses = notebook
    arrays = [jax.numpy.asarray(array) for array in given]
    port = Port(TRACKS)
    resting = jax.tree.map(np.asarray, (port.generator, port.critic))

    def reset():
        port.critic, _ = filled(resting[1], weights[1])
        port.generator, port.averages = filled(resting[0], weights[0])

    def gradients(state):
        """After one update Adam's first moments are a share of them."""
        return [np.asarray(moment) / (1 - BETAS[0]) for moment in jax.tree.leaves(state[1])]

    reset()
    port.critic_step(*arrays)
    alike(gradients(port.critic), for_critic)
    reset()
    port.generator_step(*arrays[:2])
    alike(gradients(port.generator), for_generator)
    reset()
    assert course(port, arrays) == pytest.approx(losses, rel=COURSE_TOLERANCE)


def filled(state, weights):
    """JAX's state with these weights, and the averages that Keras has among them."""
    left, layers, averages = iter([array.copy() for array in weights]), [], []
    for kernel, _ in state[0]:
        layers.append([next(left), next(left)])
        if kernel.ndim == 1:
            averages.append([next(left), next(left)])
    assert next(left, None) is None
    return (layers, *state[1:]), averages
