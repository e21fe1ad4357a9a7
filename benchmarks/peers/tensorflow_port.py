"""The notebook's training in TensorFlow and Keras 3: its layers, two `tf.function`s, a Python loop.

Only what no longer runs was changed. Noise and blends are arguments where the notebook draws them
inside, so that the same numbers can be given to others.

References:
    The GAN sample of AWS DeepComposer, 2019: gan/GAN.ipynb of aws-deepcomposer-samples.
"""

import keras
import tensorflow as tf

ROLL = (32, 128)
NOISE = (2, 8, 512)
FILTERS = 64
PENALTY = 10.0
CRITIC_UPDATES = 5


def build_generator(tracks: int) -> keras.Model:
    """Melody `(32, 128, 1)` and noise `(2, 8, 512)` to a roll in [-1, 1]."""
    melody, noise = keras.Input((*ROLL, 1)), keras.Input(NOISE)
    skips = [_down(melody, FILTERS, normalised=False)]
    for level in (2, 4, 8):
        skips.append(_down(skips[-1], FILTERS * level))
    x = keras.layers.Concatenate()([skips.pop(), noise])
    for level in (4, 2, 1):
        x = _up(x, skips.pop(), FILTERS * level)
    x = keras.layers.UpSampling2D(2)(x)
    x = keras.layers.Conv2D(tracks, 4, padding="same", activation="tanh")(x)
    return keras.Model([melody, noise], x)


def build_critic(tracks: int) -> keras.Model:
    """Roll `(32, 128, tracks)` and melody to a score."""
    roll, melody = keras.Input((*ROLL, tracks)), keras.Input((*ROLL, 1))
    x = keras.layers.Concatenate()([roll, melody])
    for level in (1, 2, 4, 8):
        x = _down(x, FILTERS * level, normalised=False)
    return keras.Model([roll, melody], keras.layers.Dense(1)(keras.layers.Flatten()(x)))


class Port:
    """Both networks and their steps on rolls `(batch, 32, 128, tracks)` in {-1, 1}."""

    def __init__(self, tracks: int) -> None:
        self.generator, self.critic = build_generator(tracks), build_critic(tracks)
        self._optimizers = [keras.optimizers.Adam(1e-3, 0.5, 0.9) for _ in range(2)]

    def iterate(self, batches: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """One iteration on `CRITIC_UPDATES` batches and one more."""
        *for_critic, last = batches
        for batch in for_critic:
            noise, blend = self._noise(batch), tf.random.uniform((batch.shape[0], 1, 1, 1))
            critic_loss = self.critic_step(batch, noise, blend)
        return critic_loss, self.generator_step(last, self._noise(last))

    @tf.function
    def critic_step(self, real: tf.Tensor, noise: tf.Tensor, blend: tf.Tensor) -> tf.Tensor:
        """Moves the critic; returns its loss."""
        loss, gradients = self.critic_gradients(real, noise, blend)
        variables = self.critic.trainable_variables
        self._optimizers[1].apply_gradients(zip(gradients, variables, strict=True))
        return loss

    @tf.function
    def generator_step(self, real: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Moves the generator; returns its loss."""
        loss, gradients = self.generator_gradients(real, noise)
        variables = self.generator.trainable_variables
        self._optimizers[0].apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def critic_gradients(
        self, real: tf.Tensor, noise: tf.Tensor, blend: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss, and how it changes with the critic's variables."""
        melody = real[..., :1]
        fake = self.generator([melody, noise], training=False)
        variables = self.critic.trainable_variables
        with tf.GradientTape() as tape:
            scores = [self.critic([roll, melody], training=True) for roll in (real, fake)]
            loss = tf.reduce_mean(scores[1]) - tf.reduce_mean(scores[0])
        gradients = tape.gradient(loss, variables)
        with tf.GradientTape() as tape:
            penalty = PENALTY * self._penalty(real, fake, melody, blend)
        # The last bias has no part in the penalty.
        more = tape.gradient(penalty, variables)
        summed = [
            one if other is None else one + other
            for one, other in zip(gradients, more, strict=True)
        ]
        return loss + penalty, summed

    def generator_gradients(
        self, real: tf.Tensor, noise: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The generator's loss, and how it changes with the generator's variables."""
        melody = real[..., :1]
        with tf.GradientTape() as tape:
            fake = self.generator([melody, noise], training=True)
            loss = -tf.reduce_mean(self.critic([fake, melody], training=False))
        return loss, tape.gradient(loss, self.generator.trainable_variables)

    def _penalty(
        self, real: tf.Tensor, fake: tf.Tensor, melody: tf.Tensor, blend: tf.Tensor
    ) -> tf.Tensor:
        between = blend * real + (1.0 - blend) * fake
        with tf.GradientTape() as tape:
            tape.watch(between)
            scores = self.critic([between, melody], training=True)
        squares = tf.square(tape.gradient(scores, between))
        slopes = tf.sqrt(1e-8 + tf.reduce_sum(squares, axis=(1, 2, 3)))
        return tf.reduce_mean(tf.square(slopes - 1.0))

    def _noise(self, batch: tf.Tensor) -> tf.Tensor:
        return tf.random.truncated_normal((batch.shape[0], *NOISE))


def _down(x: keras.KerasTensor, filters: int, *, normalised: bool = True) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, 4, strides=2, padding="same")(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    return keras.layers.BatchNormalization(momentum=0.8)(x) if normalised else x


def _up(x: keras.KerasTensor, skip: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    x = keras.layers.UpSampling2D(2)(x)
    x = keras.layers.Conv2D(filters, 4, padding="same")(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    return keras.layers.Concatenate()([x, skip])
