import numpy as np
import pytest

from inference.cadence import phrase_ends, rest_on_chords
from inference.grid import grid_of_song
from inference.hearing import line_of_notes
from music.keys import Key
from music.rolls import held_onsets, roll_to_voices, voices_to_roll
from music.song import Note, Song, TimeSignature, Track

TICKS = 24  # a sixteenth
C_MAJOR = Key(0, "major")
TONIC = (67, 64, 48)  # below a C5
SUBDOMINANT = (69, 65, 53)
SEVENTH = (70, 67, 64)  # a C7 with its third in the bass
NO_CHORD = (62, 61, 60)


def tune(*lengths, rests=(), pitches=(72,), metre=(4, 4), pickup=None):
    """Notes one after the other, lengths in sixteenths; those counted in `rests` are silent."""
    notes, step = [], 0
    for index, length in enumerate(lengths):
        if index not in rests:
            pitch = pitches[index % len(pitches)]
            notes.append(Note(TICKS * step, TICKS * (step + length), pitch))
        step += length
    signatures = [TimeSignature(TICKS * (pickup or 0), *metre)]
    if pickup:
        signatures.insert(0, TimeSignature(0, pickup, 16))
    song = Song(4 * TICKS, (Track("", 0, tuple(notes)),), time_signatures=tuple(signatures))
    grid = grid_of_song(song, steps_per_beat=4, bar_steps=16)
    return grid, line_of_notes(grid, tuple(notes))


@pytest.mark.parametrize(
    ("lengths", "kwargs", "ends"),
    [
        ([4, 4, 4, 4], {}, [(12, 16)]),
        ([4, 4, 8, 4, 4, 8], {}, [(8, 16), (24, 32)]),
        ([4, 8, 4, 4, 4, 8], {}, [(24, 32)]),  # the next note begins elsewhere in its bar
        ([4, 4, 8, 8, 4, 4, 4, 4], {}, [(36, 40)]),  # the next note is as long
        ([8, 8, 16, 8, 8, 16], {}, [(16, 32), (48, 64)]),
        ([8, 8, 8, 8, 4, 4, 8], {}, [(40, 48)]),  # half notes are nothing special
        ([4, 4, 8, 4, 4, 8], {"pickup": 4}, [(8, 16), (24, 32)]),
        ([4, 4, 4, 8, 4, 4, 8], {"pickup": 4}, [(28, 36)]),
        ([4, 4, 8, 8, 4, 4, 4], {"rests": [3]}, [(32, 36)]),
        ([4, 4, 8, 16, 4, 4, 8], {"rests": [3]}, [(8, 16), (40, 48)]),  # not under the rest
        ([4, 4, 4, 12, 4, 4, 4, 12], {"metre": (3, 4)}, [(12, 24), (36, 48)]),
        ([2, 2, 2, 6, 2, 2, 2, 6], {"metre": (6, 8)}, [(18, 24)]),  # one beat only
        ([2, 2, 2, 6, 12, 2, 2, 2, 6], {"metre": (6, 8)}, [(12, 24), (30, 36)]),
    ],
)
def test_phrase_ends(lengths, kwargs, ends):
    assert phrase_ends(*tune(*lengths, **kwargs)) == ends


def answer(*chords, steps=4):
    pitch = np.repeat(np.array(chords, dtype=np.int8), steps, axis=0)
    return pitch, *voices_to_roll(pitch, held_onsets(pitch))


def everywhere(roll):
    return np.ones(len(roll), dtype=bool)


def rest(grid, line, roll, onset, key=C_MAJOR):
    held, starts = rest_on_chords(roll, onset, line.pitch, key, grid, line, everywhere(roll))
    assert not (starts & ~held).any()
    pitch, begins = roll_to_voices(held, starts)
    assert ((np.diff(pitch, axis=0) != 0) <= begins[1:]).all()
    return pitch


@pytest.mark.parametrize(
    ("chords", "held"),
    [
        ([TONIC, NO_CHORD, SUBDOMINANT, NO_CHORD], [0, 0, 0, 0]),
        ([SUBDOMINANT, NO_CHORD, TONIC, NO_CHORD], [0, 1, 2, 2]),  # home comes later
        ([NO_CHORD, SUBDOMINANT, NO_CHORD, SEVENTH], [0, 1, 1, 1]),
        ([SEVENTH, NO_CHORD, NO_CHORD, NO_CHORD], [0, 0, 0, 0]),
        ([NO_CHORD, SEVENTH, NO_CHORD, NO_CHORD], [0, 0, 0, 0]),
    ],
)
def test_under_the_last_note_voices_come_to_rest(chords, held):
    pitch, roll, onset = answer(*chords)
    found = rest(*tune(16), roll, onset)
    np.testing.assert_array_equal(found, pitch[np.repeat(np.array(held) * 4, 4)])


def test_home_is_the_songs_key():
    pitch, roll, onset = answer(TONIC, SUBDOMINANT, TONIC, TONIC)
    found = rest(*tune(16), roll, onset, Key(5, "major"))
    np.testing.assert_array_equal(found[4:], np.tile(pitch[4], (12, 1)))
    np.testing.assert_array_equal(found[:4], pitch[:4])


def test_elsewhere_nothing_is_changed():
    grid, line = tune(4, 4, 8, 4, 4, 8)
    rng = np.random.default_rng(0)
    pitch = rng.integers(40, 70, (32, 3)).astype(np.int8)
    onset = held_onsets(pitch)
    onset[1::3] = True
    roll, starts = voices_to_roll(pitch, onset)
    held, begun = rest_on_chords(roll, starts, line.pitch, C_MAJOR, grid, line, everywhere(roll))
    for steps in (slice(0, 8), slice(16, 24)):
        np.testing.assert_array_equal(held[steps], roll[steps])
        np.testing.assert_array_equal(begun[steps], starts[steps])
    assert not begun[13:16].any()
    assert not begun[29:].any()


def test_a_phrase_is_not_left_in_parallels():
    # From the F major chord all voices would go up a tone together with the melody.
    after = tuple(pitch + 2 for pitch in SUBDOMINANT)
    grid, line = tune(4, 4, 8, 4, 12, pitches=(72, 72, 72, 74))
    pitch, roll, onset = answer(TONIC, TONIC, SUBDOMINANT, TONIC, *[after] * 4)
    found = rest(grid, line, roll, onset)
    np.testing.assert_array_equal(found[12:16], pitch[12:16])


def test_chords_of_several_notes_are_held_too():
    grid, line = tune(16)
    roll = np.zeros((16, 128, 1), dtype=bool)
    roll[:, [48, 64, 67]] = True
    roll[8:, 67], roll[8:, 65] = False, True
    held, starts = rest_on_chords(
        roll, np.zeros_like(roll), line.pitch, C_MAJOR, grid, line, everywhere(roll)
    )
    assert held[:, [48, 64, 67], 0].all()
    assert held.sum() == 48
    assert not starts.any()
