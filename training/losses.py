"""The adversarial losses, each a function of scores or tensors, none with a switch."""

from collections.abc import Callable

import tensorflow as tf

from training.tensors import Tensor


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Wasserstein critic loss, `E[D(fake)] - E[D(real)]`, without the gradient penalty."""
    return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)


def generator_loss(fake_scores: Tensor) -> Tensor:
    """Wasserstein generator loss, `-E[D(fake)]`."""
    return -tf.reduce_mean(fake_scores)


def gradient_penalty(
    score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, *, mix: Tensor
) -> Tensor:
    """Measures how far the critic is from having unit gradients between `real` and `fake`.

    Args:
        score: maps accompaniments shaped like `real` to one score each; the condition is bound
            inside, so that the penalty is about the music that the critic judges.
        real: from the data, batch first.
        fake: from the generator, shaped like `real`.
        mix: `(batch,)`, in [0, 1): the share of `real` in each blend, new in every iteration.

    Returns:
        A scalar, `mean((norm - 1)**2)` over one gradient norm per member; not yet weighted.

    Raises:
        ValueError: if the shapes of `real` and `fake` differ.

    References:
        Gulrajani et al., Improved Training of Wasserstein GANs, 2017, equation 3.
    """
    if real.shape != fake.shape:
        raise ValueError(f"Shapes must be equal; received {real.shape} and {fake.shape}.")
    share = tf.reshape(mix, [-1] + [1] * (len(real.shape) - 1))
    blend = share * real + (1.0 - share) * fake
    with tf.GradientTape() as tape:
        tape.watch(blend)
        scores = score(blend)
    axes = list(range(1, len(real.shape)))
    squares = tf.reduce_sum(tf.square(tape.gradient(scores, blend)), axis=axes)
    norms = tf.sqrt(squares + 1e-12)  # the root has no gradient at zero
    return tf.reduce_mean(tf.square(norms - 1.0))


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Divergence (Kullback-Leibler) of diagonal Gaussians from the standard one, their mean.

    Args:
        mean: `(batch, n)`.
        log_variance: `(batch, n)`.

    References:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B.
    """
    terms = 1.0 + log_variance - tf.square(mean) - tf.exp(log_variance)
    return -0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=-1))
