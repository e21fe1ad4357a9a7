"""Convolutions in bfloat16: near float32, in an iteration alone, and a run of them.

The tolerances are those of batches of three. bfloat16 has 8 binary digits, a relative rounding of
0.4 %; what moves gradients further is that it takes values across the zero of a rectifier.
"""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from tests.training.conftest import phrases_of
from training.checkpoints import CheckpointFolder
from training.errors import TrainingError
from training.hyperparameters import Hyperparameters
from training.losses import gradient_penalty
from training.precision import convolved, convolving_in
from training.run import Folders, run
from training.unet_gan import UnetGan
from training.voices_gan import VoicesGan

LOSSES = 0.02  # of the value: 0.0001 to 0.01 were found, of six sets of weights
CRITIC = 0.15  # of the norm of a network's gradients: 0.04 to 0.07
GENERATOR = 0.35  # likewise: 0.15 to 0.21
VOICES = 0.3  # likewise: 0.06 to 0.17, of three sets of weights
PENALTY = 0.1  # of the value: 0.004 to 0.04, for it is what slopes differ from 1
SEED = tf.constant([5, 0])
CONVOLUTIONS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    return UnetGan(4, Hyperparameters(architecture="unet", precision="bfloat16"))


@pytest.fixture(scope="module")
def batches(gan):
    pitch = np.random.default_rng(0).integers(40, 80, (1, 3, 32, 4))
    return gan.prepare({"pitch": tf.constant(pitch, tf.int32)}, SEED)


def gradients(gan, batches, precision, network):
    """The loss of a network in a precision, and all its gradients in one row."""
    batch = {name: array[0] for name, array in batches.items()}
    variables = getattr(gan, network).trainable_variables
    before = [variable.numpy() for variable in gan.generator.variables]
    with convolving_in(precision), tf.GradientTape() as tape:
        if network == "critic":
            loss, _ = gan.critic_terms(batch, SEED)
        else:
            loss, _ = gan.generator_terms(batch, SEED, tf.constant(0.0))
    for variable, value in zip(gan.generator.variables, before, strict=True):
        variable.assign(value)  # batch normalisation has moved its averages
    found = tape.gradient(loss, variables)
    assert {gradient.dtype for gradient in found} == {tf.float32}
    return float(loss), in_one_row(found)


def in_one_row(gradients):
    """All that there are: not everything has a part in every loss."""
    return np.concatenate([np.ravel(each) for each in gradients if each is not None])


@pytest.mark.parametrize(("network", "tolerance"), [("critic", CRITIC), ("generator", GENERATOR)])
def test_losses_and_gradients_are_near_those_of_float32(gan, batches, network, tolerance):
    found = [gradients(gan, batches, kind, network) for kind in ("float32", "bfloat16")]
    near(*found, tolerance)


def near(exact, rounded, tolerance, losses=LOSSES):
    """Holds losses and gradients together; they differ, or nothing was rounded."""
    assert rounded[0] == pytest.approx(exact[0], rel=losses)
    distance = np.linalg.norm(rounded[1] - exact[1]) / np.linalg.norm(exact[1])
    assert 0.001 < distance < tolerance, distance


@pytest.fixture(scope="module")
def choir():
    """A GAN of `voices`, with one-hot melodies, onsets and voices of three phrases."""
    keras.utils.set_random_seed(0)
    phrases = phrases_of(9)
    gan = VoicesGan(phrases.pitch, Hyperparameters(precision="bfloat16"))
    three = {"pitch": tf.constant(phrases.pitch[:3], tf.int32)}
    return gan, *gan._open({**three, "onset": tf.constant(phrases.onset[:3], tf.float32)})


def test_voices_are_told_as_in_float32(choir):
    """Beside the truth: what is chosen is another pitch where two are as likely."""
    gan, melody, onset, voices = choir
    noise = tf.random.stateless_normal((3, *gan.noise_shape), SEED)
    variables, found = gan.generator.trainable_variables, []
    for precision in ("float32", "bfloat16"):
        with convolving_in(precision), tf.GradientTape() as tape:
            told = gan.generator(melody, onset, noise, voices, tf.ones((3, 1, 1)))
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(voices, told.logits))
        found.append((float(loss), in_one_row(tape.gradient(loss, variables))))
    near(*found, VOICES)


