import numpy as np

from inference.measures import measure
from music.keys import Key

STEPS = 16
C = [Key(0, "major")] * STEPS


def roll_of(*pitches):
    roll = np.zeros((STEPS, 128, len(pitches)), dtype=bool)
    for track, pitch in enumerate(pitches):
        roll[:, pitch, track] = True
    onset = np.zeros_like(roll)
    onset[::8] = roll[::8]
    return roll, onset


def measures(melody, pitches, key):
    return measure(np.full(STEPS, melody), *roll_of(*pitches), [key] * STEPS, 4)


def test_a_triad_in_c():
    assert measures(72, (67, 64, 48), Key(0, "major")) == {
        "notes": 6.0,
        "in_scale": 1.0,
        "consonance": 1.0,
    }


def test_one_track_out_of_the_scale():
    assert measures(72, (66, 64, 48), Key(0, "major"))["in_scale"] == 0.6667
    assert measures(72, (66, 64, 48), Key(7, "major"))["in_scale"] == 1.0  # F sharp in G


def test_the_leading_note_belongs_to_minor():
    assert measures(72, (68, 69, 70), Key(9, "minor"))["in_scale"] == 0.6667  # G sharp, A; B flat


def test_each_moment_is_heard_in_its_own_key():
    # Four steps in C, twelve in D flat: both have C and F, only one has E, the other G flat.
    keys = [Key(0, "major")] * 4 + [Key(1, "major")] * 12
    share = {72: 1.0, 65: 1.0, 64: 0.25, 66: 0.75}
    for pitch, expected in share.items():
        assert measure(np.full(STEPS, 72), *roll_of(pitch), keys, 4)["in_scale"] == expected


def test_consonance_is_with_the_lowest_note():
    assert measures(65, (60, 48, 64), Key(0, "major"))["consonance"] == 0.0  # a fourth over C
    assert measures(65, (60, 57, 50), Key(0, "major"))["consonance"] == 1.0  # a tenth over D


def test_beats_in_which_something_rests_do_not_count():
    melody = np.full(STEPS, 65)
    melody[4:] = -1
    roll, onset = roll_of(48)
    assert measure(melody, roll, onset, C, 4)["consonance"] == 0.0
    melody[4:] = 64
    assert measure(melody, roll, onset, C, 4)["consonance"] == 0.75


def test_silence():
    silence = np.zeros((STEPS, 128, 3), dtype=bool)
    assert measure(np.full(STEPS, 60), silence, silence, C, 4) == {
        "notes": 0.0,
        "in_scale": 0.0,
        "consonance": 0.0,
    }
