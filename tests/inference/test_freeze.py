import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.arranger import Arranger
from inference.options import Options
from music.errors import MusicError
from music.melodies import melody
from music.midi import read_midi, write_midi
from music.song import Note, Song, Tempo, TimeSignature, Track
from tests.inference.accompanists import HandMade, below, drone, noisy

BEAT = 480
BAR = 4 * BEAT

# What no model would write: odd rhythms, odd pitches, a rest of a bar, repeated and lapping notes,
# a chord, a note held over a bar line and one that begins early.
ODD = (
    Note(0, 95, 31, 1),
    Note(110, 700, 99, 127),
    Note(700, 1200, 99, 3),
    Note(1200, 1905, 99, 64),
    # bar 2 rests, but for what comes early
    Note(2 * BAR - 13, 2 * BAR + 77, 40, 50),
    Note(2 * BAR + 70, 2 * BAR + 500, 43, 51),
    Note(2 * BAR + 501, 2 * BAR + 900, 90, 53),
    Note(2 * BAR + 501, 3 * BAR + 333, 47, 52),  # into bar 4
    Note(3 * BAR + 600, 3 * BAR + 601, 44, 54),
    Note(3 * BAR + 1440, 4 * BAR, 45, 55),
)
TUNE = tuple(Note(i * BEAT, (i + 1) * BEAT, 60 + i % 5, 90) for i in range(24))  # six bars


def song_of(*parts, notes=TUNE, **kwargs):
    tracks = (Track("Melody", 73, notes), *(Track(name, p, n) for name, p, n in parts))
    return Song(BEAT, tracks, **kwargs)


def arrange(song, voices=None, **options):
    return Arranger(HandMade(voices or below(3, 7, 12))).arrange(song, Options(**options))


def plain(track):
    return [(note.start, note.end, note.pitch) for note in track.notes]


def three(alto=ODD, tenor=ODD[:3], bass=ODD[4:]):
    return song_of(("Alto", 40, alto), ("Tenor", 41, tenor), ("Bass", 42, bass))


@pytest.mark.parametrize("voices", [None, noisy])
@pytest.mark.parametrize("name", ["bass", "Bass", 3, "3"])
def test_a_kept_track_comes_back_tick_for_tick(voices, name):
    song = three()
    result = arrange(song, voices, freeze_tracks=(name,))
    assert result.song.tracks[0] == song.tracks[0]
    assert result.song.tracks[3] == song.tracks[3]
    assert [track.program for track in result.song.tracks] == [73, 40, 41, 42]
    assert result.warnings == ()
    if voices is None:
        assert plain(result.song.tracks[1]) == [(n.start, n.end, n.pitch - 3) for n in TUNE]
        assert plain(result.song.tracks[2]) == [(n.start, n.end, n.pitch - 7) for n in TUNE]


def test_a_kept_bar_comes_back_and_the_notes_in_it_stay_whole():
    result = arrange(three(), freeze_bars="3")
    alto = result.song.tracks[1].notes
    kept = [note for note in ODD if 2 * BAR - 20 < note.start < 3 * BAR]
    assert [note for note in alto if note in kept] == sorted(kept)
    # The new voice is there up to what begins early, and from where what is held ends.
    assert plain(result.song.tracks[1])[:8] == [(n.start, n.end, n.pitch - 3) for n in TUNE[:7]] + [
        (7 * BEAT, 2 * BAR - 13, TUNE[7].pitch - 3)
    ]
    after = [note for note in alto if note.start >= 3 * BAR]
    assert (after[0].start, after[0].pitch) == (3 * BAR + 360, TUNE[12].pitch - 3)
    assert [n.start for n in after[1:]] == [3 * BAR + i * BEAT for i in range(1, 12)]
    # The tenor has no note in bar 3: it rests there, and only there.
    assert [n.start // BAR for n in result.song.tracks[2].notes] == [
        *[0] * 4, *[1] * 4, *[3] * 4, *[4] * 4, *[5] * 4
    ]  # fmt: skip


def test_new_notes_begin_behind_what_is_kept_even_on_its_pitch():
    alto = (Note(2 * BAR, 3 * BAR, 57, 99),)
    result = arrange(
        song_of(("Alto", 0, alto)), drone(57, 53, 45), freeze_tracks=("alto",), freeze_bars="3"
    )
    assert plain(result.song.tracks[1]) == [
        (0, 2 * BAR, 57),
        (2 * BAR, 3 * BAR, 57),
        (3 * BAR, 6 * BAR, 57),
    ]
    assert result.song.tracks[1].notes[1] == alto[0]
    assert result.metrics["notes"] == 3 + 1 + 1


