import numpy as np
import pytest

from music.distances import (
    FrechetReference,
    binned_overlap,
    classifier_auc,
    diversity,
    histogram_overlap,
    nearest_training,
    overlap,
)
from music.features import measure


def test_the_training_set_overlaps_itself_whole(chorales):
    features = measure(chorales.pitch[:300], chorales.tonic[:300])
    assert overlap(features, features) == pytest.approx(1.0)


def test_overlap_in_decile_bins():
    training = np.arange(100.0)
    assert binned_overlap(training[::-1], training) == pytest.approx(1.0)
    assert binned_overlap(np.full(7, 200.0), training) == pytest.approx(0.1)
    assert binned_overlap(np.arange(50.0), training) == pytest.approx(0.5)
    often_zero = np.array([0.0] * 60 + list(range(1, 41)))  # six deciles coincide at 0
    assert binned_overlap(often_zero, often_zero) == pytest.approx(1.0)
    assert binned_overlap(np.zeros(10), often_zero) == pytest.approx(0.6)


def test_histogram_overlap_is_of_the_means(chorales):
    pitch, tonic = chorales.pitch[:40], chorales.tonic[:40]
    one, all_of_them = measure(pitch[:1], tonic[:1]), measure(pitch, tonic)
    expected = np.minimum(
        one.histograms["chord"].mean(axis=0), all_of_them.histograms["chord"].mean(axis=0)
    ).sum()
    assert histogram_overlap(one, all_of_them, "chord") == pytest.approx(expected)
    assert 0 < expected < 1


def gaussian(count, mean, spread, seed=0):
    """Vectors with exactly this mean and, in every direction, this standard deviation."""
    normal = np.random.default_rng(seed).normal(size=(count, len(mean)))
    centred = normal - normal.mean(axis=0)
    white = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred.T))).T
    return white * spread + mean


def test_frechet_distance_of_known_gaussians():
    """|m1 - m2|^2 + sum (s1 - s2)^2 in units of the reference; standardising undoes its scale."""
    reference = FrechetReference(gaussian(500, [3.0, -1.0, 2.0], 2.0))
    assert reference.distance(gaussian(200, [3.0, -1.0, 2.0], 2.0, seed=1)) == pytest.approx(0.0)
    shifted = gaussian(200, [3.0, 3.0, 2.0], 2.0, seed=1)  # two standard deviations away
    assert reference.distance(shifted) == pytest.approx(4.0, rel=0.01)
    wider = gaussian(200, [3.0, -1.0, 2.0], 6.0, seed=1)
    assert reference.distance(wider) == pytest.approx(3 * (3 - 1) ** 2, rel=0.01)


def test_features_that_never_vary_do_not_divide_by_zero():
    vectors = np.concatenate([gaussian(100, [0.0, 0.0], 1.0), np.ones((100, 1))], axis=1)
    reference = FrechetReference(vectors)
    other = vectors + np.array([0.0, 0.0, 50.0])
    assert reference.distance(other) == pytest.approx(0.0, abs=1e-9)


def test_nearest_training_phrase_in_twelve_transpositions():
    random = np.random.default_rng(0)
    training = random.integers(40, 70, (30, 8, 3)).astype(np.int8)
    changed = training[7].copy()
    changed[:2] += 30  # 6 of 24 cells
    out = np.stack(
        [training[3], training[4] + 6, training[5] - 5, training[6] + 7, changed, changed - 4]
    )
    nearest = nearest_training(out.astype(np.int8), training)
    assert nearest[:3].tolist() == [0.0, 0.0, 0.0]
    assert nearest[3] > 0.5  # seven semitones are not tried: that is five down
    assert nearest[4:] == pytest.approx([0.25, 0.25])


def test_nearest_agrees_with_counting_one_by_one(chorales):
    training, out = chorales.pitch[:60, :, 1:], chorales.pitch[200:206, :, 1:]
    expected = [
        min(np.mean(phrase + s != one) for phrase in training for s in range(-5, 7)) for one in out
    ]
    assert nearest_training(out, training) == pytest.approx(expected)


def test_rests_are_not_transposed():
    training = np.full((1, 4, 1), -1, np.int8)
    assert nearest_training(np.full((1, 4, 1), -1, np.int8), training).tolist() == [0.0]
    assert nearest_training(np.full((1, 4, 1), 2, np.int8), training).tolist() == [1.0]


def test_a_copy_of_any_length_is_one():
    """Of 256 cells a byte would count none."""
    training = np.full((1, 64, 4), 60, np.int8)
    assert nearest_training(training, training).tolist() == [0.0]


def test_diversity_is_over_all_pairs_of_draws():
    draws = np.zeros((3, 1, 2, 2), np.int8)
    draws[1, 0, 0, 0] = 1
    draws[2] = 1
    assert diversity(draws) == pytest.approx((0.25 + 1.0 + 0.75) / 3)
    assert diversity(draws[:1]) is None
    assert diversity(np.repeat(draws[:1], 4, axis=0)) == 0.0


def test_a_classifier_tells_what_differs_and_only_that():
    random = np.random.default_rng(0)
    real = random.normal(size=(200, 5))
    songs = np.array([f"song {i // 10}" for i in range(200)])
    assert classifier_auc(real + np.array([0, 0, 4, 0, 0]), real, songs) > 0.95
    assert classifier_auc(random.normal(size=(200, 5)), real, songs) == pytest.approx(0.5, abs=0.1)
    assert classifier_auc(real.copy(), real, songs) == pytest.approx(0.5, abs=0.01)
    # a ring around the middle: no line divides it from the middle, so boosting must
    ring = np.where(np.abs(real) < 1, np.sign(real) * 2, real)
    assert classifier_auc(ring, real, songs) > 0.95
