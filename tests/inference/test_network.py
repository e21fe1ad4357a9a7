"""The same question, the same answer: LiteRT alone does not keep to it."""

import numpy as np
import pytest

from inference.network import Network

STEPS, PITCHES, VOICES, WIDTH = 32, 60, 3, 96


def weights(seed, *shape):
    random = np.random.default_rng(seed)
    return (random.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)


def convert(place, batch):
    """Voices of which each hears those before it, as in the generator; weights at random."""
    import tensorflow as tf

    class Voices(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((batch, STEPS), tf.float32, name="x")])
        def __call__(self, x):
            batch = tf.shape(x)[0]
            place = tf.tile(weights(0, 1, STEPS, 17), [batch, 1, 1])
            heard = tf.concat([x[..., None], place], axis=-1)
            heard = tf.nn.leaky_relu(tf.nn.conv1d(heard, weights(1, 3, 18, WIDTH), 1, "SAME"))
            told = tf.zeros([batch, STEPS, VOICES, PITCHES])
            is_told = tf.zeros([batch, 1, VOICES])
            voices = []
            for voice in range(VOICES):
                kernel = weights(2 + voice, 3, WIDTH + PITCHES * voice, PITCHES)
                scores = tf.nn.conv1d(heard, kernel, 1, "SAME")
                chosen = tf.one_hot(tf.argmax(scores, -1), PITCHES)
                share = is_told[:, :, voice : voice + 1]
                note = told[:, :, voice] * share + chosen * (1 - share)
                voices.append(note @ weights(5 + voice, PITCHES, PITCHES))
                heard = tf.concat([heard, note], axis=-1)
            return {"y": tf.stack(voices, axis=2)}

    tf.saved_model.save(Voices(), str(place / "1"))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(place / "1"))
    (place / "voices.tflite").write_bytes(converter.convert())
    return place / "voices.tflite"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A network for any batch."""
    return convert(tmp_path_factory.mktemp("network"), None)


@pytest.fixture(scope="module")
def file_for_one(tmp_path_factory):
    """The same for a batch of one."""
    return convert(tmp_path_factory.mktemp("network"), 1)


QUESTIONS = np.random.default_rng(9).standard_normal((64, STEPS)).astype(np.float32)


@pytest.fixture(scope="module")
def alone(file):
    """The answer to each question, asked alone of a network that nobody has asked before."""
    return np.concatenate([Network(file, 1)(x=question[None])["y"] for question in QUESTIONS])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "batches", [(64, 64, 64), (1, 10, 10, 64, 64), (10, 64, 64, 10, 10, 64), (64, 10, 64, 1, 64)]
)
def test_a_question_is_answered_alike_in_every_batch(file, alone, batches, threads):
    network = Network(file, threads)
    for number, batch in enumerate(batches):
        answer = network(x=QUESTIONS[:batch])["y"]
        np.testing.assert_allclose(answer, alone[:batch], atol=1e-4, err_msg=f"call {number}")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_for_one_answers_all_again_and_again(file_for_one, alone, threads):
    network = Network(file_for_one, threads)
    for number, batch in enumerate((1, 64, 1, 10, 64)):
        answer = network(x=QUESTIONS[:batch])["y"]
        np.testing.assert_allclose(answer, alone[:batch], atol=1e-4, err_msg=f"call {number}")
