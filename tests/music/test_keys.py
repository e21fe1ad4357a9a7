import numpy as np
import pytest

from music.errors import MusicError
from music.keys import Key, find_key, key_correlations, pitch_class_weights

# The harmonic minor scale with its tonic, third and fifth stressed.
SCALE_OF_D_MINOR = np.array([62, 64, 65, 67, 69, 70, 73, 74, 62, 69, 65])


def test_the_key_of_a_scale_in_every_transposition():
    for shift in range(12):
        weights = pitch_class_weights(SCALE_OF_D_MINOR + shift)
        assert find_key(weights) == Key((2 + shift) % 12, "minor")


def test_correlations_with_the_profiles_themselves():
    profile = np.roll([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88], 7)
    scores = key_correlations(profile)
    assert scores[0, 7] == pytest.approx(1.0)
    assert scores.argmax() == 7
    # of C major with c, G, a and F sharp: Krumhansl, Cognitive Foundations of Musical Pitch, 1990
    scores = key_correlations(np.roll(profile, -7))
    found = [scores[1, 0], scores[0, 7], scores[1, 9], scores[0, 6]]
    assert found == pytest.approx([0.511, 0.591, 0.651, -0.683], abs=0.002)


def test_the_signature_decides_between_neighbours_and_is_no_law():
    ambiguous = pitch_class_weights(np.array([60, 60, 62, 64, 67, 69, 71, 67]))  # no F, no F sharp
    assert find_key(ambiguous, sharps=0) == Key(0, "major")
    assert find_key(ambiguous, sharps=1) == Key(7, "major")
    dorian_signature = -1  # D minor notes of a piece in G minor, as Bach writes it
    g_minor = pitch_class_weights(SCALE_OF_D_MINOR + 5)
    assert find_key(g_minor, sharps=dorian_signature) == Key(7, "minor")


def test_signatures_name_their_keys():
    silence = np.zeros(12)
    assert find_key(silence, sharps=-3) == Key(3, "major")
    assert find_key(silence, sharps=4) == Key(4, "major")
    relative = pitch_class_weights(np.array([57, 60, 64, 68]))
    assert find_key(relative, sharps=0) == Key(9, "minor")


def test_rests_have_no_pitch_class():
    assert pitch_class_weights(np.array([[-1, 60], [72, 71]])).tolist() == [2] + [0] * 10 + [1]


def test_the_way_to_c():
    assert [Key(tonic, "major").shift_to_c for tonic in range(12)] == [
        0, -1, -2, -3, -4, -5, 6, 5, 4, 3, 2, 1,
    ]  # fmt: skip
    assert Key(9, "minor").shift_to_c == 0
    assert Key(2, "minor").shift_to_c == -5


def test_weights_of_another_shape_are_refused():
    with pytest.raises(MusicError, match=r"received \(11,\)"):
        find_key(np.zeros(11))
