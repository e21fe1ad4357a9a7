import numpy as np
import pytest

from launcher.datasets import FolderOptions, load_data_set
from launcher.errors import LauncherError
from launcher.planning import plan
from music import chorales
from music.phrase_file import read_phrases
from tests.container.folders import phrase_set
from tests.music.midi_folder import song, write, write_songs


def test_a_file_is_copied_as_it_is(tmp_path, data):
    found = load_data_set(data)
    found.write(tmp_path / "phrases.npz")
    assert (tmp_path / "phrases.npz").read_bytes() == (tmp_path / "small set.npz").read_bytes()
    assert len(found.phrases) == 8


def test_the_chorales_come_from_their_own_module(tmp_path, monkeypatch):
    def load(*, progress):
        progress(1, 2)
        return phrase_set(3)

    monkeypatch.setattr(chorales, "load_chorales", load)
    seen = []
    found = load_data_set("bach", lambda *counts: seen.append(counts))
    found.write(tmp_path / "phrases.npz")
    assert seen == [(1, 2)]
    assert read_phrases(tmp_path / "phrases.npz").fingerprint == phrase_set(3).fingerprint


def test_without_music21_there_is_one_sentence_and_a_cure(monkeypatch):
    def missing():
        raise chorales._no_corpus()

    monkeypatch.setattr(chorales, "corpus_version", missing)
    with pytest.raises(LauncherError, match="music21") as caught:
        load_data_set("bach")
    assert caught.value.code == "no_corpus"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ("s3://bucket/set.npz", "is read by jobs in AWS only"),
        ("{}", "None of the 1 MIDI files in .* mostly because"),
        ("{}/nothing.npz", "There is no data set"),
        ("Bach", "There is no data set 'Bach'"),
        ("{}/song.mid", r"does not end in \.npz"),
        ("", "There is no data set ''"),
    ],
)
def test_what_is_no_data_set(tmp_path, data, match):
    (tmp_path / "song.mid").write_bytes(b"MThd")
    with pytest.raises(LauncherError, match=match):
        load_data_set(data.format(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip"])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "phrases.npz"
    path.write_bytes(damage)
    with pytest.raises(LauncherError, match=r"phrases\.npz is not a data set"):
        load_data_set(str(path))


def test_pickles_are_not_read(tmp_path):
    path = tmp_path / "phrases.npz"
    np.savez(path, header=np.array([{}], dtype=object))
    with pytest.raises(LauncherError, match="is not a data set"):
        load_data_set(str(path))


def test_a_folder_of_midi_files(tmp_path):
    write_songs(tmp_path / "songs" / "hymns", 8)
    write(tmp_path / "songs", "waltz.mid", song(9, meter=(3, 4)))
    seen = []
    found = load_data_set(str(tmp_path / "songs"), lambda *counts: seen.append(counts))
    assert seen[-1] == (9, 9)
    assert len(found.phrases) == 40
    assert found.notes[0].startswith("8 of 9 files are used: 40 phrases")
    assert "launcher.data" in found.notes[1]
    found.write(tmp_path / "phrases.npz")
    assert read_phrases(tmp_path / "phrases.npz").fingerprint == found.phrases.fingerprint
    assert (
        len(load_data_set(str(tmp_path / "songs"), folder=FolderOptions(tags=("hymns",))).phrases)
        == 40
    )
    with pytest.raises(LauncherError, match="the tags are: hymns"):
        load_data_set(str(tmp_path / "songs"), folder=FolderOptions(tags=("jazz",)))


def test_only_folders_have_tags_and_tracks(data):
    with pytest.raises(LauncherError, match="Leave `--tag` out"):
        load_data_set(data, folder=FolderOptions(tags=("hymns",)))
    with pytest.raises(LauncherError, match="Leave `--melody`, `--pickup` out"):
        plan(data=data, melody=0, pickup=0)


def test_a_dry_run_looks_at_the_pickup(tmp_path):
    assert plan(data=tmp_path, pickup=1.5).folder.pickup == 1.5
    with pytest.raises(LauncherError, match="pickup of 9 beats is none"):
        plan(data=tmp_path, pickup=9)
