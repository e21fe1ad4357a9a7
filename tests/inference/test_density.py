import numpy as np
import pytest

from inference.density import change_density
from inference.grid import grid_of_song
from music.keys import Key
from music.rolls import held_onsets, roll_to_voices, voices_to_roll
from music.song import Note, Song, TimeSignature, Track

C_MAJOR = Key(0, "major")


def grid_of(steps, metre=(4, 4)):
    track = Track("", 0, (Note(0, 24 * steps, 72),))
    song = Song(96, (track,), time_signatures=(TimeSignature(0, *metre),))
    return grid_of_song(song, steps_per_beat=4, bar_steps=16)


def change(pitch, density, *, melody=72, key=C_MAJOR, seed=0, struck=(), metre=(4, 4)):
    """Changes one voice or more, `(time, voice)`; `struck` steps begin in all of them."""
    steps = len(pitch)
    grid = grid_of(steps, metre)
    filling = grid.steps - steps  # up to the end of the bar
    pitch = np.pad(pitch, ((0, filling), (0, 0)), constant_values=-1).astype(np.int8)
    onset = held_onsets(pitch)
    onset[list(struck)] = pitch[list(struck)] >= 0
    heard = np.pad(np.broadcast_to(melody, steps), (0, filling), mode="edge")
    roll, starts = change_density(
        *voices_to_roll(pitch, onset),
        heard,
        [key] * len(grid.cells),
        grid,
        density=density,
        seed=seed,
    )
    assert not (starts & ~roll).any()
    assert (roll.sum(axis=1) <= 1).all()
    pitch, starts = roll_to_voices(roll, starts)
    return pitch[:steps], starts[:steps]


def beats(*pitches):
    return np.repeat(np.array(pitches), 4)[:, None]


RUN = np.arange(48, 80)[:, None].repeat(3, axis=1)  # a move a step


def moves(pitch):
    return int(np.count_nonzero(np.diff(pitch, axis=0)))


def test_normal_is_the_answer_itself():
    rng = np.random.default_rng(0)
    pitch = rng.integers(-1, 127, (32, 3)).astype(np.int8)
    found, onset = change(pitch, 1, struck=range(0, 32, 3))
    np.testing.assert_array_equal(found, pitch)
    assert onset[::3].sum() == (pitch[::3] >= 0).sum()


@pytest.mark.parametrize(("metre", "beat"), [((4, 4), 4), ((6, 8), 6), ((2, 2), 8)])
def test_at_nought_voices_move_on_beats_only(metre, beat):
    found, onset = change(RUN[:24], 0, struck=range(24), metre=metre)
    np.testing.assert_array_equal(found, np.repeat(RUN[:24:beat], beat, axis=0))
    assert np.flatnonzero(onset.any(axis=1)).tolist() == list(range(0, 24, beat))


def test_the_calmer_the_fewer_moves():
    long = np.tile(RUN, (8, 1))
    counts = [moves(change(long, density)[0]) for density in (0, 0.25, 0.5, 0.75, 1)]
    assert counts[0] == 3 * 63
    assert counts[-1] == 3 * 255
    # Three moves in four are between beats: a quarter of them is 144 of all.
    assert np.diff(counts).tolist() == pytest.approx([144] * 4, abs=40)


def test_chance_comes_from_the_seed_and_is_each_voices_own():
    one, _ = change(RUN, 0.5, seed=1)
    np.testing.assert_array_equal(one, change(RUN, 0.5, seed=1)[0])
    assert (one != change(RUN, 0.5, seed=2)[0]).any()
    assert (one[:, 0] != one[:, 1]).any()


@pytest.mark.parametrize(
    ("before", "after", "between", "key"),
    [
        (60, 64, 62, C_MAJOR),
        (64, 60, 62, C_MAJOR),
        (62, 65, 64, C_MAJOR),
        (62, 65, 63, Key(10, "major")),
        (57, 60, 59, Key(9, "minor")),
        (65, 62, 64, Key(9, "minor")),
        (60, 60, 59, C_MAJOR),  # a neighbour
        (62, 62, 60, C_MAJOR),
        (61, 61, 60, C_MAJOR),
    ],
)
def test_notes_between(before, after, between, key):
    found, onset = change(beats(before, after, after), 2, melody=-1, key=key)
    assert found[:6, 0].tolist() == [before] * 2 + [between] * 2 + [after] * 2
    assert onset[[0, 2, 4], 0].all()


@pytest.mark.parametrize("after", [62, 65, 67, 72, -1])
def test_steps_and_leaps_have_nothing_between(after):
    pitch = beats(60, after)
    np.testing.assert_array_equal(change(pitch, 2)[0], pitch)


def test_a_note_that_clashes_does_not_come():
    pitch = beats(60, 64)
    assert change(pitch, 2, melody=67)[0][2, 0] == 62
    assert change(pitch, 2, melody=73)[0][2, 0] == 60  # C sharp above the D
    assert change(pitch, 2, melody=[67] * 3 + [73] * 5)[0][2, 0] == 60  # on its second half
    both = np.concatenate([pitch, np.full_like(pitch, 51)], axis=1)
    assert change(both, 2, melody=67)[0][2, 0] == 60  # the E flat of another voice


def test_a_beat_on_which_the_voice_moves_is_left_alone():
    pitch = beats(60, 64)
    assert change(pitch, 2, struck=[2])[0][2, 0] == 60
    assert change(pitch, 2, struck=[4])[0][2, 0] == 62
    pitch[3] = 61
    np.testing.assert_array_equal(change(pitch, 2)[0], pitch)


def test_short_beats_have_no_room():
    pitch = np.repeat([60, 64] * 6, 2)[:, None]
    np.testing.assert_array_equal(change(pitch, 2, metre=(7, 8))[0][:14], pitch[:14])


def test_dotted_beats_have_room_on_their_last_eighth():
    pitch = np.repeat([60, 64], 6)[:, None]
    found, _ = change(pitch, 2, metre=(6, 8))
    assert found[:, 0].tolist() == [60] * 4 + [62] * 2 + [64] * 6


def test_the_busier_the_more_notes():
    pitch = np.tile(beats(60, 64), (16, 1))
    counts = [moves(change(pitch, density)[0]) for density in (1, 1.25, 1.5, 1.75, 2)]
    assert counts[0] == 31
    assert counts[-1] == 62
    assert counts == sorted(counts)
    assert counts[2] == pytest.approx(46, abs=8)


def test_chords_have_nothing_between():
    roll = np.zeros((16, 128, 1), dtype=bool)
    roll[:4, [60, 48]] = roll[4:, 64] = True
    roll[8:, 60] = True
    found, _ = change_density(
        roll, np.zeros_like(roll), np.full(16, 72), [C_MAJOR], grid_of(16), density=2, seed=0
    )
    np.testing.assert_array_equal(found, roll)
