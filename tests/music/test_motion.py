import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from music import motion
from tests.music.voices import beats, line


def test_notes_are_held_while_the_pitch_stays():
    pitch = line((4, 60), (4, 60), (1, 62), (3, -1), (20, 64), voices=2)
    notes = motion.note_list(pitch)
    assert notes.pitch.tolist() == [60, 62, 64, 39]
    assert notes.length.tolist() == [8, 1, 20, 32]
    assert notes.followed.tolist() == [True, True, False, False]
    assert motion.note_counts(notes).tolist() == [4.0]
    assert motion.qualified_notes(notes).overall == 3 / 4


def test_notes_stay_in_their_phrase_and_voice():
    pitch = np.concatenate([line((32, 60)), line((16, 60), (16, 62))])
    notes = motion.note_list(pitch)
    assert notes.phrase.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert notes.followed.tolist() == [False, False, False, True, False, False, False]
    assert notes.length.tolist() == [32, 32, 32, 16, 16, 32, 32]
    silence = motion.note_list(np.full((2, 32, 3), -1, np.int8))
    assert motion.note_counts(silence).tolist() == [0.0, 0.0]
    assert motion.length_transitions(silence).sum() == 0.0


def test_histograms_of_lengths_and_transitions():
    pitch = line((4, 60), (4, 62), (24, 60), voices=1)
    lengths = motion.length_histogram(motion.note_list(pitch))
    assert lengths[0].nonzero()[0].tolist() == [3, 11]  # four steps; sixteen or more
    assert lengths[0, 3] == pytest.approx(2 / 3)
    pairs = motion.length_transitions(motion.note_list(pitch)).reshape(12, 12)
    assert pairs[3, 3] == pairs[3, 11] == 0.5
    classes = motion.pitch_class_transitions(motion.note_list(pitch), np.array([2]))
    classes = classes.reshape(12, 12)  # from D as tonic, C is class 10
    assert classes[10, 0] == classes[0, 10] == 0.5


def test_moves_by_step():
    pitch = line((8, 60), (8, 62), (8, 61), (8, 66), voices=2)
    steps = motion.steps_of_moves(pitch)
    assert (steps.hits.tolist(), steps.chances.tolist()) == ([2.0], [3.0])
    assert motion.mean_move(pitch).overall == pytest.approx((2 + 1 + 5) / 3)
    rested = line((8, 60), (8, -1), (8, 61), (8, 62), voices=2)
    assert motion.steps_of_moves(rested).chances.tolist() == [1.0]  # a rest is no move


def test_changes_on_odd_sixteenths():
    pitch = np.concatenate(
        [line((2, 60), (30, 62)), line((3, 60), (29, 62)), line((31, 60), (1, -1))]
    )
    assert motion.odd_changes(pitch).tolist() == [False, True, True]


def test_ranges_pitches_and_onsets():
    pitch = line((8, 60), (8, 67), (8, -1), (8, 60), voices=2)
    assert motion.mean_range(pitch).tolist() == [3.5]
    assert motion.pitches_per_voice(pitch).tolist() == [1.5]
    assert motion.inter_onset(pitch).tolist() == [12.0]  # onsets at 0, 8 and 24
    assert motion.inter_onset(line((32, 60))).tolist() == [32.0]
    silence = np.full((1, 32, 2), -1, np.int8)
    assert motion.mean_range(silence).tolist() == [0.0]
    assert motion.pitches_per_voice(silence).tolist() == [0.0]
    assert motion.inter_onset(silence).tolist() == [32.0]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ((67, 60), (69, 62), 1),  # fifths up
        ((67, 60), (65, 58), 1),  # and down
        ((79, 60), (81, 62), 1),  # a twelfth is one, too
        ((72, 60), (74, 62), 1),
        ((60, 60), (62, 62), 1),
        ((67, 60), (67, 60), 0),  # nobody moves
        ((64, 60), (65, 61), 0),  # thirds are welcome
        ((67, 60), (72, 62), 0),
        ((67, 60), (79, 60), 0),  # only one moves
        ((67, 60), (62, 67), 0),  # in contrary motion, a fifth becomes a fourth
        ((67, 60), (57, 62), 0),  # contrary motion
        ((67, -1), (69, 62), 0),
    ],
)
def test_parallels(first, second, count):
    found = motion.parallels(beats(first, second))
    assert found.hits.tolist() == [float(count)]
    assert found.chances.tolist() == [7.0]


def test_contrary_fifths_are_no_parallels():
    found = motion.parallels(beats((67, 60), (74, 55)))  # a fifth, then a fifth and an octave
    assert found.overall == 0.0


def test_parallels_count_all_pairs():
    found = motion.parallels(beats((72, 67, 60, 48), (74, 69, 62, 50)))
    assert found.hits.tolist() == [5.0]  # three octaves, two fifths; from G up to C is a fourth


def test_crossing_and_spacing():
    crossed = beats((60, 62, 50, 40), (64, 62, 50, 40))
    assert motion.crossings(crossed).overall == 4 / 32
    assert motion.crossings(beats((60, 60, 50, 50))).overall == 0.0
    wide = beats((73, 60, 50, 20), (72, 60, 47, 20), (72, 60, 48, 20))
    assert motion.wide_spacing(wide).overall == 8 / 32  # the bass may be as low as it likes
    assert motion.wide_spacing(beats((73, -1, 50, 20))).overall == 0.0
    assert motion.crossings(beats((60, -1, 70, 20))).overall == 0.0


@given(pitch=hnp.arrays(np.int8, (2, 8, 3), elements=st.integers(-1, 127)))
def test_notes_cover_what_sounds(pitch):
    notes = motion.note_list(pitch)
    assert notes.length.sum() == (pitch >= 0).sum()
    assert np.all(notes.pitch >= 0)
    assert motion.pitches_per_voice(pitch).max() <= 8
