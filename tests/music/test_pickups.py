"""Pickups said, pickups doubted, and how often the doubt is right on chorales of other tunes."""

from dataclasses import replace

import pytest

from music.chorales import _splits, corpus_files, read_chorale
from music.errors import MusicError
from music.pickups import find_bars
from music.pieces import Selection
from music.rolls import notes_of_voice
from music.song import Song, TimeSignature, Track
from tests.music.midi_folder import BAR, TICKS, hymn


def bars_of(song, pickup=None):
    return find_bars(song, song.tracks, pickup)


@pytest.mark.parametrize("start", [0, BAR])
def test_bars_that_are_where_they_should_be_stay(start):
    found = bars_of(hymn(start))
    assert found.song == hymn(start)
    assert (found.pickup, found.remark) == (None, "")


@pytest.mark.parametrize(
    ("beats", "said"), [(1, "1"), (0.5, "0.5"), (0.25, "0.25"), (3, "3"), (1.5, "1.5")]
)
def test_an_untold_pickup_is_refused_with_the_cure(beats, said):
    song = hymn(round(beats * TICKS))
    with pytest.raises(MusicError, match=f"pickup of {said} beat.*`--pickup {said}`") as caught:
        bars_of(song)
    assert caught.value.code == "shifted_bars"
    found = bars_of(song, beats)
    assert found.song.bars()[:2] == [(0, beats * TICKS), (beats * TICKS, beats * TICKS + BAR)]
    assert f"read with a pickup of {said} beat" in found.remark


def test_a_short_first_bar_tells_of_the_pickup():
    told = hymn(TICKS, signatures=(TimeSignature(0, 1, 4), TimeSignature(TICKS, 4, 4)))
    assert bars_of(told).song == bars_of(told, 2).song == told


def test_who_says_that_the_bars_are_right_is_believed():
    assert bars_of(hymn(TICKS), 0).song == hymn(TICKS)


def test_a_pickup_for_many_is_not_put_before_those_that_have_none():
    assert bars_of(hymn(), 1).song == hymn()
    with pytest.raises(MusicError, match=r"--pickup 0\.5"):
        bars_of(hymn(TICKS // 2), 1)


@pytest.mark.parametrize("pickup", [-1, 8, 0.3, float("nan"), float("inf")])
def test_what_is_no_pickup(pickup):
    with pytest.raises(MusicError, match="is none"):
        Selection(pickup=pickup)


def test_a_short_song_is_not_judged():
    assert bars_of(hymn(TICKS, bars=1)).song == hymn(TICKS, bars=1)


def chorale_song(chorale, start):
    voices = zip(chorale.pitch.T, chorale.onset.T, strict=True)
    notes = [notes_of_voice(p, o, TICKS // 4, start * TICKS // 4) for p, o in voices]
    return Song(TICKS, tuple(Track("", 0, tuple(own)) for own in notes))


def is_refused(song):
    try:
        bars_of(song)
    except MusicError as error:
        return error.code == "shifted_bars"
    return False


def test_chorales_whose_tunes_were_not_tuned_on():
    known = _splits()
    chorales = [read_chorale(path) for path in corpus_files() if path.name in known]
    begun = [
        (chorale, next(bar for bar in chorale.bars if bar is not None)) for chorale in chorales
    ]
    assert len(begun) == 76
    padded = [is_refused(chorale_song(chorale, -first % 16)) for chorale, first in begun]
    shifted = [is_refused(chorale_song(chorale, 0)) for chorale, first in begun if first % 16]
    assert (sum(padded), sum(shifted), len(shifted)) == (0, 48, 54)


def test_a_waltz_is_not_judged():
    waltz = replace(hymn(TICKS), time_signatures=(TimeSignature(0, 3, 4),))
    assert bars_of(waltz).song == waltz