def test_bars_and_tracks_together_keep_the_bars_of_the_tracks():
    song = three()
    result = arrange(song, freeze_bars="1-2; 3", freeze_tracks=("alto",))
    kept = [note for note in ODD if note.start < 3 * BAR]
    assert list(result.song.tracks[1].notes[: len(kept)]) == kept
    for track, semitones in ((2, 7), (3, 12)):
        assert plain(result.song.tracks[track]) == [
            (n.start, n.end, n.pitch - semitones) for n in TUNE
        ]


def test_cells_on_the_grid_are_the_songs_own():
    song = three()
    given = arrange(song, freeze_bars="1-6").roll
    for bars, steps in (("2", [(16, 32)]), ("1,5-6", [(0, 16), (64, 96)])):
        roll = arrange(song, noisy, freeze_bars=bars).roll
        for first, last in steps:
            np.testing.assert_array_equal(roll[first:last], given[first:last])
        assert (roll != given).any()


@pytest.mark.parametrize(
    ("voices", "options"),
    [
        (noisy, {"density": 0}),
        (drone(57, 53, 45), {"density": 2}),
        (noisy, {"octave": -1}),
        (noisy, {"octave": 2}),
    ],
)
def test_density_and_octave_leave_alone_what_is_kept(voices, options):
    song = three()
    result = arrange(song, voices, freeze_tracks=("tenor", "bass"), **options).song
    assert result.tracks[2:] == song.tracks[2:]
    usual = arrange(song, voices, freeze_tracks=("tenor", "bass")).song
    assert result.tracks[1] != usual.tracks[1]


def moving_at_beats(pitch, onset, noise):
    """Three voices that move with every beat."""
    voices = pitch[..., None] - np.array([3, 7, 12]) - np.arange(32)[None, :, None] // 4 % 2
    return voices, np.diff(voices, axis=1, prepend=-1) != 0


def test_the_last_chord_does_not_hold_what_is_kept_nor_what_goes_with_it():
    notes = (*TUNE[:20], Note(5 * BAR, 6 * BAR, 64, 90))
    moving = tuple(Note(n.start, n.end, n.pitch - 24, 9) for n in TUNE)
    song = song_of(("Bass", 42, moving), notes=notes)
    result = arrange(song, moving_at_beats, freeze_tracks=("bass",)).song
    assert result.tracks[3].notes == moving
    assert len([n for n in result.tracks[1].notes if n.start >= 5 * BAR]) == 4
    usual = arrange(song, moving_at_beats).song
    assert len([n for n in usual.tracks[1].notes if n.start >= 5 * BAR]) < 4


def test_a_calm_answer_still_goes_with_what_moves_between_the_beats_and_is_kept():
    """At density 0 only the bass, which is kept, tells that the last chord is none to rest on."""
    notes = (*TUNE[:20], Note(5 * BAR, 6 * BAR, 64, 90))
    late = 5 * BAR + BEAT // 2
    bass = (*TUNE[:20], Note(5 * BAR, late, 40, 9), Note(late, 6 * BAR, 43, 9))
    song = song_of(("Bass", 42, bass), notes=notes)
    result = arrange(song, moving_at_beats, freeze_tracks=("bass",), density=0).song
    assert result.tracks[3].notes == bass
    assert len([n for n in result.tracks[1].notes if n.start >= 5 * BAR]) == 4
    usual = arrange(song, moving_at_beats, density=0).song
    assert len([n for n in usual.tracks[1].notes if n.start >= 5 * BAR]) < 4


def test_tracks_of_other_names_count_in_order():
    song = song_of(("Strings", 48, ODD), ("Piano", 0, ODD[2:]))
    result = arrange(song, freeze_tracks=("piano", "1"))
    assert [(t.name, t.program) for t in result.song.tracks[1:]] == [
        ("Alto", 48), ("Tenor", 0), ("Bass", 19)
    ]  # fmt: skip
    assert result.song.tracks[1].notes == ODD
    assert result.song.tracks[2].notes == ODD[2:]


def test_other_instruments_if_the_caller_wants_them():
    result = arrange(three(), freeze_tracks=("alto",), instruments=("choir",))
    assert [track.program for track in result.song.tracks] == [73, 52, 52, 52]
    assert result.song.tracks[1].notes == ODD


def test_a_kept_track_may_go_beyond_the_melody():
    early, late = Note(0, 100, 50), Note(7 * BAR, 8 * BAR, 50)
    notes = tuple(Note(n.start + BAR, n.end + BAR, n.pitch, n.velocity) for n in TUNE)
    song = song_of(("Bass", 0, (early, late)), notes=notes)
    result = arrange(song, freeze_tracks=("bass",)).song
    assert result.tracks[3].notes == (early, late)
    assert {(t.notes[0].start, t.notes[-1].end) for t in result.tracks[:3]} == {(BAR, 7 * BAR)}


