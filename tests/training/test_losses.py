import numpy as np
import pytest
import tensorflow as tf

from training.losses import critic_loss, gaussian_divergence, generator_loss, gradient_penalty


def test_critic_wants_real_above_fake():
    real, fake = tf.constant([3.0, 5.0]), tf.constant([1.0, 0.0])
    assert float(critic_loss(real, fake)) == pytest.approx(0.5 - 4.0)


def test_generator_wants_high_scores():
    assert float(generator_loss(tf.constant([1.0, -4.0]))) == pytest.approx(1.5)


def _linear(slope):
    def score(x):
        return tf.reduce_sum(slope * x, axis=(1, 2))

    return score


@pytest.mark.parametrize(("length", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_penalty_of_a_linear_critic(length, penalty):
    """The gradient of a linear critic is its slope, so the penalty is (|slope| - 1)**2."""
    slope = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    slope *= length / np.linalg.norm(slope)
    real, fake = np.random.default_rng(1).normal(size=(2, 5, 4, 3)).astype(np.float32)
    found = gradient_penalty(
        _linear(tf.constant(slope)), tf.constant(real), tf.constant(fake), mix=tf.zeros(5)
    )
    assert float(found) == pytest.approx(penalty, abs=1e-4)


def test_penalty_is_taken_at_the_blend_of_each_member():
    """D(x) = x**2 / 2 has gradient x: the penalty tells where it was taken."""
    real, fake = tf.constant([[[2.0]], [[2.0]]]), tf.constant([[[6.0]], [[6.0]]])
    found = gradient_penalty(
        lambda x: tf.reduce_sum(x**2 / 2.0, axis=(1, 2)), real, fake, mix=tf.constant([1.0, 0.25])
    )
    assert float(found) == pytest.approx(((2.0 - 1.0) ** 2 + (5.0 - 1.0) ** 2) / 2.0, rel=1e-5)


def test_penalty_refuses_other_shapes():
    with pytest.raises(ValueError, match="Shapes must be equal"):
        gradient_penalty(_linear(1.0), tf.zeros((2, 4, 3)), tf.zeros((2, 4, 2)), mix=tf.zeros(2))


def test_divergence_of_gaussians():
    """Closed form in one dimension: (v + m**2 - 1 - ln v) / 2, summed over dimensions."""
    mean, variance = np.array([[1.0, -2.0]]), np.array([[0.5, 3.0]])
    expected = 0.5 * (variance + mean**2 - 1.0 - np.log(variance)).sum()
    found = gaussian_divergence(
        tf.constant(mean, tf.float32), tf.constant(np.log(variance), tf.float32)
    )
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(gaussian_divergence(tf.zeros((3, 4)), tf.zeros((3, 4)))) == 0.0
