import io
import resource
import struct
import time

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.errors import MusicError
from music.midi import Limits, read_midi, write_midi
from music.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

END = b"\x00\xff\x2f\x00"


def delta(ticks: int) -> bytes:
    """A variable-length quantity."""
    digits = [ticks & 0x7F]
    while ticks := ticks >> 7:
        digits.append(ticks & 0x7F | 0x80)
    return bytes(reversed(digits))


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + delta(len(data)) + data


def on(pitch: int, velocity: int = 80, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 0])


def program(number: int, channel: int = 0) -> bytes:
    return bytes([0xC0 | channel, number])


def chunk(*events: tuple[int, bytes], end: bytes = END) -> bytes:
    body = b"".join(delta(ticks) + event for ticks, event in events) + end
    return b"MTrk" + struct.pack(">I", len(body)) + body


def header(kind: int = 1, tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, tracks, division)


def midi(*chunks: bytes, kind: int = 1, division: int = 480) -> bytes:
    return header(kind, len(chunks), division) + b"".join(chunks)


NOTE = chunk((0, on(60)), (480, off(60)))


@st.composite
def tracks(draw: st.DrawFn, most: int = 4_000) -> Track:
    """A track with notes, those of one pitch one after the other."""
    notes = []
    for pitch in draw(st.sets(st.integers(0, 127), min_size=1, max_size=4)):
        tick = 0
        for _ in range(draw(st.integers(1, 4))):
            start = tick + draw(st.integers(0, most))
            tick = start + draw(st.integers(1, most))
            notes.append(Note(start, tick, pitch, draw(st.integers(1, 127))))
    letters = st.characters(exclude_categories=["Cs"])
    name = draw(st.text(letters, max_size=20))
    return Track(name, draw(st.integers(0, 127)), tuple(notes), draw(st.booleans()))


ticks = st.integers(0, 90_000)
songs = st.builds(
    Song,
    ticks_per_beat=st.integers(24, 32_767),
    tracks=st.lists(tracks(), min_size=1, max_size=5).map(tuple),
    tempos=st.lists(st.builds(Tempo, ticks, st.integers(1, 2**24 - 1)), max_size=4).map(tuple),
    time_signatures=st.lists(
        st.builds(
            TimeSignature, ticks, st.integers(1, 255), st.sampled_from((1, 2, 4, 8, 16, 32, 64))
        ),
        max_size=4,
    ).map(tuple),
    key_signatures=st.lists(
        st.builds(KeySignature, ticks, st.integers(-7, 7), st.booleans()), max_size=3
    ).map(tuple),
)


@settings(deadline=None, max_examples=150)
@given(songs)
def test_what_was_written_is_read(song):
    data = write_midi(song)
    assert read_midi(data) == song
    assert write_midi(song) == data


def test_twenty_tracks_are_read_as_written():
    song = Song(
        480,
        tuple(Track(f"T{i}", i, (Note(i, i + 1, 60),), is_drum=i % 7 == 3) for i in range(20)),
    )
    assert read_midi(write_midi(song)) == song


def test_every_pitched_track_has_its_own_channel():
    song = Song(
        480,
        tuple(Track(f"T{i}", i, (Note(0, 9, 60),), is_drum=i == 12) for i in range(15)),
    )
    channels = []
    for track in mido.MidiFile(file=io.BytesIO(write_midi(song))).tracks:
        (channel,) = {message.channel for message in track if not message.is_meta}
        channels.append(channel)
    assert channels[12] == 9
    pitched = channels[:12] + channels[13:]
    assert len(set(pitched)) == 14
    assert 9 not in pitched


