"""Target `pieces`: a file's bars are found, a grid is laid under them and phrases are cut."""

import itertools

import numpy as np

from inference.grid import grid_of_song
from music.errors import MusicError
from music.midi import read_midi
from music.phrases import ROLL_BYTES
from music.pieces import PHRASE_STEPS, Selection, read_piece
from music.song import Song
from tests.fuzz import midi
from tests.fuzz.told import check_told

SUFFIX = midi.SUFFIX
MAX_LENGTH = midi.MAX_LENGTH
WORDS = midi.WORDS
mutate = midi.mutate


def execute(data: bytes) -> None:
    """Does with a song what training and inference begin with."""
    try:
        song = read_midi(data)
    except MusicError:
        return
    _check_bars(song)
    for check in (_check_grid, _check_piece):
        try:
            check(song, data)
        except MusicError as error:
            check_told(error)


def _check_bars(song: Song) -> None:
    bars = song.bars()
    assert bars[0][0] == 0
    assert all(before[1] == after[0] for before, after in itertools.pairwise(bars))
    assert all(start < end for start, end in bars)
    assert bars[-1][0] < song.end <= bars[-1][1]


def _check_grid(song: Song, _: bytes) -> None:
    grid = grid_of_song(song, steps_per_beat=4, bar_steps=16)
    assert len(grid.beats) == len(grid.places) == grid.steps
    for track in song.tracks:
        assert all(note.end <= grid.steps for note in grid.step_notes(track.notes))


def _check_piece(_: Song, data: bytes) -> None:
    piece = read_piece(data, Selection())
    shape = (len(piece.bar), PHRASE_STEPS, len(piece.tracks))
    assert piece.pitch.shape == piece.onset.shape == shape
    assert piece.roll is None or piece.roll.shape == (*shape, ROLL_BYTES)
    assert not np.any(piece.onset & (piece.pitch < 0))
