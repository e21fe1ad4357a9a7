import numpy as np
import pytest

from inference.grid import grid_of_song
from inference.hearing import Register, line_of_notes
from inference.writing import move_pitches, octaves_that_fit, shift_back, write_notes
from music.song import Note, Song, Track


def roll_of(*pitches):
    roll = np.zeros((16, 128, 1), dtype=bool)
    roll[:, pitches] = True
    return roll


@pytest.mark.parametrize(
    ("register", "lowest", "shift"),
    [
        (Register(0, 0), 48, 0),
        (Register(5, 0), 48, -5),
        (Register(-5, 0), 48, 5),
        (Register(0, 1), 48, -12),
        (Register(3, 2), 52, -27),
        (Register(0, 2), 47, -12),  # two octaves would be below C1
        (Register(0, 1), 30, 0),
        (Register(2, 3), 20, -2),
        (Register(0, -2), 48, 0),
        (Register(4, -1), 48, -4),
    ],
)
def test_shift_back(register, lowest, shift):
    assert shift_back(roll_of(lowest, 70), register) == shift


@pytest.mark.parametrize(
    ("pitches", "shift", "wanted", "octaves"),
    [
        ([48, 70], 0, 0, 0),
        ([48, 70], 0, 2, 2),
        ([48, 70], 0, -2, -2),
        ([24, 104], 0, 2, 1),
        ([24, 104], -1, 2, 2),
        ([24, 103], 0, 2, 2),
        ([23, 60], 0, -2, -1),
        ([23, 60], 1, -2, -2),
        ([11, 116], 0, -1, 0),
        ([11, 116], 0, 1, 0),
        ([], 0, 2, 2),
    ],
)
def test_octaves_that_fit(pitches, shift, wanted, octaves):
    assert octaves_that_fit(roll_of(*pitches), shift, wanted) == octaves


def test_silence_is_not_moved_out_of_bounds():
    assert shift_back(roll_of()[:, :, :0], Register(3, 4)) == -3


@pytest.mark.parametrize(
    ("semitones", "pitches"), [(0, [0, 60, 127]), (3, [3, 63]), (-3, [57, 124]), (-60, [0, 67])]
)
def test_moved_pitches(semitones, pitches):
    moved = move_pitches(roll_of(0, 60, 127), semitones)
    assert np.flatnonzero(moved[0, :, 0]).tolist() == pitches


def written(notes, roll_notes):
    song = Song(480, (Track("Melody", 0, notes),))
    grid = grid_of_song(song, steps_per_beat=4, bar_steps=16)
    roll = np.zeros((grid.steps, 128), dtype=bool)
    onset = np.zeros_like(roll)
    for pitch, start, end in roll_notes:
        roll[start:end, pitch] = onset[start, pitch] = True
    span = min(n.start for n in notes), max(n.end for n in notes)
    return write_notes(grid, line_of_notes(grid, notes), span, roll, onset)


def test_notes_begin_and_end_with_the_melody():
    melody = (Note(10, 400, 72, 100), Note(480, 943, 74, 50))
    assert written(melody, [(60, 0, 4), (59, 4, 8)]) == (
        Note(10, 480, 60, 80),
        Note(480, 943, 59, 40),
    )


def test_the_last_note_is_as_long_as_the_melodys():
    assert written((Note(0, 1000, 72, 1),), [(60, 0, 8)]) == (Note(0, 1000, 60, 1),)
