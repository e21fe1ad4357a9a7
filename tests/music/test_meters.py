"""Waltzes that do not tell of themselves, and how often chorales in three are told from others."""

from dataclasses import replace

import pytest

from music.chorales import _splits, corpus_files
from music.errors import MusicError
from music.meters import check_meter
from music.midi import write_midi
from music.musicxml import _read_text, read_parts
from music.pieces import Selection, read_piece
from music.song import Note, Song, TimeSignature, Track
from tests.music.midi_folder import TICKS, hymn


def waltz(signatures=(), bars=12, start=0):
    """A half note and a quarter in each bar of three beats."""
    tracks = []
    for low in (60, 43):
        notes = []
        for bar in range(bars):
            at = start + 3 * bar * TICKS
            notes.append(Note(at, at + 2 * TICKS, low + bar % 5))
            notes.append(Note(at + 2 * TICKS, at + 3 * TICKS, low + bar % 3 + 2))
        tracks.append(Track("", 0, tuple(notes)))
    return Song(TICKS, tuple(tracks), (), signatures)


def read(song, pickup=None):
    return read_piece(write_midi(song), Selection(pickup=pickup))


@pytest.mark.parametrize("signatures", [(), (TimeSignature(0, 4, 4),)])
@pytest.mark.parametrize("start", [0, TICKS, 2 * TICKS])
def test_a_waltz_that_says_four_or_nothing_is_refused(signatures, start):
    with pytest.raises(MusicError, match=r"every third beat, as in 3/4.*`--pickup 0`") as caught:
        read(waltz(signatures, start=start))
    assert caught.value.code == "hidden_meter"
    with pytest.raises(MusicError, match="every third beat"):
        read(waltz(signatures, start=start), pickup=1)
    assert len(read(waltz(signatures, start=start), pickup=0).bar)


def test_a_waltz_that_tells_of_itself_makes_no_phrases_and_no_fault():
    assert read(waltz((TimeSignature(0, 3, 4),))).lost == {"meter": 12}


def test_bars_of_four_and_short_songs_are_not_doubted():
    assert len(read(hymn()).bar)
    assert len(read(waltz(bars=5)).bar)


def test_a_rhythm_of_threes_in_bars_of_four_is_not_doubted():
    """Dotted quarters, twice in a bar, and the rest of it: 3 + 3 + 2 eighths."""
    notes = [
        Note((bar * 8 + at) * TICKS // 2, (bar * 8 + end) * TICKS // 2, 60 + bar % 5)
        for bar in range(12)
        for at, end in ((0, 3), (3, 6), (6, 8))
    ]
    lower = [replace(note, pitch=note.pitch - 12) for note in notes]
    song = Song(TICKS, (Track("", 0, tuple(notes)), Track("", 0, tuple(lower))))
    check_meter(song, song.tracks)
    assert len(read(song).bar)


def of_score(path):
    """A chorale as a MIDI file without a time signature, its pickup at tick 0."""
    tracks = []
    for part in read_parts(path):
        notes, position = [], 0
        for measure in part.measures:
            for note in measure.notes:
                start = round((position + note.start) * TICKS)
                end = start + round(note.length * TICKS)
                if note.continues and notes and notes[-1].pitch == note.pitch:
                    notes[-1] = replace(notes[-1], end=end)
                elif note.pitch is not None:
                    notes.append(Note(start, end, note.pitch))
            position += measure.length
        tracks.append(Track("", 0, tuple(notes)))
    return Song(TICKS, tuple(tracks))


def is_refused(path):
    song = of_score(path)
    try:
        check_meter(song, song.tracks)
    except MusicError:
        return True
    return False


def in_three(path):
    if b"<beats>3</beats>" not in _read_text(path):  # which is quicker than reading the score
        return False
    parts = read_parts(path)
    return len(parts) == 4 and {time for part in parts for time in part.times} == {"3/4"}


def test_chorales():
    threes = [path for path in corpus_files() if in_three(path)]
    known = _splits()
    fours = [path for path in corpus_files() if path.name in known]
    assert (sum(map(is_refused, threes)), len(threes)) == (26, 36)
    assert (sum(map(is_refused, fours)), len(fours)) == (0, 76)
