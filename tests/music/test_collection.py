import os
import time

import numpy as np
import pytest

from music.collection import build_collection, midi_files
from music.errors import MusicError
from music.phrase_file import read_phrases, write_phrases
from music.phrases import unpack_roll
from music.pieces import Selection
from music.rolls import roll_to_voices
from music.song import Note, Track
from music.stored import StoredArray
from tests.music.midi_folder import TICKS, line, midi, song, write, write_songs

END = b"\x00\xff\x2f\x00"


def by_path(collection):
    return {file.path: file for file in collection.report.files}


def test_a_folder_becomes_a_data_set(tmp_path):
    write_songs(tmp_path / "mine", 20)
    collection = build_collection(tmp_path / "mine")
    phrases = collection.require()
    assert len(phrases) == 100
    assert phrases.pitch.shape == (100, 32, 4)
    assert phrases.header["tracks"] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert phrases.header["name"] == "mine"
    assert phrases.architecture == "voices"
    assert collection.report.used == 20
    assert collection.report.phrases == {"train": 80, "valid": 10, "test": 10}
    for source in set(phrases.source.tolist()):
        assert len(set(phrases.split[phrases.source == source].tolist())) == 1
    write_phrases(phrases, tmp_path / "phrases.npz")
    assert read_phrases(tmp_path / "phrases.npz").fingerprint == phrases.fingerprint


def test_the_same_music_under_other_names_gives_the_same_split(tmp_path):
    write_songs(tmp_path / "a", 10)
    for number in range(10):
        write(tmp_path / "b", f"{9 - number}.MIDI", song(number))
    splits = []
    for name in "ab":
        phrases = build_collection(tmp_path / name).require()
        splits.append({p.tobytes(): s for p, s in zip(phrases.pitch, phrases.split, strict=True)})
    assert splits[0] == splits[1]


def test_duplicates_are_used_once_and_versions_kept_in_one_split(tmp_path):
    write_songs(tmp_path, 12)
    write(tmp_path, "z copy.mid", song(3, ticks=480))
    write(tmp_path, "z higher.mid", song(3, shift=2))
    other_bass = [*song(3).tracks[:3], Track("Bass", 0, line(99, 3, 6))]
    write(tmp_path, "z other bass.mid", song(tracks=other_bass))
    files = by_path(build_collection(tmp_path))
    assert files["z copy.mid"].code == "duplicate"
    assert "song 03.mid" in files["z copy.mid"].reason
    assert files["z higher.mid"].akin == files["z other bass.mid"].akin == "song 03.mid"
    kin = ("song 03.mid", "z higher.mid", "z other bass.mid")
    assert len({files[name].split for name in kin}) == 1


def test_folders_are_tags(tmp_path):
    write(tmp_path, "jazz/deep/one.mid", song(1))
    write(tmp_path, "folk/two.mid", song(2))
    write(tmp_path, "three.mid", song(3))
    assert {f.path: f.tag for f in build_collection(tmp_path).report.files} == {
        "jazz/deep/one.mid": "jazz",
        "folk/two.mid": "folk",
        "three.mid": "",
    }
    phrases = build_collection(tmp_path, tags=["folk"]).require()
    assert set(phrases.tags.tolist()) == {"folk"}
    with pytest.raises(MusicError, match="tag 'rock'; the tags are: folk, jazz"):
        build_collection(tmp_path, tags=["rock"])


def test_what_is_no_file_of_music_is_left_alone(tmp_path):
    write(tmp_path, "one.mid", song(1))
    write(tmp_path, ".hidden.mid", song(2))
    write(tmp_path, ".git/two.mid", song(2))
    write(tmp_path, "notes.txt", b"?")
    (tmp_path / "link.mid").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.mid")
    (tmp_path / "folder.mid").mkdir()
    assert [path.name for path in midi_files(tmp_path)] == ["one.mid"]


