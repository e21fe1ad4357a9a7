import numpy as np
import pytest

from music.errors import MusicError
from music.midi import write_midi
from music.pieces import Selection, choose_tracks, read_piece
from music.song import KeySignature, Note, Song, TimeSignature, Track
from tests.music.midi_folder import TICKS, line, midi, song


def read(content, selection=None):
    return read_piece(write_midi(content), selection or Selection())


def test_a_song_is_cut_at_every_bar():
    piece = read(song(3, bars=6))
    assert piece.tracks == ("Soprano", "Alto", "Tenor", "Bass")
    assert piece.bars == 6
    assert piece.bar.tolist() == [0, 1, 2, 3, 4]
    assert piece.pitch.shape == (5, 32, 4)
    pitches = [note.pitch for note in line(3, 1, 6)]
    assert piece.pitch[2, ::4, 1].tolist() == pitches[8:16]
    assert np.array_equal(piece.onset, np.broadcast_to(np.arange(32) % 4 == 0, (5, 4, 32)).mT)
    assert not piece.chords.any()
    assert piece.lost == {}


@pytest.mark.parametrize("ticks", [24, 25, 96, 120, 480, 1000])
def test_any_division_reads_the_same(ticks):
    def scaled(note):
        return Note(note.start * ticks // TICKS, note.end * ticks // TICKS, note.pitch)

    whole = song(3)
    tracks = [Track(t.name, 0, tuple(map(scaled, t.notes))) for t in whole.tracks]
    piece = read(song(tracks=tracks, ticks=ticks))
    assert np.array_equal(piece.pitch, read(whole).pitch)


def test_a_pickup_in_a_short_bar_shifts_the_bar_lines():
    notes = [line(1, voice, 4, start=TICKS) for voice in range(4)]
    tracks = [Track("", 0, (Note(0, TICKS, 60 + voice), *own)) for voice, own in enumerate(notes)]
    signatures = (TimeSignature(0, 1, 4), TimeSignature(TICKS, 4, 4))
    piece = read(Song(TICKS, tuple(tracks), (), signatures))
    assert piece.bar.tolist() == [1, 2, 3]
    assert piece.pitch[0, ::4, 0].tolist() == [note.pitch for note in notes[0][:8]]
    assert piece.lost == {}


@pytest.mark.parametrize(
    ("meter", "bars"),
    [
        ((2, 2), [0, 1, 2, 3, 4]),
        ((2, 4), list(range(9))),
        ((4, 2), [0, 1, 2]),
        ((8, 8), [0, 1, 2, 3, 4]),
    ],
)
def test_phrases_begin_and_end_at_bar_lines(meter, bars):
    assert read(song(meter=meter)).bar.tolist() == list(bars)


@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (5, 4), (7, 8), (9, 16)])
def test_other_meters_make_no_phrase(meter):
    piece = read(song(meter=meter))
    assert len(piece.bar) == 0
    assert piece.lost == {"meter": piece.bars}