def test_the_critic_of_voices_learns_as_in_float32(choir):
    gan, melody, _, voices = choir
    variables, found = gan.critic.trainable_variables, []
    for precision in ("float32", "bfloat16"):
        with convolving_in(precision), tf.GradientTape() as tape:
            foreign, mix = tf.roll(voices, 1, axis=0), tf.constant([0.2, 0.5, 0.9])
            loss = gradient_penalty(lambda x: gan.critic(melody, x), voices, foreign, mix=mix)
        found.append((float(loss), in_one_row(tape.gradient(loss, variables))))
    near(*found, VOICES, PENALTY)


def kinds(graph):
    """In what each type of operation of a graph computes."""
    found = {}
    for operation in graph.get_operations():
        if operation.outputs:
            found.setdefault(operation.type, set()).add(operation.outputs[0].dtype)
    return found


def test_the_convolutions_of_an_iteration_alone_are_in_bfloat16(gan):
    pitch = np.zeros((1, 2, 32, 4), np.int32)
    batch = {"pitch": tf.constant(pitch), "onset": tf.zeros(pitch.shape)}
    found = kinds(gan._adversarial.get_concrete_function(batch, SEED, tf.constant(0.5)).graph)
    assert {kind for name in CONVOLUTIONS for kind in found[name]} == {tf.bfloat16}
    low = {name for name, values in found.items() if tf.bfloat16 in values}
    # What else is there comes of casts, and of adding zeros where nothing is led back.
    assert low - set(CONVOLUTIONS) <= {"Cast", "ZerosLike", "AddN", "Identity", "Const", "Fill"}
    specs = gan.signature().values()
    played = kinds(tf.function(gan.serve, autograph=False).get_concrete_function(*specs).graph)
    assert not [name for name, values in played.items() if tf.bfloat16 in values]
    assert played["Conv2D"] == {tf.float32}


def test_voices_train_in_bfloat16_with_the_critic_and_before(choir, monkeypatch):
    """Their graphs take too long to trace here."""
    gan, one, kernel = choir[0], tf.constant([[[0.3]]]), tf.constant([[[0.7]]])

    def convolve(*_):
        product = convolved(lambda x, k: tf.nn.conv1d(x, k, 1, "SAME"), one, kernel)
        return float(product[0, 0, 0])

    monkeypatch.setattr("training.gan.Gan._iteration", convolve)
    monkeypatch.setattr("training.gan.Gan._descend", convolve)
    assert convolve() == pytest.approx(0.21, rel=1e-6)
    for train in (lambda: gan._iteration({}, SEED, 0.5), lambda: gan._warm_up_iteration({}, SEED)):
        assert train() == 0.2099609375  # the nearest number of 8 binary digits


def test_a_run_in_bfloat16_is_continued_and_exported_in_float32(tmp_path):
    folders = Folders(tmp_path / "model", tmp_path / "data", tmp_path / "checkpoints")

    def train(precision, killed_after=None):
        asked, said = iter(range(9)), io.StringIO()

        def stop_requested():
            if next(asked) == killed_after:
                raise KeyboardInterrupt
            return False

        values = Hyperparameters(
            architecture="unet",
            precision=precision,
            iterations=2,
            batch_size=2,
            critic_updates=1,
            checkpoint_every=1,
        )
        phrases = phrases_of(8, valid=2)
        run(values, phrases, folders, stop_requested=stop_requested, metrics_to=said)
        return said.getvalue()

    with pytest.raises(KeyboardInterrupt):
        train("bfloat16", killed_after=1)
    with pytest.raises(TrainingError, match="its precision is 'bfloat16', this run's is 'float32'"):
        train("float32")
    assert "Continuing from the checkpoint of iteration 1." in train("bfloat16")
    assert CheckpointFolder(folders.checkpoints, keep=2).newest().iteration == 2
    exported = Interpreter(str(folders.model / "generator.tflite")).get_tensor_details()
    assert {each["dtype"] for each in exported} <= {np.float32, np.int32}