def test_another_reader_finds_the_same_music():
    import pretty_midi

    song = Song(
        96,
        (
            Track("Flöte", 73, (Note(0, 96, 60, 1), Note(96, 97, 60, 127), Note(96, 192, 72))),
            Track("Drums", 0, (Note(48, 60, 36, 99),), is_drum=True),
            Track("Bass", 32, (Note(10, 1000, 28, 64),)),
        ),
        (Tempo(0, 500_001), Tempo(100, 16_777_215), Tempo(300, 123_457)),
        (TimeSignature(0, 3, 4), TimeSignature(288, 7, 8)),
        (KeySignature(0, -3, True), KeySignature(96, 2)),
    )
    other = pretty_midi.PrettyMIDI(io.BytesIO(write_midi(song)))
    assert other.resolution == 96
    for track, instrument in zip(song.tracks, other.instruments, strict=True):
        # pretty_midi reads names as Latin-1, as the standard of 1988 has it; ours are UTF-8.
        assert instrument.name.encode("latin-1").decode() == track.name
        assert (instrument.program, instrument.is_drum) == (track.program, track.is_drum)
        notes = sorted(
            (other.time_to_tick(n.start), other.time_to_tick(n.end), n.pitch, n.velocity)
            for n in instrument.notes
        )
        assert notes == [(n.start, n.end, n.pitch, n.velocity) for n in track.notes]
        for note in instrument.notes:
            assert note.start == pytest.approx(song.seconds(other.time_to_tick(note.start)))
    times, tempos = other.get_tempo_changes()
    assert [other.time_to_tick(t) for t in times] == [0, 100, 300]
    assert [round(60e6 / tempo) for tempo in tempos] == [500_001, 16_777_215, 123_457]
    assert [
        (other.time_to_tick(t.time), t.numerator, t.denominator)
        for t in other.time_signature_changes
    ] == [(0, 3, 4), (288, 7, 8)]
    assert [(other.time_to_tick(k.time), k.key_number) for k in other.key_signature_changes] == [
        (0, 12 + 0),
        (96, 2),
    ]  # C minor, D major


class TestReading:
    """What symusic makes of a file, and this module of that."""

    def test_one_chunk_becomes_a_track_per_channel_and_program(self):
        data = midi(
            chunk(
                (0, meta(3, b"All")),
                (0, program(73)),
                (0, program(32, channel=1)),
                (0, on(60)),
                (0, on(40, channel=1)),
                (0, on(36, channel=9)),
                (480, off(60)),
                (0, off(40, channel=1)),
                (0, off(36, channel=9)),
                (0, program(16)),
                (0, on(62)),
                (480, off(62)),
            ),
            kind=0,
        )
        found = {(t.name, t.program, t.is_drum, t.notes[0].pitch) for t in read_midi(data).tracks}
        assert found == {
            ("All", 73, False, 60),
            ("All", 16, False, 62),
            ("All", 32, False, 40),
            ("All", 0, True, 36),
        }

    def test_chunks_of_one_channel_stay_apart(self):
        song = read_midi(midi(chunk((0, meta(3, b"Conductor"))), NOTE, NOTE))
        assert [track.notes for track in song.tracks] == [(Note(0, 480, 60),)] * 2

    def test_running_status_and_silent_note_ons(self):
        data = midi(chunk((0, on(60)), (480, b"\x3c\x00"), (0, b"\x3e\x51"), (240, b"\x3e\x00")))
        assert read_midi(data).tracks[0].notes == (Note(0, 480, 60), Note(480, 720, 62, 81))

    def test_a_note_that_starts_where_another_ends(self):
        data = midi(chunk((0, on(60)), (480, on(60, 70)), (0, off(60)), (480, off(60))))
        assert read_midi(data).tracks[0].notes == (Note(0, 480, 60), Note(480, 960, 60, 70))

    def test_overlapping_notes_of_one_pitch_end_first_in_first_out(self):
        data = midi(chunk((0, on(60)), (240, on(60, 70)), (240, off(60)), (240, off(60))))
        assert read_midi(data).tracks[0].notes == (Note(0, 480, 60), Note(240, 720, 60, 70))

    def test_notes_without_end_or_length_are_left_out(self):
        data = midi(
            chunk((0, on(64)), (0, on(60)), (0, off(60)), (9, on(62)), (9, off(62)), (9, on(65)))
        )
        assert read_midi(data).tracks[0].notes == (Note(9, 18, 62),)

    def test_tempos_and_signatures_are_exact_wherever_they_lie(self):
        data = midi(
            chunk(
                (0, meta(0x58, b"\x03\x02\x18\x08")),
                (1, meta(0x51, b"\x07\xa1\x21")),
                (0, meta(0x51, b"\x00\x00\x01")),
                (5000, meta(0x58, b"\x06\x03\x18\x08")),
                (0, meta(0x59, b"\xfd\x01")),
            ),
            NOTE,
        )
        song = read_midi(data)
        assert song.tempos == (Tempo(0, 500_000), Tempo(1, 1))
        assert song.time_signatures == (TimeSignature(0, 3, 4), TimeSignature(5001, 6, 8))
        assert song.key_signatures == (KeySignature(5001, -3, True),)

    def test_impossible_tempos_and_signatures_are_left_out(self):
        data = midi(
            chunk(
                (0, meta(0x51, b"\x00\x00\x00")),
                (0, meta(0x58, b"\x00\x02\x18\x08")),
                (0, meta(0x58, b"\x04\x07\x18\x08")),
                (0, meta(0x58, b"\x04\xff\x18\x08")),
                (0, meta(0x59, b"\x50\x00")),
                (0, meta(0x59, b"\x00\x07")),
                (2**28 - 1, meta(0x51, b"\x07\xa1\x21")),
            ),
            NOTE,
        )
        assert read_midi(data) == read_midi(midi(NOTE))

    @pytest.mark.parametrize(
        ("raw", "name"),
        [
            ("Flöte ♭".encode(), "Flöte ♭"),
            ("Flöte".encode("latin-1"), "Fl\ufffdte"),
            (b"a\0b", "a\0b"),
            (b"x" * 999, "x" * 200),
            (b"", ""),
        ],
    )
    def test_names(self, raw, name):
        data = midi(chunk((0, meta(3, raw)), (0, on(60)), (480, off(60))))
        assert read_midi(data).tracks[0].name == name

    @pytest.mark.parametrize(
        "data",
        [
            midi(NOTE) + bytes(100),
            midi(NOTE) + b"JUNK\xff\xff\xff\xff",
            header(1, 2) + b"XFIH\0\0\0\3abc" + NOTE,
            header(1, 1) + b"XFIH\0\0\0\3abc" + NOTE,
            header(1, 9) + NOTE,
            header(1, 0) + NOTE,
            b"MThd" + struct.pack(">IHHHH", 8, 1, 1, 480, 0) + NOTE,
            midi(chunk((0, on(60)), (480, off(60)), end=b"")),
            bytearray(midi(NOTE)),
        ],
    )
    def test_what_stands_around_the_tracks_does_not_matter(self, data):
        assert read_midi(data) == read_midi(midi(NOTE))

    def test_drums_alone_are_read(self):
        (track,) = read_midi(midi(chunk((0, on(36, channel=9)), (9, off(36, channel=9))))).tracks
        assert track.is_drum

    def test_a_small_file_takes_less_than_two_milliseconds(self):
        notes = tuple(Note(i * 120, i * 120 + 120, 60 + i % 7) for i in range(200))
        data = write_midi(Song(480, (Track("Melody", 0, notes),)))
        assert len(data) > 1_500
        times = []
        for _ in range(20):
            start = time.process_time()
            read_midi(data)
            times.append(time.process_time() - start)
        assert min(times) < 2e-3


