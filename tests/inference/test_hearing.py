import numpy as np
import pytest

from inference.grid import grid_of_song
from inference.hearing import (
    Register,
    cells_heard,
    choose_register,
    find_song_key,
    line_of_notes,
    sounding_steps,
)
from music.keys import Key
from music.song import KeySignature, Note, Song, TimeSignature, Track
from tests.tiny_models import describe

C_MAJOR = Key(0, "major")
TICKS = 4  # a beat, so that a tick is a step


def song_of(*notes, signatures=((0, 4, 4),), keys=()):
    track = Track(
        "Melody", 0, tuple(Note(24 // TICKS * s, 24 // TICKS * e, *r) for s, e, *r in notes)
    )
    return Song(
        24,
        (track,),
        time_signatures=tuple(TimeSignature(24 // TICKS * t, n, d) for t, n, d in signatures),
        key_signatures=keys,
    )


def heard(*notes, **kwargs):
    song = song_of(*notes, **kwargs)
    grid = grid_of_song(song, steps_per_beat=4, bar_steps=16)
    return grid, line_of_notes(grid, song.tracks[0].notes)


def test_rests_hold_the_note_before_and_the_first_one_is_there_from_the_start():
    _, line = heard((2, 4, 60), (6, 16, 62))
    assert line.pitch.tolist() == [60] * 6 + [62] * 10
    assert np.flatnonzero(line.onset).tolist() == [0, 2, 6]
    assert np.flatnonzero(~line.sounding).tolist() == [0, 1, 4, 5]


def test_a_rest_does_not_swallow_a_repeated_note():
    _, line = heard((0, 4, 60), (8, 16, 60))
    assert np.flatnonzero(line.onset).tolist() == [0, 8]


def test_velocity_follows_the_last_note():
    _, line = heard((2, 4, 60, 30), (6, 16, 62, 99))
    assert line.velocity.tolist() == [30] * 6 + [99] * 10


def test_lower_notes_sound_though_the_line_is_above_them():
    _, line = heard((0, 4, 72), (0, 16, 60))
    assert line.sounding.all()


def test_padding_of_a_bar_of_three_beats_holds():
    grid, line = heard((0, 4, 60), (4, 8, 62), (8, 12, 64), (12, 24, 65), signatures=[(0, 3, 4)])
    pitch, onset = cells_heard(grid, line, line.pitch, 16)
    assert pitch.tolist() == [[60] * 4 + [62] * 4 + [64] * 8, [65] * 16]
    assert [np.flatnonzero(row).tolist() for row in onset] == [[0, 4, 8], [0]]


def test_padding_of_a_pickup_holds_backwards():
    grid, line = heard((0, 4, 67), (4, 20, 72), signatures=[(0, 1, 4), (4, 4, 4)])
    pitch, onset = cells_heard(grid, line, line.pitch, 16)
    assert pitch.tolist() == [[67] * 16, [72] * 16]
    assert [np.flatnonzero(row).tolist() for row in onset] == [[0, 12], [0]]


def test_a_note_held_over_the_bar_line_has_no_second_onset():
    grid, line = heard((0, 32, 60))
    _, onset = cells_heard(grid, line, line.pitch, 16)
    assert [np.flatnonzero(row).tolist() for row in onset] == [[0], []]


def test_one_bar_is_followed_by_one_that_holds():
    grid, line = heard((0, 2, 60), (2, 5, 67))
    pitch, onset = cells_heard(grid, line, line.pitch, 16)
    assert pitch.tolist() == [[60] * 2 + [67] * 14, [67] * 16]
    assert not onset[1].any()


@pytest.mark.parametrize(
    ("rest", "silent"),
    [((4, 19), []), ((4, 20), list(range(4, 20))), ((16, 32), list(range(16, 32)))],
)
def test_rests_of_a_bar_are_silent(rest, silent):
    grid, line = heard((0, rest[0], 60), (rest[1], 48, 62))
    assert np.flatnonzero(~sounding_steps(grid, line)).tolist() == silent


def test_a_rest_of_a_pickup_counts_by_the_bar_after_it():
    grid, line = heard((0, 2, 60), (8, 20, 62), signatures=[(0, 1, 4), (4, 4, 4)])
    assert sounding_steps(grid, line).all()


def test_nothing_sounds_before_the_first_note_nor_after_the_last():
    grid, line = heard((3, 8, 60), (9, 14, 62))
    assert np.flatnonzero(sounding_steps(grid, line)).tolist() == list(range(3, 14))


def register(*pitches, key=C_MAJOR, **changes):
    _, line = heard(*[(4 * i, 4 * i + 4, pitch) for i, pitch in enumerate(pitches)])
    return choose_register(line, key, describe(melody_range=[57, 81], **changes))


@pytest.mark.parametrize(
    ("pitches", "octaves"),
    [
        ([60, 64, 67, 72], 0),
        ([48, 52, 55, 60], 1),
        ([84, 88, 91, 93], -1),
        ([84, 88, 91, 96], -2),
        ([24, 28, 31, 36], 3),
        ([0, 4, 7], 5),
        ([127, 124, 120], -4),
        ([60, 64, 67, 72, 74, 76, 77, 79, 72, 84], 0),  # one note in ten is out of range
    ],
)
def test_whole_octaves_into_the_range(pitches, octaves):
    assert register(*pitches) == Register(0, octaves)


def test_the_key_is_taken_out_only_where_the_model_wants_it():
    assert register(60, 64, key=Key(9, "major")) == Register(0, 0)
    assert register(60, 64, key=Key(9, "major"), tonic_normalized=True) == Register(3, 0)
    # D minor up a fifth is A minor: down a fourth, then out of the range below.
    assert register(57, 62, key=Key(2, "minor"), tonic_normalized=True) == Register(-5, 1)


def test_what_is_still_out_of_range_is_heard_in_another_octave():
    pitch = np.array([57, 56, 45, 0, 81, 82, 93, 127, 60])
    assert Register(0, 0).to_ears(pitch, (57, 81)).tolist() == [57, 68, 57, 60, 81, 70, 81, 79, 60]
    assert Register(2, -1).to_ears(pitch, (57, 68)).tolist() == [59, 58, 59, 62, 59, 60, 59, 57, 62]


def test_the_key_is_that_of_the_whole_melody():
    a_major = [69, 71, 73, 74, 76, 78, 80, 81, 76, 73, 69]
    song = song_of(*[(4 * i, 4 * i + 4, pitch) for i, pitch in enumerate(a_major)])
    assert find_song_key(song, song.tracks[0].notes) == Key(9, "major")


@pytest.mark.parametrize(
    ("lengths", "key"),
    [((8, 6, 6), Key(9, "minor")), ((2, 10, 5), Key(0, "major"))],  # of A, C and E
)
def test_long_notes_count_for_more(lengths, key):
    ends = np.cumsum([0, *lengths]).tolist()
    song = song_of(*zip(ends, ends[1:], (69, 72, 76), strict=False))
    assert find_song_key(song, song.tracks[0].notes) == key


@pytest.mark.parametrize(
    ("keys", "tonic"), [((), 0), ([KeySignature(0, 1)], 7), ([KeySignature(0, 0)], 0)]
)
def test_a_key_signature_helps_where_the_notes_leave_it_open(keys, tonic):
    pentatonic = [(4 * i, 4 * i + 4, pitch) for i, pitch in enumerate((60, 62, 64, 67, 69))]
    song = song_of(*pentatonic, keys=tuple(keys))
    assert find_song_key(song, song.tracks[0].notes) == Key(tonic, "major")
