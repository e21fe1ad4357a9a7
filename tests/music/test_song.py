import pytest

from music.errors import MusicError
from music.song import (
    KeySignature,
    Note,
    Song,
    Tempo,
    TimeSignature,
    Track,
    pitched_tracks,
)


def song_until(end: int, *signatures: TimeSignature, ticks_per_beat: int = 24) -> Song:
    track = Track("Melody", 0, (Note(0, end, 60),))
    return Song(ticks_per_beat, (track,), time_signatures=signatures)


@pytest.mark.parametrize(
    "values",
    [
        (-1, 10, 60),
        (10, 10, 60),
        (10, 9, 60),
        (0, 10, 128),
        (0, 10, -1),
        (0, 10, 60, 0),
        (0, 10, 60, 128),
    ],
)
def test_impossible_notes_are_refused(values):
    with pytest.raises(MusicError, match="A note needs"):
        Note(*values)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Track("Melody", 128, ()), "0 to 127; received 128"),
        (lambda: Tempo(0, 0), r"received \(0, 0\)"),
        (lambda: Tempo(0, 2**24), "16777215 microseconds"),
        (lambda: Tempo(-1, 1), "tick of 0 or more"),
        (lambda: TimeSignature(0, 0, 4), "received .0, 0/4."),
        (lambda: TimeSignature(0, 256, 4), "1 to 255 beats"),
        (lambda: TimeSignature(0, 4, 6), "power of two"),
        (lambda: TimeSignature(0, 4, 128), "up to 64"),
        (lambda: KeySignature(0, 8), "-7 to 7 sharps"),
        (lambda: Song(23, ()), "24 to 32767 ticks"),
        (lambda: Song(32768, ()), "received 32768"),
    ],
)
def test_impossible_values_are_refused(build, message):
    with pytest.raises(MusicError, match=message) as caught:
        build()
    assert caught.value.code == "bad_song"


def test_songs_that_say_the_same_are_equal():
    low, high = Note(0, 10, 60), Note(0, 10, 72)
    one = Song(480, (Track("A", 0, (high, low)),))
    other = Song(
        480, (Track("A", 0, (low, high)),), (Tempo(0, 500_000),), (TimeSignature(0, 4, 4),)
    )
    assert one == other
    assert one.tracks[0].notes == (low, high)


def test_the_first_tempo_and_time_signature_lie_at_tick_0():
    song = Song(480, (), (Tempo(960, 400_000),), (TimeSignature(1920, 3, 4),))
    assert song.tempos == (Tempo(0, 500_000), Tempo(960, 400_000))
    assert song.time_signatures == (TimeSignature(0, 4, 4), TimeSignature(1920, 3, 4))
    assert song.tempos[1].bpm == 150.0


def test_of_several_changes_on_one_tick_the_last_stands():
    song = Song(480, (), (Tempo(7, 3), Tempo(0, 1), Tempo(7, 4), Tempo(0, 2)))
    assert song.tempos == (Tempo(0, 2), Tempo(7, 4))


def test_end_is_the_latest_end_of_all_tracks():
    early = Track("A", 0, (Note(0, 99, 60), Note(50, 60, 60)))
    assert Song(480, (early, Track("B", 0, ()))).end == 99
    assert Song(480, ()).end == 0


@pytest.mark.parametrize(
    ("song", "bars"),
    [
        (song_until(1), [(0, 96)]),
        (song_until(96), [(0, 96)]),
        (song_until(97), [(0, 96), (96, 192)]),
        (Song(24, ()), []),
        # A pickup bar of one beat, then 3/4.
        (
            song_until(100, TimeSignature(0, 1, 4), TimeSignature(24, 3, 4)),
            [(0, 24), (24, 96), (96, 168)],
        ),
        # A change within a bar cuts it short.
        (
            song_until(150, TimeSignature(100, 6, 8)),
            [(0, 96), (96, 100), (100, 172)],
        ),
        # A change after the end cuts the last bar if it lies within.
        (song_until(50, TimeSignature(60, 3, 4)), [(0, 60)]),
        (song_until(50, TimeSignature(960, 3, 4)), [(0, 96)]),
        # 5/64 at 24 ticks a quarter are 7.5 ticks: every second bar line falls on a whole tick.
        (song_until(20, TimeSignature(0, 5, 64)), [(0, 7), (7, 15), (15, 22)]),
    ],
)
def test_bars_follow_the_time_signatures(song, bars):
    assert song.bars() == bars


def test_bars_are_seamless():
    song = song_until(9_999, *(TimeSignature(t * t * 11, 1 + t, 8) for t in range(30)))
    bars = song.bars()
    assert [start for start, _ in bars[1:]] == [end for _, end in bars[:-1]]
    assert bars[0][0] == 0
    assert bars[-1][0] < song.end <= bars[-1][1]
    assert {signature.tick for signature in song.time_signatures if signature.tick < song.end} <= {
        start for start, _ in bars
    }


def test_seconds_follow_the_tempo_map():
    song = Song(480, (), (Tempo(0, 500_000), Tempo(960, 1_000_000), Tempo(1440, 250_000)))
    assert [song.seconds(tick) for tick in (0, 480, 960, 1200, 1440, 1920)] == [
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        2.25,
    ]


def test_pitched_tracks_are_those_with_notes_and_no_drums():
    note = Note(0, 1, 60)
    empty, drums, flute = (
        Track("E", 0, ()),
        Track("D", 0, (note,), is_drum=True),
        Track("F", 73, (note,)),
    )
    assert pitched_tracks(Song(480, (empty, drums, flute, flute))) == (2, 3)
    with pytest.raises(MusicError, match="drums only") as caught:
        pitched_tracks(Song(480, (empty, drums)))
    assert caught.value.code == "drums_only"
    with pytest.raises(MusicError, match="no notes") as caught:
        pitched_tracks(Song(480, (empty,)))
    assert caught.value.code == "no_notes"
