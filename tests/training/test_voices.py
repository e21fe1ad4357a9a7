import numpy as np
import pytest
import tensorflow as tf

from music.phrases import transpose
from training.batches import shifts_to_c
from training.hyperparameters import Hyperparameters
from training.pitches import PitchSpace, straight_through
from training.voices_gan import VoicesGan
from training.voices_generator import _ornamented, latent_size, noise_size


@pytest.fixture(scope="module")
def gan(walks):
    heard = transpose(walks.pitch, shifts_to_c(walks))
    return VoicesGan(heard, Hyperparameters(batch_size=4))


def melodies(count=3, seed=0):
    random = np.random.default_rng(seed)
    pitch = random.integers(60, 78, (count, 8)).repeat(4, axis=1)
    onset = np.zeros((count, 32), bool)
    onset[:, ::4] = True
    return pitch, onset, random.normal(size=(count, noise_size(32))).astype(np.float32)


def test_space_holds_whole_octaves_around_the_music():
    space = PitchSpace.around(np.array([[-1, 31, 86]]))
    assert (space.lowest, space.size) == (30, 60)
    one_hot = space.one_hot(tf.constant([31, 86, -1, 20]))
    assert one_hot.numpy().sum(axis=-1).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert space.pitch(one_hot[:2]).numpy().tolist() == [31, 86]