def test_bars_are_those_of_the_song_whatever_its_metre():
    metres = (TimeSignature(0, 1, 4), TimeSignature(BEAT, 9, 8), TimeSignature(BEAT * 10, 3, 4))
    song = song_of(("Alto", 1, TUNE), time_signatures=metres)
    result = arrange(song, freeze_bars="3", freeze_tracks=("alto",)).song
    bar = range(BEAT * 11 // 2, BEAT * 10)
    expected = [n if n.end > bar.start and n.start < bar.stop else None for n in TUNE]
    for note, same in zip(result.tracks[1].notes, expected, strict=False):
        assert note == same or note.pitch == TUNE[note.start // BEAT].pitch - 3
    assert [n for n in result.tracks[1].notes if n in TUNE] == [n for n in expected if n]


def test_an_answer_kept_whole_is_the_same_song():
    song = arrange(melody("ode-to-joy"), noisy, seed=3).song
    again = arrange(read_midi(write_midi(song)), noisy, seed=4, freeze_tracks=("alto", 2, "bass"))
    assert [plain(t) for t in again.song.tracks] == [plain(t) for t in song.tracks]
    assert again.warnings == ("The whole accompaniment was kept; there was nothing to write anew.",)


def test_bars_of_a_track_that_the_song_does_not_have_stay_silent():
    result = arrange(song_of(("Bass", 0, ODD)), freeze_bars="2-6")
    assert result.warnings == (
        "Alto has no notes in the song and stays silent in the kept bars.",
        "Tenor has no notes in the song and stays silent in the kept bars.",
    )
    assert [n.start // BAR for n in result.song.tracks[1].notes] == [0] * 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"freeze_tracks": ("violin",)}, "`violin` is no accompanying track; those are alto (1), "),
        ({"freeze_tracks": ("soprano",)}, "`soprano` is no accompanying track"),
        ({"freeze_tracks": (0,)}, "`0` is no accompanying track"),
        ({"freeze_tracks": ("tenor",)}, "The song has no notes for tenor that could be kept."),
        ({"freeze_bars": "7"}, "There is no bar 7: the song has 6."),
        ({"freeze_bars": "0"}, "There is no bar 0: bars are counted from 1."),
        ({"freeze_bars": "5-4"}, "`5-4` names no bars."),
        ({"freeze_bars": ""}, "`` names no bars."),
        ({"freeze_bars": "1-2-3"}, "`1-2-3` names no bars."),
        ({"freeze_bars": "1,,2"}, "`` names no bars."),
        ({"freeze_bars": "٣"}, "`٣` names no bars."),
        ({"freeze_bars": "1234567"}, "`1234567` names no bars."),
    ],
)
def test_what_cannot_be_kept(options, words):
    with pytest.raises(MusicError) as caught:
        arrange(song_of(("Alto", 1, ODD), ("Bass", 1, ODD)), **options)
    assert caught.value.code == "bad_option"
    assert words in caught.value.message


def test_all_faults_are_told_at_once():
    with pytest.raises(MusicError) as caught:
        arrange(three(), freeze_tracks=("x", "y"), freeze_bars="9,z")
    assert [word in caught.value.message for word in ("`x`", "`y`", "bar 9", "`z`")] == [True] * 4


def test_a_melody_alone_has_nothing_to_keep():
    with pytest.raises(MusicError, match="There is nothing to keep: the song has no accompanying"):
        arrange(song_of(), freeze_bars="1")


NOTES = st.builds(
    lambda start, length, pitch, velocity: Note(start, start + length, pitch, velocity),
    st.integers(0, 8 * BAR),
    st.integers(1, 2 * BAR),
    st.integers(0, 127),
    st.integers(1, 127),
)


@given(
    st.lists(NOTES, min_size=1, max_size=15),
    st.lists(NOTES, min_size=1, max_size=15),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.sampled_from([(4, 4), (3, 4), (5, 4), (6, 8)]),
)
@settings(max_examples=15, deadline=None)
def test_whatever_is_kept_stays(alto, bass, bars, metre):
    song = song_of(
        ("Alto", 1, tuple(alto)),
        ("Bass", 2, tuple(bass)),
        time_signatures=(TimeSignature(0, *metre),),
        tempos=(Tempo(0, 400_000),),
    )
    words = ",".join(map(str, bars))
    result = arrange(song, noisy, freeze_bars=words).song
    edges = [song.bars()[bar - 1] for bar in bars]
    for new, old in ((result.tracks[1], song.tracks[1]), (result.tracks[3], song.tracks[2])):
        inside = [
            any(n.start < end - 60 and n.end > start + 60 for start, end in edges)
            for n in old.notes
        ]
        kept = list(itertools.compress(old.notes, inside))
        left = list(new.notes)
        for note in kept:
            left.remove(note)
        # All that is new lies outside the kept bars and meets none of what is kept.
        fresh = [n for n in left if n not in old.notes]
        for note in fresh:
            assert not any(note.start < k.end and k.start < note.end for k in kept)
            assert not any(note.start < end - 60 and note.end > start + 60 for start, end in edges)
