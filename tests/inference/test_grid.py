import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.grid import beat_steps, grid_of_song, split_bar
from music.errors import MusicError
from music.song import Note, Song, TimeSignature, Track


def song_of(ticks_per_beat, end, *signatures):
    track = Track("Melody", 0, (Note(0, end, 60),))
    return Song(ticks_per_beat, (track,), (), tuple(TimeSignature(*s) for s in signatures))


def grid_of(*args):
    return grid_of_song(song_of(*args), steps_per_beat=4, bar_steps=16)


def cells_of(*args):
    return [(cell.start, cell.steps, cell.lead, cell.beat) for cell in grid_of(*args).cells]


def test_common_time():
    assert cells_of(480, 480 * 8, (0, 4, 4)) == [(0, 16, 0, 4), (16, 16, 0, 4)]


@pytest.mark.parametrize(
    ("signature", "cells"),
    [
        ((3, 4), [(12, 4)]),
        ((2, 4), [(8, 4)]),
        ((6, 8), [(12, 6)]),
        ((2, 2), [(16, 8)]),
        ((7, 8), [(14, 2)]),
        ((5, 4), [(12, 4), (8, 4)]),
        ((6, 4), [(12, 4), (12, 4)]),
        ((7, 4), [(16, 4), (12, 4)]),
        ((12, 8), [(12, 6), (12, 6)]),
        ((9, 8), [(12, 6), (6, 6)]),
        ((3, 2), [(16, 8), (8, 8)]),
        ((4, 2), [(16, 8), (16, 8)]),
        ((15, 8), [(12, 6), (12, 6), (6, 6)]),
        ((3, 1), [(16, 16), (16, 16), (16, 16)]),
        ((3, 16), [(3, 1)]),
        ((33, 16), [(12, 3), (12, 3), (9, 3)]),
    ],
)
def test_bars_of_every_kind(signature, cells):
    found = cells_of(480, 480 * 4 * signature[0] // signature[1], (0, *signature))
    assert [(steps, beat) for _, steps, _, beat in found] == cells


def test_beats_of_33_sixteenths_are_compound():
    # 33/16 is eleven dotted eighths, three steps each, as 6/8 is two dotted quarters.
    assert beat_steps(TimeSignature(0, 33, 16), 4, 16) == 3
    assert beat_steps(TimeSignature(0, 3, 8), 4, 16) == 2


@given(st.integers(1, 600), st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16]))
def test_split_bars_are_whole(steps, beat):
    sizes = split_bar(steps, beat, 16)
    assert sum(sizes) == steps
    assert all(0 < size <= 16 for size in sizes)
    assert all(size % beat == 0 for size in sizes[:-1])
    assert max(sizes[:-1], default=16) >= sizes[-1]


def test_a_pickup_stands_at_the_end_of_its_cell():
    cells = cells_of(480, 480 * 9, (0, 1, 4), (480, 4, 4))
    assert cells == [(0, 4, 12, 4), (4, 16, 0, 4), (20, 16, 0, 4)]


def test_a_short_bar_later_on_does_not():
    cells = cells_of(480, 480 * 9, (0, 4, 4), (1920, 1, 4), (2400, 4, 4))
    assert cells == [(0, 16, 0, 4), (16, 4, 0, 4), (20, 16, 0, 4)]


def test_a_pickup_before_longer_bars():
    cells = cells_of(480, 480 * 7, (0, 1, 4), (480, 6, 4))
    assert cells == [(0, 4, 12, 4), (4, 12, 0, 4), (16, 12, 0, 4)]


def test_ticks_of_a_division_that_four_does_not_divide():
    grid = grid_of(50, 200, (0, 4, 4))
    assert grid.ticks.tolist() == [i * 200 // 16 for i in range(16)] + [200]


def test_notes_go_to_the_nearest_step():
    grid = grid_of(480, 1920, (0, 4, 4))
    notes = [Note(59, 61, 60), Note(60, 239, 62), Note(1900, 1910, 64), Note(0, 20, 65)]
    found = [(note.start, note.end) for note in grid.step_notes(notes)]
    assert found == [(0, 1), (1, 2), (15, 16), (0, 1)]


def test_bars_know_their_steps():
    grid = grid_of(480, 480 * 8, (0, 3, 4), (480 * 3, 5, 4))
    assert grid.bar_of_step.tolist() == [0] * 12 + [1] * 20


@pytest.mark.parametrize(
    "args",
    [
        (480, 2048 * 480 + 1, (0, 4, 4)),
        (480, 1025 * 480, (0, 1, 4)),
        (480, 2000 * 480, (0, 1, 4), (900 * 480, 17, 16)),
        (24, 2**28, (0, 1, 64)),
    ],
)
def test_what_is_too_long(args):
    with pytest.raises(MusicError, match="accompanied at once") as caught:
        grid_of(*args)
    assert caught.value.code == "too_long"


def test_the_longest_song():
    assert len(grid_of(480, 2048 * 480, (0, 4, 4)).cells) == 512


@pytest.mark.parametrize(
    ("signatures", "end", "beats", "lengths", "places"),
    [
        ([(0, 4, 4)], 4, [0, 4, 8, 12], {4}, [*range(16)]),
        ([(0, 6, 8)], 3, [0, 6], {6}, [*range(12)]),
        ([(0, 1, 4), (96, 4, 4)], 5, [0, 4, 8, 12, 16], {4}, [*range(12, 16), *range(16)]),
        ([(0, 3, 8), (144, 3, 4)], 4.5, [0, 2, 4, 6, 10, 14], {2, 4}, [*range(6, 12), *range(12)]),
    ],
)
def test_beats_and_places(signatures, end, beats, lengths, places):
    grid = grid_of(96, int(96 * end), *signatures)
    assert [step for step in range(grid.steps) if grid.beats[step]] == beats
    assert set(grid.beat_lengths.tolist()) == lengths
    assert grid.places.tolist() == places
