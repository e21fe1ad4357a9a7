import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from inference.network import Network
from inference.predictor import Predictor
from music.manifest import Manifest
from tests.training.conftest import phrases_of
from training.export import export
from training.hyperparameters import Hyperparameters
from training.origin import origin_of
from training.players import melody_inputs
from training.run import build_gan


@pytest.fixture(scope="module", params=["voices", "unet"])
def exported(request, tmp_path_factory):
    phrases = phrases_of(30)
    values = Hyperparameters(architecture=request.param)
    gan = build_gan(values, phrases)
    if gan.average_decay is not None:  # averages that differ from the weights themselves
        for average in gan.averages:
            average.assign_add(0.01 * np.random.default_rng(0).normal(size=average.shape))
    folder = tmp_path_factory.mktemp("model")
    export(gan, folder, origin_of(values, phrases, gan), {"headline": 1.0})
    return gan, folder


def inputs(gan, count=3):
    random = np.random.default_rng(1)
    pitch = random.integers(60, 78, (count, 8)).repeat(4, axis=1)
    onset = np.tile(np.arange(32) % 4 == 0, (count, 1))
    return pitch, onset, random.normal(size=(count, *gan.noise_shape)).astype(np.float32)


def served(gan, folder, pitch, onset, noise):
    loaded = tf.saved_model.load(str(folder / "1"))
    serve = loaded.signatures["serving_default"]
    arguments = {"noise": tf.constant(noise)}
    if "roll" in gan.signature():
        arguments["roll"] = tf.one_hot(pitch, 128)[..., None]
    else:
        arguments["pitch"] = tf.constant(pitch, tf.int32)
        arguments["onset"] = tf.constant(onset, tf.float32)
    return serve(**arguments)


def test_lite_and_saved_model_say_what_the_averaged_generator_says(exported):
    gan, folder = exported
    arguments = inputs(gan)
    expected, onsets = gan.snapshot().accompany(*arguments)
    roll, onset = Predictor(folder).accompany(*arguments)
    assert np.mean(roll == expected) > 0.9999  # a tie may fall otherwise in another kernel
    assert np.mean(onset == onsets) > 0.9999
    answer = served(gan, folder, *arguments)
    if "pitch" in answer:
        assert np.mean(answer["pitch"] == expected.argmax(axis=2)) > 0.999
    else:
        assert np.mean((answer["roll"].numpy()[..., 1:] > 0) == expected) > 0.9999


def test_lite_answers_a_phrase_alike_in_every_batch(exported):
    gan, folder = exported
    pitch, onset, noise = inputs(gan, count=8)
    asked = {**melody_inputs(gan.architecture, pitch, onset), "noise": noise}
    asked = {name: np.asarray(array) for name, array in asked.items()}

    def answers(network, count):
        return network(**{name: array[:count] for name, array in asked.items()})

    network = Network(folder / "generator.tflite", 2)
    expected = answers(Network(folder / "generator.tflite", 1), 8)
    for count in (1, 8, 8, 3, 1, 1, 8):
        for name, answer in answers(network, count).items():
            close = np.isclose(answer, expected[name][:count], atol=1e-5)
            assert len(answer) == count
            assert np.mean(close) > 0.9999, f"{name}, {count} phrases"


def test_lite_transposes_no_convolution(exported):
    """It would take several times as long, see `training.doubling`."""
    _, folder = exported
    network = Interpreter(str(folder / "generator.tflite"))
    operations = {operation["op_name"] for operation in network._get_ops_details()}
    assert "CONV_2D" in operations
    assert "TRANSPOSE_CONV" not in operations


def test_lite_holds_the_weights(exported):
    """A converter may lose them silently and still write a file (SDK notes: 34 kB)."""
    gan, folder = exported
    weights = sum(4 * int(np.prod(v.shape)) for v in gan.generator.variables)
    lite = (folder / "generator.tflite").stat().st_size
    saved = (folder / "1" / "variables" / "variables.data-00000-of-00001").stat().st_size
    assert weights * 0.98 < lite < weights * 1.1
    assert weights * 0.98 < saved < weights * 1.1


def test_weights_for_further_training_are_the_averaged_ones(exported):
    gan, folder = exported
    other = build_gan(Hyperparameters(architecture=_architecture(folder)), phrases_of(30))
    other.generator.load_weights(folder / "generator.weights.h5")
    for ours, theirs in zip(gan.snapshot().weights, other.generator.variables, strict=True):
        assert np.array_equal(ours, theirs)


def test_the_manifest_vouches_for_every_file(exported):
    gan, folder = exported
    manifest = Manifest.read(folder)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(manifest.files) == files - {"manifest.json"}
    assert manifest.noise_shape == gan.noise_shape
    assert manifest.tracks == ("soprano", "alto", "tenor", "bass")
    assert manifest.metrics == {"headline": 1.0}
    low, high = manifest.melody_range
    assert 50 <= low < high <= 90


def test_exporting_again_replaces_the_model_whole(exported):
    gan, folder = exported
    phrases = phrases_of(30)
    values = Hyperparameters(architecture=_architecture(folder))
    (folder / "1" / "stale").write_text("from before")
    export(gan, folder, origin_of(values, phrases, gan), {"headline": 2.0})
    assert Manifest.read(folder).metrics == {"headline": 2.0}
    assert not (folder / "1" / "stale").exists()
    assert not list(folder.glob("draft*"))


def _architecture(folder):
    return Manifest.read(folder).architecture