def test_a_few_triplets_cost_their_phrases_and_many_the_file():
    triplet = tuple(Note(TICKS // 3 * n, TICKS // 3 * (n + 1), 70) for n in range(3))
    tracks = list(song().tracks)
    tracks[0] = Track("Soprano", 0, triplet + tracks[0].notes[1:])
    piece = read(song(tracks=tracks))
    assert piece.bar.tolist() == [1, 2, 3, 4]
    assert piece.lost == {"off_grid": 1}
    swung = tuple(Note(TICKS // 3 * n, TICKS // 3 * (n + 1), 70) for n in range(72))
    with pytest.raises(MusicError, match="of the notes start between") as caught:
        read(song(tracks=[Track(t.name, 0, swung) for t in tracks]))
    assert caught.value.code == "off_grid"


def test_human_timing_is_not_off_the_grid():
    def late(notes):
        return tuple(Note(n.start + 24, n.end + 5, n.pitch) for n in notes)  # a fifth of a step

    tracks = [Track(t.name, 0, late(t.notes)) for t in song().tracks]
    assert np.array_equal(read(song(tracks=tracks)).pitch, read(song()).pitch)


def test_phrases_in_which_one_side_rests_are_left_out():
    full = song(bars=8)
    tracks = [Track("m", 0, full.tracks[0].notes[:16]), *full.tracks[1:]]
    piece = read(song(tracks=tracks))
    assert piece.lost == {"melody_rests": 3}
    tracks = [full.tracks[0], Track("a", 0, full.tracks[1].notes[16:])]
    piece = read(song(tracks=tracks))
    assert piece.lost == {"accompaniment_rests": 3}
    assert piece.bar.tolist() == [3, 4, 5, 6]


def test_chords_are_noticed_and_legato_is_not():
    tracks = list(song().tracks)
    legato = tuple(Note(n.start, n.end + 40, n.pitch) for n in tracks[1].notes)
    chord = (*tracks[2].notes, Note(4 * TICKS * 4, 4 * TICKS * 4 + TICKS, 90))
    tracks[1:3] = [Track("a", 0, legato), Track("t", 0, chord)]
    piece = read(song(tracks=tracks))
    assert piece.chords.any(axis=0).tolist() == [False, False, True, False]
    assert piece.chords[:, 2].tolist() == [False, False, False, True, True]


def drummed():
    drums = Track("Drums", 0, (Note(0, 10, 36),), is_drum=True)
    return song(tracks=[drums, *song().tracks, Track("Organ", 19, line(9, 3, 6))])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), (1, 2, 3, 4)),
        (Selection(melody=5), (5, 1, 2, 3)),
        (Selection(melody="bass "), (4, 1, 2, 3)),
        (Selection(accompany=("Soprano", 5)), (2, 1, 5)),
        (Selection(melody="Organ", accompany=(2,)), (5, 2)),
    ],
)
def test_the_choice_of_tracks(selection, expected):
    assert choose_tracks(drummed(), selection) == expected


@pytest.mark.parametrize(
    ("selection", "match"),
    [
        (Selection(melody=6), "fits 0 tracks"),
        (Selection(melody=0), "is the drums'"),
        (Selection(melody="Flute"), "'Flute' fits 0 tracks, of 6"),
        (Selection(melody=2, accompany=(2,)), "chosen twice"),
    ],
)
def test_a_choice_that_cannot_be(selection, match):
    with pytest.raises(MusicError, match=match):
        choose_tracks(drummed(), selection)


def test_two_tracks_of_one_name_are_not_guessed_between():
    twins = song(tracks=[Track("Piano", 0, line(0, voice, 4)) for voice in range(2)])
    with pytest.raises(MusicError, match="fits 2 tracks"):
        read(twins, Selection(melody="piano"))


def test_the_melody_alone_is_refused():
    with pytest.raises(MusicError, match="one pitched track"):
        read(song(voices=1))


def note(delta, pitch, length, channel=0):
    return bytes([*delta, 0x90 + channel, pitch, 80, *length, 0x80 + channel, pitch, 0])


def test_a_track_that_changes_its_instrument_is_refused():
    quarter = (0x83, 0x60)
    change = [bytes([0, 0xC0, program]) + note((0,), 60, quarter) for program in (0, 40)]
    other = note((0,), 50, quarter) * 2
    end = b"\x00\xff\x2f\x00"
    with pytest.raises(MusicError, match="changes its instrument from 0 to 40"):
        read_piece(midi(b"".join(change) + end, other + end), Selection())


def test_type_0_has_a_track_for_each_channel():
    end = b"\x00\xff\x2f\x00"
    both = b"".join(
        bytes([0, 0x90, 60 + at % 3, 80, 0, 0x91, 50, 80])
        + bytes([0x83, 0x60, 0x80, 60 + at % 3, 0, 0, 0x81, 50, 0])
        for at in range(8)
    )
    piece = read_piece(midi(both + end, kind=0), Selection())
    assert piece.pitch[0, ::4].tolist() == [[60 + at % 3, 50] for at in range(8)]


@pytest.mark.parametrize(("sharps", "key"), [(None, "major"), (0, "major"), (1, "major")])
def test_the_key_is_of_the_whole_song(sharps, key):
    scale = (67, 69, 71, 72, 74, 76, 78, 79)
    notes = tuple(Note(n * TICKS, (n + 1) * TICKS, scale[n % 8]) for n in range(32))
    signatures = () if sharps is None else (KeySignature(0, sharps),)
    whole = Song(TICKS, (Track("", 0, notes), Track("", 0, notes)), (), (), signatures)
    found = read(whole).key
    assert (found.tonic, found.mode) == (7, key)
