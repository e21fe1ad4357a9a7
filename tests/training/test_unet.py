import numpy as np
import pytest
import tensorflow as tf

from training.hyperparameters import Hyperparameters
from training.unet import build_critic, build_generator
from training.unet_gan import UnetGan

# (layer, output shape, parameters) of the seed design, the GAN sample of AWS DeepComposer: read off
# its notebook's layers. The parameters are kernel * kernel * inputs * filters + filters. Each
# DoublingConvolution is UpSampling2D and Conv2D there, and each Rectifier is LeakyReLU;
# test_doubling.py and test_rectifier.py show that they are the same.
GENERATOR = [
    ("Conv2D", (16, 64, 64), 1088),
    ("LeakyReLU", (16, 64, 64), 0),
    ("Conv2D", (8, 32, 128), 131200),
    ("LeakyReLU", (8, 32, 128), 0),
    ("BatchNormalization", (8, 32, 128), 512),
    ("Conv2D", (4, 16, 256), 524544),
    ("LeakyReLU", (4, 16, 256), 0),
    ("BatchNormalization", (4, 16, 256), 1024),
    ("Conv2D", (2, 8, 512), 2097664),
    ("LeakyReLU", (2, 8, 512), 0),
    ("BatchNormalization", (2, 8, 512), 2048),
    ("Concatenate", (2, 8, 1024), 0),
    ("DoublingConvolution", (4, 16, 256), 4194560),
    ("BatchNormalization", (4, 16, 256), 1024),
    ("ReLU", (4, 16, 256), 0),
    ("Concatenate", (4, 16, 512), 0),
    ("DoublingConvolution", (8, 32, 128), 1048704),
    ("BatchNormalization", (8, 32, 128), 512),
    ("ReLU", (8, 32, 128), 0),
    ("Concatenate", (8, 32, 256), 0),
    ("DoublingConvolution", (16, 64, 64), 262208),
    ("BatchNormalization", (16, 64, 64), 256),
    ("ReLU", (16, 64, 64), 0),
    ("Concatenate", (16, 64, 128), 0),
    ("DoublingConvolution", (32, 128, 4), 8196),
]
CRITIC = [
    ("Concatenate", (32, 128, 5), 0),
    ("Conv2D", (16, 64, 64), 5184),
    ("Rectifier", (16, 64, 64), 0),
    ("Conv2D", (8, 32, 128), 131200),
    ("Rectifier", (8, 32, 128), 0),
    ("Conv2D", (4, 16, 256), 524544),
    ("Rectifier", (4, 16, 256), 0),
    ("Conv2D", (2, 8, 512), 2097664),
    ("Rectifier", (2, 8, 512), 0),
    ("Flatten", (8192,), 0),
    ("Dense", (1,), 8193),
]


def table(model):
    return [
        (type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
        if type(layer).__name__ != "InputLayer"
    ]


@pytest.mark.parametrize(
    ("build", "expected"), [(build_generator, GENERATOR), (build_critic, CRITIC)]
)
def test_layers_are_the_seed_designs(build, expected):
    assert table(build(4)) == expected


@pytest.mark.parametrize("steps", [16, 64])
def test_phrases_of_other_lengths_have_the_same_layers(steps):
    """Only what is flattened grows, the critic's last layer."""
    longer = steps / 32
    for build, expected in ((build_generator, GENERATOR), (build_critic, CRITIC[:-2])):
        shapes = [(n, (int(s[0] * longer), *s[1:]), p) for n, s, p in expected]
        assert table(build(4, steps))[: len(shapes)] == shapes
    assert build_critic(4, steps).layers[-1].count_params() == 8192 * longer + 1


def test_slopes_momentum_and_activation_are_the_seed_designs():
    layers = build_generator(4).layers
    assert {layer.negative_slope for layer in layers if "LeakyReLU" in str(type(layer))} == {0.2}
    assert {layer.momentum for layer in layers if "BatchNorm" in str(type(layer))} == {0.8}
    assert layers[-1].activation.__name__ == "tanh"


@pytest.fixture(scope="module")
def gan():
    return UnetGan(4, Hyperparameters(architecture="unet", batch_size=2, critic_updates=2))


def test_optimizers_are_the_seed_designs(gan):
    for optimizer in (gan.generator_optimizer, gan.critic_optimizer):
        assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.9)
        assert float(optimizer.learning_rate) == pytest.approx(1e-3)


def test_rolls_are_minus_one_and_one_and_the_condition_is_track_zero(gan):
    pitch = tf.constant(np.tile([[60, 57, 52, -1]], (2, 32, 1)), tf.int32)
    roll, melody = gan._open({"pitch": pitch, "onset": tf.zeros(pitch.shape)})
    assert set(np.unique(roll)) == {-1.0, 1.0}
    assert np.argwhere(roll[0, 5] > 0).tolist() == [[52, 2], [57, 1], [60, 0]]
    assert np.array_equal(melody[..., 0], roll[..., 0])


def test_the_penalty_is_beside_the_melody_that_the_critic_scores(gan, monkeypatch):
    """The notebook took it beside track 0 whatever the condition; here all calls share one."""
    heard = []
    critic = gan.critic

    def listening(inputs, *, training):
        heard.append(inputs[1])
        return critic(inputs, training=training)

    monkeypatch.setattr(gan, "critic", listening)
    pitch = np.random.default_rng(0).integers(40, 80, (2, 32, 4))
    batches = gan.prepare({"pitch": tf.constant(pitch[None], tf.int32)}, tf.constant([0, 0]))
    batch = {name: array[0] for name, array in batches.items()}
    gan.critic_terms(batch, tf.constant([0, 0]))
    melody = gan._open(batch)[1]
    assert len(heard) == 3
    assert all(np.array_equal(each, melody) for each in heard)


def test_accompaniment_drops_the_copied_melody_and_keeps_three_tracks(gan):
    noise = np.zeros((1, *gan.noise_shape), np.float32)
    roll, onset = gan.snapshot().accompany(np.full((1, 32), 60), np.ones((1, 32), bool), noise)
    assert roll.shape == onset.shape == (1, 32, 128, 3)
    whole = gan.serve(tf.one_hot(np.full((1, 32), 60), 128)[..., None], tf.constant(noise))["roll"]
    assert np.array_equal(roll, whole.numpy()[..., 1:] > 0)
    assert not np.any(onset[:, 1:] & roll[:, :-1])


def test_rolls_are_heard_as_they_are_and_lines_drawn():
    gan = object.__new__(UnetGan)  # without its networks, which take seconds to build
    roll = np.random.default_rng(0).integers(0, 2, (2, 32, 128, 4)).astype(np.float32)
    real, melody = gan._open({"pitch": tf.zeros((2, 32, 4), tf.int32), "roll": tf.constant(roll)})
    assert np.array_equal(real, 2 * roll - 1)
    assert np.array_equal(melody, 2 * roll[..., :1] - 1)
    pitch = np.random.default_rng(0).integers(-1, 128, (2, 32, 4))
    real, _ = gan._open({"pitch": tf.constant(pitch, tf.int32)})
    assert np.array_equal(real, 2 * (pitch[:, :, None] == np.arange(128)[:, None]) - 1)