FAR = 2**28 - 1
HOSTILE = {
    "empty": (b"", "empty_body"),
    "text": (b"Dear server, here is my melody: C D E F G.", "not_midi"),
    "four bytes": (b"MThd", "not_midi"),
    "header cut": (header()[:13], "not_midi"),
    "header of 5 bytes": (b"MThd" + struct.pack(">IHHH", 5, 1, 1, 480) + NOTE, "not_midi"),
    "header of 4 GB": (b"MThd" + struct.pack(">IHHH", 2**32 - 1, 1, 1, 480) + NOTE, "no_notes"),
    "RIFF": (b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + midi(NOTE), "not_midi"),
    "track cut": (midi(NOTE)[:-6], "not_midi"),
    "track of 4 GB": (header() + b"MTrk\xff\xff\xff\xff" + NOTE[8:], "not_midi"),
    "event cut": (midi(chunk((0, on(60)), (480, off(60)), (0, b"\x90\x3c"), end=b"")), "not_midi"),
    "name of 256 MB": (midi(chunk((0, b"\xff\x03\xff\xff\xff\x7fabc"))), "not_midi"),
    "running status first": (midi(chunk((0, b"\x3c\x40"))), "not_midi"),
    "velocity 200": (midi(chunk((0, b"\x90\x3c\xc8"))), "not_midi"),
    "type 2": (midi(NOTE, kind=2), "unsupported_midi"),
    "type 7": (midi(NOTE, kind=7), "not_midi"),
    "division 0": (midi(NOTE, division=0), "unsupported_midi"),
    "division 1": (midi(NOTE, division=1), "unsupported_midi"),
    "division 23": (midi(NOTE, division=23), "unsupported_midi"),
    "SMPTE": (midi(NOTE, division=0xE728), "unsupported_midi"),
    "no tracks": (midi(), "no_notes"),
    "no notes": (midi(chunk((0, meta(3, b"Silence")))), "no_notes"),
    "notes without end": (midi(chunk((0, on(60)), (480, on(62)))), "no_notes"),
    "notes without length": (midi(chunk((0, on(60)), (0, off(60)))), "no_notes"),
    "note at 2**28": (midi(chunk((FAR, on(60)), (480, off(60)))), "too_long"),
    "negative end": (midi(chunk(*[(FAR, on(60)), (FAR, off(60))] * 4)), "too_long"),
    "end before start": (
        midi(chunk(*[(FAR, b"\xc0\x00")] * 7, (0, on(60)), (FAR, off(60)))),
        "too_long",
    ),
    "4,001 beats": (midi(chunk((4_000 * 480, on(60)), (480, off(60)))), "too_long"),
    "3 MB": (midi(chunk(*[(1, on(60)), (1, off(60))] * 400_000)), "too_large"),
    "100,000 tracks": (header(1, 65_535) + b"MTrk\0\0\0\0" * 100_000, "too_many_tracks"),
    "2,048 programs": (
        midi(
            chunk(
                *(
                    (0, program(p, c) + b"\0" + on(60, 80, c) + b"\1" + off(60, c))
                    for p in range(128)
                    for c in range(16)
                )
            )
        ),
        "too_many_tracks",
    ),
    "170,000 notes": (
        midi(chunk((0, on(60)), *[(0, b"\x3c\x40\x00\x3c\x00")] * 170_000)),
        "too_many_notes",
    ),
    "100,000 tempos": (midi(chunk(*[(1, meta(0x51, b"\7\1\1"))] * 100_000)), "too_many_changes"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_quickly(data, code):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with pytest.raises(MusicError) as caught:
        read_midi(data)
    assert time.process_time() - start < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
    assert caught.value.code == code
    assert len(str(caught.value)) < 400


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_files_are_read_or_refused(data):
    whole = midi(
        chunk((0, meta(3, b"Title")), (0, meta(0x51, b"\7\1\1")), (0, meta(0x58, b"\3\2\x18\x08"))),
        chunk((0, program(73)), (0, on(60)), (480, off(60)), (0, on(62)), (480, b"\x3e\0")),
    )
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(8, len(whole) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    cut = damaged[: data.draw(st.integers(0, len(whole)))]
    for file in (damaged, cut):
        try:
            song = read_midi(bytes(file))
        except MusicError:
            continue
        assert song.end > 0
        assert len(song.bars()) < 300_000


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(size=50), "too_large"),
        (Limits(tracks=1), "too_many_tracks"),
        (Limits(notes=1), "too_many_notes"),
        (Limits(changes=0), "too_many_changes"),
        (Limits(beats=1), "too_long"),
    ],
)
def test_limits_are_the_callers_choice(limits, code):
    data = midi(
        chunk((0, meta(0x51, b"\7\1\1")), (0, on(60)), (480, off(60))),
        chunk((0, on(60)), (481, off(60))),
    )
    at_limit = Limits(size=len(data), tracks=2, notes=2, changes=1, beats=2)
    assert len(read_midi(data, limits=at_limit).tracks) == 2
    with pytest.raises(MusicError) as caught:
        read_midi(data, limits=limits)
    assert caught.value.code == code


