import numpy as np
import pytest

from inference.grid import grid_of_song
from inference.hearing import line_of_notes
from inference.modulation import keys_of_cells, window_shifts
from music.keys import Key
from music.song import Note, Song, TimeSignature, Track

C_MAJOR, A_MINOR, D_MAJOR, G_MAJOR = (
    Key(0, "major"), Key(9, "minor"), Key(2, "major"), Key(7, "major")
)  # fmt: skip
TUNE = (0, 4, 7, 4, 5, 9, 7, 5, 4, 7, 12, 7, 2, 5, 0, 0)  # four bars of quarters
IN_MINOR = (9, 12, 16, 12, 11, 14, 8, 11, 9, 12, 17, 14, 11, 8, 9, 9)


def keys_of(*parts, song_key=C_MAJOR, metre=(4, 4), ticks=96):
    """The keys of the cells of a tune whose parts are semitones above C."""
    pitches = [60 + pitch for part in parts for pitch in part]
    notes = tuple(Note(ticks * i, ticks * (i + 1), pitch) for i, pitch in enumerate(pitches))
    song = Song(96, (Track("", 0, notes),), time_signatures=(TimeSignature(0, *metre),))
    grid = grid_of_song(song, steps_per_beat=4, bar_steps=16)
    return keys_of_cells(grid, line_of_notes(grid, notes), song_key)


def up(semitones, tune=TUNE):
    return [pitch + semitones for pitch in tune]


@pytest.mark.parametrize("semitones", [1, 2, 3, 6, -2, -3])
def test_a_verse_in_another_key(semitones):
    keys = keys_of(TUNE, TUNE, up(semitones), up(semitones))
    # A note or two at the border may belong to either key.
    assert keys[:7] == [C_MAJOR] * 7
    assert keys[9:] == [Key(semitones % 12, "major")] * 7


def test_there_and_back():
    keys = keys_of(TUNE, TUNE, up(2), up(2), up(2), TUNE, TUNE)
    assert {keys[0], keys[-1]} == {C_MAJOR}
    assert keys[10:18] == [D_MAJOR] * 8


def test_one_key_is_that_of_the_song():
    assert keys_of(TUNE, TUNE) == [C_MAJOR] * 8
    # Whatever the notes say, a key that holds throughout was found with more knowledge.
    assert keys_of(TUNE, TUNE, song_key=G_MAJOR) == [G_MAJOR] * 8


def test_the_relative_key_is_heard_alike():
    assert keys_of(TUNE, TUNE, IN_MINOR, IN_MINOR) == [C_MAJOR] * 16


def test_a_bar_in_another_key_is_no_modulation():
    assert keys_of(TUNE, TUNE, up(2)[:4], TUNE, TUNE) == [C_MAJOR] * 17


def test_three_four_time():
    keys = keys_of(TUNE[:15], TUNE[:15], up(2)[:15], up(2)[:15], metre=(3, 4))
    assert keys[:9] == [C_MAJOR] * 9
    assert keys[11:] == [D_MAJOR] * 9


@pytest.mark.parametrize(
    ("keys", "key_shift", "shifts"),
    [
        ([C_MAJOR], 0, [0]),
        ([C_MAJOR, C_MAJOR], 0, [0]),
        ([C_MAJOR, A_MINOR, C_MAJOR], 0, [0, 0]),
        ([C_MAJOR, D_MAJOR, D_MAJOR, C_MAJOR], 0, [-2, -2, 0]),
        ([D_MAJOR, C_MAJOR, D_MAJOR], -2, [2, 0]),
        ([Key(6, "major"), Key(7, "major")], 6, [-1]),  # F sharp up 6, G up 5: not down 7
        ([Key(7, "major"), Key(6, "major")], 5, [1]),
        ([C_MAJOR, Key(6, "major")], 0, [-6]),
    ],
)
def test_window_shifts(keys, key_shift, shifts):
    np.testing.assert_array_equal(window_shifts(keys, key_shift), shifts)