@pytest.mark.parametrize("lowest", [30, 36, 41])
def test_chroma_folds_octaves_not_neighbours(lowest):
    space = PitchSpace(lowest, 48)
    sounding = tf.reduce_sum(space.one_hot(tf.constant([[48, 60, 72, 67]])), axis=1)
    assert space.chroma(sounding).numpy()[0].tolist() == [3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_straight_through_is_hard_forwards_and_soft_backwards():
    logits = tf.Variable([[1.0, 3.0, 2.0]])
    with tf.GradientTape() as tape:
        choice = straight_through(logits)
        first = choice[0, 0]
    np.testing.assert_allclose(choice.numpy(), [[0.0, 1.0, 0.0]], atol=1e-6)
    soft = tf.nn.softmax(logits)[0].numpy()
    expected = soft[0] * (np.array([1.0, 0.0, 0.0]) - soft)  # the softmax's derivative
    np.testing.assert_allclose(tape.gradient(first, logits)[0], expected, rtol=1e-5)


def test_each_voice_has_exactly_one_pitch_at_every_step(gan):
    roll, onset = gan.snapshot().accompany(*melodies())
    assert roll.shape == (3, 32, 128, 3)
    assert np.all(roll.sum(axis=2) == 1)
    changed = roll[:, 1:].argmax(axis=2) != roll[:, :-1].argmax(axis=2)
    assert np.all(onset[:, 1:].any(axis=2) >= changed)


def test_no_voice_leaves_the_range_that_it_has_in_the_music(gan, walks):
    heard = transpose(walks.pitch, shifts_to_c(walks))[..., 1:]
    pitch, onset, noise = melodies(40)
    chosen = gan.snapshot().accompany(pitch, onset, 3.0 * noise)[0].argmax(axis=2)
    assert np.all(chosen >= heard.min(axis=(0, 1)))
    assert np.all(chosen <= heard.max(axis=(0, 1)))


def test_the_answer_depends_on_melody_and_on_noise(gan):
    pitch, onset, noise = melodies()
    answer = gan.snapshot().accompany(pitch, onset, noise)[0]
    assert np.array_equal(answer, gan.snapshot().accompany(pitch, onset, noise)[0])
    assert not np.array_equal(answer, gan.snapshot().accompany(pitch + 1, onset, noise)[0])
    assert not np.array_equal(answer, gan.snapshot().accompany(pitch, onset, noise[::-1])[0])


@pytest.mark.parametrize("ornaments", [True, False])
def test_the_dice_decide_where_sixteenths_leave_the_eighth(gan, ornaments):
    """A die of 0 is below every chance, one of 1 below none; eighths do not care."""
    pitch, onset, noise = melodies()
    thrown = noise.copy()
    thrown[:, latent_size(32) :] = -1e3 if ornaments else 1e3
    chosen = gan.snapshot().accompany(pitch, onset, thrown)[0].argmax(axis=2)
    assert np.all((chosen[:, 1::2] != chosen[:, ::2]) == ornaments)
    free = gan.snapshot().accompany(pitch, onset, noise)[0].argmax(axis=2)
    assert np.array_equal(free[:, ::2, 2], chosen[:, ::2, 2])  # upper voices hear the ornaments


def test_ornaments_come_as_often_as_their_likelihood_says():
    """With chances of 0.2 and even dice, a fifth of the notes is left, for the likeliest other."""
    logits = tf.tile(tf.math.log([[[0.05, 0.8, 0.15]]]), (500, 16, 1))
    held = tf.tile([[[0.0, 1.0, 0.0]]], (500, 16, 1))
    dice = tf.constant(np.random.default_rng(0).uniform(size=(500, 16)), tf.float32)
    rates = tf.reduce_mean(_ornamented(held, logits, held, dice), axis=(0, 1)).numpy()
    np.testing.assert_allclose(rates, [0.0, 0.8, 0.2], atol=0.02)


def test_phrases_may_have_other_numbers_of_bars(walks):
    """Of three: all bars are heard, answered, scored and read back as noise."""
    steps = 48
    gan = VoicesGan(walks.pitch, Hyperparameters(batch_size=4), steps)
    pitch = np.concatenate([walks.pitch[:4], walks.pitch[4:8, :16]], axis=1)
    onset = np.concatenate([walks.onset[:4], walks.onset[4:8, :16]], axis=1)
    noise = np.random.default_rng(0).normal(size=(4, noise_size(steps))).astype(np.float32)
    assert gan.noise_shape == noise.shape[1:]
    answer = gan.serve(pitch[..., 0], tf.constant(onset[..., 0], tf.float32), noise)["pitch"]
    assert answer.shape == (4, steps, 3)
    moved = noise.copy()
    moved[:, latent_size(steps) - 8 : latent_size(steps)] += 5.0  # of the last beat
    other = gan.serve(pitch[..., 0], tf.constant(onset[..., 0], tf.float32), moved)["pitch"]
    assert np.any(answer.numpy()[:, -4:] != other.numpy()[:, -4:])
    batch = {"pitch": tf.constant(pitch), "onset": tf.constant(onset, tf.float32)}
    seed = tf.constant([0, 0])
    losses = [gan.critic_terms(batch, seed)[0], gan.generator_terms(batch, seed, 0.5)[0]]
    assert np.isfinite(losses).all()


def test_truth_reaches_only_the_heads_above_and_only_where_it_is_followed(gan):
    """The bass hears no voice; the tenor hears the true bass where told to, else its own."""
    pitch, onset, noise = melodies(1)
    melody, starts = gan.space.one_hot(pitch), tf.constant(onset[..., None], tf.float32)
    truths = [gan.space.one_hot(np.full((1, 32, 3), p)) for p in (50, 57)]

    def logits(truth, follow):
        told = gan.generator(melody, starts, tf.constant(noise), truth, tf.fill((1, 1, 1), follow))
        return told.logits.numpy()[:, ::2]  # ornaments also hear the voice itself

    free = [logits(truth, 0.0) for truth in truths]
    told = [logits(truth, 1.0) for truth in truths]
    assert np.array_equal(free[0], free[1])
    np.testing.assert_allclose(told[0][:, :, 2], told[1][:, :, 2], atol=1e-5)
    assert np.abs(told[0][:, :, 1] - told[1][:, :, 1]).max() > 1e-3
    assert np.abs(told[0][:, :, 0] - told[1][:, :, 0]).max() > 1e-3


def test_the_gradient_of_the_critic_reaches_every_head(gan):
    pitch, onset, noise = melodies()
    melody = gan.space.one_hot(pitch)
    with tf.GradientTape() as tape:
        choice = gan.play(melody, tf.constant(onset[..., None], tf.float32), noise).choice
        score = tf.reduce_sum(gan.critic(melody, choice))
    for head, gradient in zip(
        gan.generator.heads,
        tape.gradient(score, [head.beat_out.kernel for head in gan.generator.heads]),
        strict=True,
    ):
        assert gradient is not None, head.name
        assert float(tf.reduce_sum(tf.abs(gradient))) > 0.0


def test_the_deviation_is_taken_within_groups(gan):
    """A phrase's score may depend on its own group's members, not on another group's."""
    pitch, onset, noise = melodies(4)
    melody = gan.space.one_hot(pitch)
    voices = gan.play(melody, tf.constant(onset[..., None], tf.float32), noise).choice
    other = tf.concat([voices[:2], tf.reverse(voices[2:], axis=[1])], axis=0)
    first = gan.critic(melody, voices, groups=2).numpy()
    second = gan.critic(melody, other, groups=2).numpy()
    np.testing.assert_allclose(first[:2], second[:2], rtol=1e-5)
    assert not np.allclose(first[2:], second[2:])


def test_the_warm_up_leaves_the_critic_alone(walks):
    gan = VoicesGan(transpose(walks.pitch, shifts_to_c(walks)), Hyperparameters(batch_size=4))
    before = [v.numpy() for v in gan.critic.variables]
    batch = {"pitch": walks.pitch[None, :4], "onset": walks.onset[None, :4]}
    terms = gan.iterate(batch, seed=(0, 0), done=0.05)
    assert "critic_loss" not in terms
    assert all(
        np.array_equal(a, b.numpy()) for a, b in zip(before, gan.critic.variables, strict=True)
    )


def test_rates_fall_after_the_warm_up(gan, walks, monkeypatch):
    rates = []

    def adversarial(batches, seed, done):  # its graph takes ten seconds to build
        optimizers = gan.generator_optimizer, gan.critic_optimizer
        rates.append([float(optimizer.learning_rate) for optimizer in optimizers])
        return {}

    monkeypatch.setattr(gan, "_adversarial", adversarial)
    batch = {"pitch": walks.pitch[None, :4], "onset": walks.onset[None, :4]}
    for done in (0.3, 0.6, 0.8, 1.0):
        gan.iterate(batch, seed=(0, 0), done=done)
    falling = np.array([1.0, 1.0, 0.51, 0.02])
    np.testing.assert_allclose(rates, np.outer(falling, [6e-4, 9e-4]), rtol=1e-3)