class TestWriting:
    def test_a_song_without_tracks_is_refused(self):
        with pytest.raises(MusicError, match="no track"):
            write_midi(Song(480, ()))

    @pytest.mark.parametrize(
        "song",
        [
            Song(480, (Track("A", 0, (Note(0, 2**28, 60),)),)),
            Song(480, (Track("A", 0, (Note(0, 1, 60),)),), (Tempo(2**28, 1),)),
            Song(480, (Track("A", 0, (Note(0, 1, 60),)),), (), (TimeSignature(2**31, 3, 4),)),
            Song(480, (Track("A", 0, (Note(0, 1, 60),)),), (), (), (KeySignature(2**40, 1),)),
        ],
    )
    def test_what_lies_too_far_is_refused(self, song):
        with pytest.raises(MusicError, match="ends at tick") as caught:
            write_midi(song)
        assert caught.value.code == "too_long"

    def test_an_empty_track_is_written_but_not_read(self):
        full = Track("A", 0, (Note(0, 1, 60),))
        data = write_midi(Song(480, (full, Track("B", 5, ()))))
        assert read_midi(data).tracks == (full,)
        assert len(mido.MidiFile(file=io.BytesIO(data)).tracks) == 2

    def test_a_name_that_no_file_can_hold(self):
        data = write_midi(Song(480, (Track("a\ud800" + "x" * 300, 0, (Note(0, 1, 60),)),)))
        assert read_midi(data).tracks[0].name == "a?" + "x" * 198
