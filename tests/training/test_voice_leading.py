import itertools

import numpy as np
import pytest
import tensorflow as tf

from music.phrases import transpose
from training.batches import shifts_to_c
from training.hyperparameters import Hyperparameters
from training.voice_leading import INTERVALS, REACH, best_path, interval_weights
from training.voices_gan import VoicesGan
from training.voices_generator import VOICES


def weights(**by_interval):
    """Weights by interval, `up2=1.0` or `down3=-1.0`, `same=2.0`."""
    row = np.zeros(INTERVALS, np.float32)
    for name, value in by_interval.items():
        size = 0 if name == "same" else int(name.lstrip("updown"))
        row[REACH + (-size if name.startswith("down") else size)] = value
    return row


def path(logits, row):
    return best_path(tf.constant(logits, tf.float32), tf.constant(row)).numpy().argmax(axis=-1)


def test_it_is_the_best_of_all_paths():
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 5, 4))
    row = random.normal(size=INTERVALS).astype(np.float32)
    for one, found in zip(logits, path(logits, row), strict=True):
        sums = {
            way: sum(one[t, pitch] for t, pitch in enumerate(way))
            + sum(row[b - a + REACH] for a, b in itertools.pairwise(way))
            for way in itertools.product(range(4), repeat=5)
        }
        assert tuple(found) == max(sums, key=sums.get)


def test_without_weights_each_step_has_its_largest_logit():
    logits = np.random.default_rng(1).normal(size=(3, 16, 40))
    assert np.array_equal(path(logits, weights()), logits.argmax(axis=-1))


def test_rising_and_falling_are_told_apart():
    logits = np.zeros((1, 2, 9))
    logits[0, 0, 4] = 9.0
    assert path(logits, weights(up2=1.0)).tolist() == [[4, 6]]
    assert path(logits, weights(down3=1.0)).tolist() == [[4, 1]]


def test_intervals_beyond_reach_count_as_the_furthest():
    logits = np.full((1, 2, 40), -99.0)
    logits[0, 0, 0] = 0.0
    logits[0, 1, [5, 39]] = [0.0, 0.5]
    assert path(logits, weights()).tolist() == [[0, 39]]
    assert path(logits, weights(**{f"up{REACH}": -1.0})).tolist() == [[0, 5]]


class Sings:
    """Sings `intervals` up and down again, each for an eighth, in every voice."""

    tonic_normalized = False
    noise_shape = (1,)

    def __init__(self, interval):
        self.interval = interval

    def accompany(self, pitch, onset, noise):
        del onset, noise
        moving = np.where(np.arange(32) // 2 % 2, self.interval, 0)
        roll = np.zeros((len(pitch), 32, 128, 3), bool)
        for voice in range(3):
            roll[:, np.arange(32), 50 - 5 * voice + moving, voice] = True
        onsets = roll.copy()
        onsets[:, 1::2] = False
        return roll, onsets


def test_what_the_data_has_oftener_weighs_more(walks):
    row = interval_weights(Sings(7), walks, 0)
    assert row.shape == (VOICES, INTERVALS)
    eighths = walks.pitch[:, ::2, 1].astype(int)
    moves, counts = np.unique(np.diff(eighths, axis=1), return_counts=True)
    frequent = moves[counts.argmax()]
    assert row[0, REACH + frequent] > 0.5
    assert row[0, REACH + 7] < -0.5
    assert row[0, REACH - 7] < -0.5


def test_the_weight_is_half_the_logarithm_of_the_ratio(walks):
    """Data and player differ by a known factor: a third of the moves against none but moves."""
    row = interval_weights(Sings(2), walks, 0)[0]
    eighths = walks.pitch[:, ::2, 1].astype(int)
    real = np.sum(np.diff(eighths, axis=1) == 2) + 2.0
    moves = len(walks) * 15
    own = len(walks) * 8 + 2.0
    total = moves + 2.0 * INTERVALS
    expected = 0.5 * np.log((real / total) / (own / total))
    assert row[REACH + 2] == pytest.approx(expected, abs=1e-4)


@pytest.fixture(scope="module")
def gan(walks):
    return VoicesGan(transpose(walks.pitch, shifts_to_c(walks)), Hyperparameters(batch_size=4))


def play(player):
    random = np.random.default_rng(0)
    melody = random.integers(60, 78, (20, 8)).repeat(4, axis=1)
    onset = np.zeros((20, 32), bool)
    onset[:, ::4] = True
    noise = random.normal(size=(20, *player.noise_shape)).astype(np.float32)
    return player.accompany(melody, onset, noise)[0].argmax(axis=2)[:, ::2]


def leaps(pitch):
    """The share of moves of more than two semitones."""
    moves = np.abs(np.diff(pitch.astype(int), axis=1))
    return np.mean(moves[moves > 0] > 2)


def intervals(gan, snapshot):
    """The weights that the snapshot plays with, a row for each voice."""
    heads = [id(head.intervals) for head in gan.generator.heads]
    pairs = zip(gan.generator.variables, snapshot.weights, strict=True)
    return [weight.numpy() for variable, weight in pairs if id(variable) in heads]


def test_settling_brings_a_generator_nearer_to_the_data(gan, walks):
    before = leaps(play(gan.snapshot()))
    settled = gan.settle(gan.snapshot(), walks, 0)
    data = leaps(walks.pitch[:, ::2, 1:])
    assert before > data + 0.2
    assert leaps(play(settled)) < (before + data) / 2


def test_settling_again_changes_nothing(gan, walks):
    once = gan.settle(gan.snapshot(), walks, 0)
    again = gan.settle(once, walks, 0)
    for one, other in zip(intervals(gan, once), intervals(gan, again), strict=True):
        assert np.array_equal(one, other)
        assert np.any(one)


def test_settling_leaves_the_training_as_it_is(gan, walks):
    before = [variable.numpy() for variable in gan.generator.variables]
    gan.settle(gan.snapshot(), walks, 0)
    for variable, value in zip(gan.generator.variables, before, strict=True):
        assert np.array_equal(variable.numpy(), value)
