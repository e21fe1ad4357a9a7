import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from music import harmony
from tests.music.voices import beats

C_MAJOR = (72, 67, 64, 48)
G7_WITHOUT_FIFTH = (65, 59, 55, 43)


@pytest.mark.parametrize(
    ("pitches", "kind"),
    [
        ((72, 67, 64, 48), 0),
        ((64, 67, 72, 36), 0),  # inverted, voices crossed
        ((69, 64, 60, 57), 1),
        ((65, 62, 59, 47), 2),
        ((68, 64, 60, 48), 3),
        ((65, 62, 59, 55), 4),
        ((71, 67, 64, 48), 5),
        ((67, 64, 60, 57), 6),
        ((69, 65, 62, 59), 7),
        ((68, 65, 62, 59), 8),
        ((65, 59, 55, 43), 9),  # G B F: no fifth
        ((65, 62, 55, 43), 9),  # G D F: no third
        ((64, 60, 60, 48), 10),
        ((69, 60, 60, 48), 10),  # a sixth
        ((67, 60, 60, 48), 11),
        ((65, 60, 60, 48), 11),  # a fourth, its inversion
        ((72, 60, 60, 48), 12),
        ((72, -1, -1, -1), 12),
        ((62, 60, 60, 48), 13),
        ((66, 60, 60, 48), 13),
        ((67, 62, 60, 48), 13),  # C D G
        ((67, 65, 62, 60), 14),  # C D F G
        ((-1, -1, -1, -1), -1),
    ],
)
def test_chord_types(pitches, kind):
    assert harmony.chord_types(np.array(pitches)) == kind


def test_pitch_classes_are_folded_by_octaves_not_by_neighbours():
    """The fold by 12 neighbours of the published metrics gives 5, 1 and 2 classes here."""
    counts = harmony.pitch_class_counts(np.arange(60, 72)[None, :, None])
    assert np.count_nonzero(counts) == 12
    counts = harmony.pitch_class_counts(np.array([0, 12, 120, -1])[None, :, None])
    assert counts.tolist() == [[3, *[0] * 11]]


def test_full_chords_count_at_beats_only():
    pitch = beats(C_MAJOR, G7_WITHOUT_FIFTH, (74, 67, 64, 48), (72, 72, 60, 48))
    rate = harmony.full_chord_rate(pitch)  # C, G7, C with a ninth, then five beats of octaves
    assert (rate.hits.tolist(), rate.chances.tolist()) == ([2.0], [8.0])
    assert harmony.chord_rate(pitch).overall == 7 / 8
    between_beats = pitch.copy()
    between_beats[:, 1::4] = 61
    assert harmony.full_chord_rate(between_beats).overall == 2 / 8


def test_melody_fit_asks_only_where_the_accompaniment_is_a_chord():
    fits = (72, 67, 64, 48)
    breaks = (74, 67, 64, 48)  # D over C major
    no_chord = (72, 62, 61, 60)  # D, C sharp, C: none by itself
    rate = harmony.melody_fit(beats(fits, breaks, no_chord))
    assert (rate.hits.tolist(), rate.chances.tolist()) == ([1.0], [2.0])
    octaves = beats((72, 60, 60, 48))
    assert harmony.melody_fit(octaves).overall == 1.0
    assert harmony.full_chord_rate(octaves).overall == 0.0


@pytest.mark.parametrize("interval", range(24))
def test_intervals_with_the_melody(interval):
    pitch = beats((60 + interval, 60, 60, 60))
    folded = interval % 12
    assert harmony.outer_consonance(pitch).overall == (folded in (0, 3, 4, 7, 8, 9))
    assert harmony.dissonance(pitch).overall == (folded in (1, 2, 6, 10, 11))
    assert harmony.harshness(pitch).overall == (folded in (1, 11))
    score = 1 if folded in (0, 3, 4, 7, 8, 9) else 0 if folded == 5 else -1
    assert harmony.consonance(pitch).overall == score
    histogram = harmony.melody_bass_histogram(pitch)
    assert histogram.argmax() == folded
    assert histogram.sum() == 1.0


def test_dissonance_counts_pairs_and_the_score_counts_steps():
    pitch = beats((72, 71, 64, 48))  # major seventh, sixth, octave
    assert harmony.dissonance(pitch).overall == pytest.approx(1 / 3)
    assert harmony.consonance(pitch).overall == pytest.approx(1 / 3)
    pitch[:, 1::4, 1] = 67  # off the beat
    assert harmony.dissonance(pitch).overall == pytest.approx(1 / 3)
    assert harmony.consonance(pitch).overall == pytest.approx(
        (3 / 4 * 1 + 1 / 4 * 2) / 3
    )  # a fourth


def test_the_best_scale_is_the_phrases_own():
    d_major = beats((74, 66, 61, 50), (69, 64, 57, 55), (71, 62, 59, 55))
    assert harmony.best_scale_rate(d_major).overall == 1.0
    chromatic = (np.arange(32) % 12 + 60)[None, :, None].astype(np.int8)
    expected = max(
        sum((step % 12 - tonic) % 12 in scale for step in range(32))
        for tonic in range(12)
        for scale in ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11))
    )
    assert harmony.best_scale_rate(chromatic).overall == expected / 32


def test_tonal_distance_of_known_intervals():
    """Harte's centroids: each pair of circles is a chord of the angle between two notes."""

    def chord(radius, angle):
        return 2 * radius * np.sin(angle / 2)

    unison = harmony.tonal_distance(beats((72, 60))).overall
    assert unison == pytest.approx(0.0, abs=1e-12)
    fifth = harmony.tonal_distance(beats((67, 60))).overall
    angles = [7 * np.pi * factor for factor in (7 / 6, 3 / 2, 2 / 3)]
    parts = [chord(radius, angle) for radius, angle in zip((1, 1, 0.5), angles, strict=True)]
    assert fifth == pytest.approx(np.linalg.norm(parts))
    assert harmony.tonal_distance(beats((61, 60))).overall > fifth


def test_silence_has_no_chances():
    silence = beats((60, -1, -1, -1))
    for measure in (harmony.melody_fit, harmony.outer_consonance, harmony.dissonance):
        assert measure(silence).chances.tolist() == [0.0]
        assert measure(silence).overall == 0.0
        assert measure(silence).each.tolist() == [0.0]
    assert harmony.tonal_distance(silence).overall == 0.0
    assert harmony.chord_histogram(beats((-1, -1, -1, -1))).sum() == 0.0


@given(
    pitch=hnp.arrays(np.int8, (2, 8, 4), elements=st.integers(20, 90)),
    shift=st.integers(-11, 11),
)
def test_transposing_changes_nothing(pitch, shift):
    moved = (pitch + shift).astype(np.int8)
    for measure in (
        harmony.full_chord_rate,
        harmony.melody_fit,
        harmony.outer_consonance,
        harmony.consonance,
        harmony.best_scale_rate,
        harmony.tonal_distance,
    ):
        assert measure(moved).hits == pytest.approx(measure(pitch).hits)
    assert np.array_equal(harmony.chord_histogram(moved), harmony.chord_histogram(pitch))
