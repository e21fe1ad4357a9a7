import numpy as np

from inference.held import changes, hold
from music.rolls import held_onsets, roll_to_voices, voices_to_roll


def answer():
    pitch = np.array([[60, 48], [60, 48], [62, 48], [62, 50], [62, 50], [-1, 50]], dtype=np.int8)
    onset = held_onsets(pitch)
    onset[4, 0] = True  # struck again
    return pitch, *voices_to_roll(pitch, onset)


def test_changes():
    _, roll, onset = answer()
    assert changes(roll, onset).T.astype(int).tolist() == [[1, 0, 1, 0, 1, 1], [1, 0, 0, 1, 0, 0]]


def test_all_moves_allowed_is_the_answer_itself():
    _, roll, onset = answer()
    for moves in (np.ones((6, 2), dtype=bool), changes(roll, onset)):
        held, starts = hold(roll, onset, moves)
        np.testing.assert_array_equal(held, roll)
        np.testing.assert_array_equal(starts, onset)


def test_a_track_that_may_not_move_holds_and_the_other_moves():
    _, roll, onset = answer()
    moves = changes(roll, onset)
    moves[[2, 4], 0] = False
    held, starts = hold(roll, onset, moves)
    pitch, begins = roll_to_voices(held, starts)
    assert pitch.T.tolist() == [[60, 60, 60, 60, 60, -1], [48, 48, 48, 50, 50, 50]]
    assert begins.T.astype(int).tolist() == [[1, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0]]


def test_what_comes_late_begins_late():
    _, roll, onset = answer()
    moves = changes(roll, onset)
    moves[2, 0] = False  # the 62 is passed over, and struck on the fifth step
    pitch, begins = roll_to_voices(*hold(roll, onset, moves))
    assert pitch[:, 0].tolist() == [60, 60, 60, 60, 62, -1]
    assert begins[:, 0].astype(int).tolist() == [1, 0, 0, 0, 1, 0]