def chordal(number, bars=6):
    """Four tracks, all but the melody in chords."""
    lines = [line(number, voice, bars) for voice in range(4)]
    chords = [tuple(Note(n.start, n.end, n.pitch + 13) for n in own) for own in lines]
    return song(
        tracks=[
            Track(name, 0, lines[v] + (chords[v] if v else ()))
            for v, name in enumerate(("lead", "piano", "organ", "bass"))
        ]
    )


HOSTILE = {
    "empty.mid": (b"", "empty_body"),
    "text.mid": (b"I am a song" * 9, "not_midi"),
    "cut.mid": (midi(b"\x00\x90\x3c\x50" * 40)[:60], "not_midi"),
    "large.mid": (midi(END) + bytes(2_000_000), "too_large"),
    "type 2.mid": (midi(END, kind=2), "unsupported_midi"),
    "smpte.mid": (midi(END, division=0xE728), "unsupported_midi"),
    "division 1.mid": (midi(END, division=1), "unsupported_midi"),
    "silent.mid": (midi(END), "no_notes"),
    "far.mid": (
        midi(*[b"\x00\x90\x3c\x50" + b"\xff\xff\xff\x7f\x80\x3c\x00" + END] * 2),
        "too_long",
    ),
    "notes.mid": (midi(b"\x00\x90\x3c\x50\x01\x3c\x00" * 60_000 + END), "too_many_notes"),
    "tracks.mid": (midi(*[END] * 500), "too_many_tracks"),
}
BAD = {
    "waltz.mid": (song(5, meter=(3, 4)), "meter"),
    "short.mid": (song(5, bars=1), "too_short"),
    "solo.mid": (song(5, voices=1), "too_few_tracks"),
    "duo.mid": (song(5, voices=2), "too_few_tracks"),
    "drums.mid": (
        song(tracks=[Track("", 0, (Note(0, 9, 36),), is_drum=True)]),
        "drums_only",
    ),
    "late.mid": (song(5, start=TICKS // 8), "off_grid"),
    "chords.mid": (chordal(8, bars=2), "chords"),
}


def test_every_file_is_accounted_for(tmp_path):
    write_songs(tmp_path, 6)
    for name, (content, _) in {**HOSTILE, **BAD}.items():
        write(tmp_path, f"bad/{name}", content)
    began = time.process_time()
    report = build_collection(tmp_path).report
    assert time.process_time() - began < 10
    found = {file.path: file.code for file in report.files if not file.used}
    assert found == {f"bad/{name}": code for name, (_, code) in {**HOSTILE, **BAD}.items()}
    assert all(len(file.reason) > 20 for file in report.files if not file.used)
    told = {file.path: (file.bars, len(file.tracks), bool(file.key)) for file in report.files}
    assert {name: told[f"bad/{name}"] for name in HOSTILE} == dict.fromkeys(
        HOSTILE, (None, 0, False)
    )
    assert {name: told[f"bad/{name}"] for name in BAD} == {
        "waltz.mid": (8, 4, True),
        "short.mid": (1, 4, True),
        "solo.mid": (6, 1, True),
        "duo.mid": (6, 2, True),
        "drums.mid": (1, 0, False),
        "late.mid": (7, 4, True),
        "chords.mid": (2, 4, True),
    }
    assert report.used == 6


def test_names_from_strangers_cannot_command_the_terminal(tmp_path):
    tracks = [Track("\x1b[2J evil\n", 0, t.notes) for t in song(1).tracks]
    write(tmp_path, "a\x1b[31m.mid", song(tracks=tracks))
    report = build_collection(tmp_path).report
    assert "\x1b" not in str(report.as_dict())
    assert report.tracks[1:] == ("accompaniment 1", "accompaniment 2", "accompaniment 3")


def test_two_tracks_suit_the_other_architecture(tmp_path):
    write_songs(tmp_path, 5, voices=2)
    collection = build_collection(tmp_path)
    assert collection.require().architecture == "unet"
    assert "2 tracks" in collection.report.notes[0]


def test_extra_tracks_are_left_out_and_named(tmp_path):
    write_songs(tmp_path, 5, voices=3)
    write(tmp_path, "more.mid", song(9, voices=4))
    files = by_path(build_collection(tmp_path))
    assert files["more.mid"].tracks == ("Soprano", "Alto", "Tenor")
    assert files["more.mid"].left_out == ("Bass",)


def test_chosen_tracks_come_in_the_chosen_order(tmp_path):
    write_songs(tmp_path, 3)
    chosen = Selection("Tenor", ("Bass", "Alto", "Soprano"))
    phrases = build_collection(tmp_path, chosen).require()
    assert phrases.header["tracks"] == ["Tenor", "Bass", "Alto", "Soprano"]
    plain = build_collection(tmp_path).require()
    assert np.array_equal(phrases.pitch, plain.pitch[..., [2, 3, 1, 0]])


def test_twenty_phrases_are_told_what_they_are(tmp_path):
    write_songs(tmp_path, 4)
    report = build_collection(tmp_path).report
    assert report.phrases == {"train": 10, "valid": 5, "test": 5}
    assert any("20 phrases are few" in note for note in report.notes)
    assert any("too few for the quality report" in note for note in report.notes)


def test_a_folder_without_music(tmp_path):
    with pytest.raises(MusicError, match="There are no MIDI files in"):
        build_collection(tmp_path).require()
    write(tmp_path, "waltz.mid", song(5, meter=(3, 4)))
    with pytest.raises(MusicError, match=r"None of the 1 .*bars that do not make two bars of 4/4"):
        build_collection(tmp_path).require()


def test_rests_in_the_accompaniment_suit_the_other_architecture(tmp_path):
    write_songs(tmp_path, 4, length=TICKS // 2)
    collection = build_collection(tmp_path)
    assert collection.require().architecture == "unet"
    assert "rests often" in collection.report.notes[0]


def test_chords_are_kept_where_they_are_common(tmp_path):
    for number in range(6):
        write(tmp_path, f"{number}.mid", chordal(number))
    write(tmp_path, "lines.mid", song(20))
    collection = build_collection(tmp_path)
    phrases = collection.require()
    assert phrases.architecture == "unet"
    assert "play chords" in collection.report.notes[0]
    roll = unpack_roll(phrases.roll)
    assert roll.shape == (35, 32, 128, 4)
    assert roll[:30].sum(axis=2).mean(axis=(0, 1)).tolist() == [1, 2, 2, 2]
    pitch, _ = roll_to_voices(roll)
    assert np.array_equal(pitch, phrases.pitch)


def test_a_few_chords_are_left_out_of_lines(tmp_path):
    write_songs(tmp_path, 12)
    write(tmp_path, "chords.mid", chordal(30))
    collection = build_collection(tmp_path)
    assert collection.require().roll is None
    assert by_path(collection)["chords.mid"].code == "chords"


@pytest.mark.parametrize("make", [song, chordal])
def test_a_large_set_is_built_a_chunk_at_a_time(tmp_path, monkeypatch, make):
    """Of 100,000 phrases with chords, one array read as a whole is 200 MB."""
    for number in range(4):
        write(tmp_path / "songs", f"{number}.mid", make(number))
    whole = build_collection(tmp_path / "songs")
    write_phrases(whole.require(), tmp_path / "whole.npz")
    monkeypatch.setattr("music.phrases.CHUNK", 3)
    monkeypatch.setattr("music.stored.CHUNK", 3)
    read = StoredArray.read
    rows_read = []

    def counted(array, rows):
        rows_read.append(len(rows))
        return read(array, rows)

    monkeypatch.setattr(StoredArray, "read", counted)
    collection = build_collection(tmp_path / "songs")
    assert collection.report == whole.report
    monkeypatch.setattr("music.phrase_file.STORED_FROM", 0)
    write_phrases(collection.require(), tmp_path / "large.npz")
    assert max(rows_read) == 3
    large = np.load(tmp_path / "large.npz")
    with np.load(tmp_path / "whole.npz") as expected, large:
        assert {name: large[name].tobytes() for name in large} == {
            name: expected[name].tobytes() for name in expected
        }
