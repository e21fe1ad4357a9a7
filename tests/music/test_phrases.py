import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from music.errors import MusicError
from music.phrase_file import read_phrases, write_phrases
from music.phrases import (
    PhraseSet,
    in_range_transpositions,
    pack_roll,
    transpose,
    unpack_roll,
)


def phrase_set(n=3, steps=8, voices=2, **changes):
    pitch = np.arange(n * steps * voices, dtype=np.int8).reshape(n, steps, voices) % 60 + 30
    arrays = {
        "pitch": pitch,
        "onset": np.ones(pitch.shape, bool),
        "fermata": np.zeros((n, steps), bool),
        "source": np.array([f"song {i}" for i in range(n)]),
        "tags": np.array(["bach"] * n),
        "tonic": np.arange(n, dtype=np.int8),
        "mode": np.array(["major"] * n),
        "bar": np.arange(n, dtype=np.int32),
        "split": np.array((["train", "valid", "test"] * n)[:n]),
        "header": {"steps_per_beat": 4, "tracks": ["high", "low"]},
    }
    return PhraseSet(**{**arrays, **changes})


def test_what_is_saved_is_loaded(tmp_path):
    phrases = phrase_set()
    write_phrases(phrases, tmp_path / "new folder" / "phrases.npz")
    loaded = read_phrases(tmp_path / "new folder" / "phrases.npz")
    assert loaded.fingerprint == phrases.fingerprint
    assert loaded.header == {**phrases.header, "schema_version": 1}
    assert loaded.pitch.dtype == np.int8
    assert loaded.onset.dtype == bool
    assert loaded.source.tolist() == ["song 0", "song 1", "song 2"]
    assert len(loaded) == 3
    assert repr(loaded) == "PhraseSet(3 phrases, 8 steps, 2 voices)"
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["phrases.npz"]


def test_the_same_set_gives_the_same_bytes_at_another_time(tmp_path, monkeypatch):
    write_phrases(phrase_set(), tmp_path / "one.npz")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    write_phrases(phrase_set(), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_failed_save_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "phrases.npz"
    write_phrases(phrase_set(), path)
    before = path.read_bytes()

    def full_disk(self, target):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_phrases(phrase_set(n=2), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_fingerprint_is_of_the_content():
    phrases = phrase_set()
    wider_text = phrase_set(source=phrases.source.astype("<U40"))
    assert wider_text.fingerprint == phrases.fingerprint
    assert phrase_set(header={"other": 1}).fingerprint == phrases.fingerprint
    pitch = phrases.pitch.copy()
    pitch[1, 2, 0] += 1
    assert phrase_set(pitch=pitch).fingerprint != phrases.fingerprint
    assert phrase_set(bar=phrases.bar + np.int32(1)).fingerprint != phrases.fingerprint


def test_parts_keep_their_order_and_header():
    phrases = phrase_set(n=7)
    part = phrases.part("train")
    assert part.bar.tolist() == [0, 3, 6]
    assert part.header == phrases.header
    with pytest.raises(MusicError, match="not 'validation'"):
        phrases.part("validation")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"pitch": np.zeros((3, 8), np.int8)}, r"`pitch` must have shape \(n, time, voice\)"),
        ({"onset": np.ones((3, 8, 3), bool)}, r"`onset` must be bool \(3, 8, 2\)"),
        ({"onset": np.ones((3, 8, 2), np.int8)}, "not int8"),
        ({"fermata": np.zeros((2, 8), bool)}, "`fermata`"),
        ({"source": np.array(["a", "b"])}, "`source`"),
        ({"pitch": np.full((3, 8, 2), -1, np.int8)}, "A rest cannot have an onset"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, fault):
    with pytest.raises(MusicError, match=fault):
        phrase_set(**changes)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "phrases.npz"
    path.write_bytes(b"not a zip file")
    with pytest.raises(MusicError, match="is not a data set"):
        read_phrases(path)
    np.savez(path, pitch=np.zeros(3))
    with pytest.raises(MusicError, match="is not a data set"):
        read_phrases(path)
    write_phrases(phrase_set(header={"schema_version": 2}), path)
    with pytest.raises(MusicError, match="schema version 2, expected 1"):
        read_phrases(path)
    with pytest.raises(FileNotFoundError):
        read_phrases(tmp_path / "nothing.npz")


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "phrases.npz"
    write_phrases(phrase_set(), path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    np.savez(path, source=np.array([{"code": 1}] * 3, object))
    with zipfile.ZipFile(path) as archive:
        entries["source.npy"] = archive.read("source.npy")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(MusicError, match="allow_pickle"):
        read_phrases(path)


def test_the_header_is_json(tmp_path):
    write_phrases(phrase_set(), tmp_path / "phrases.npz")
    with np.load(tmp_path / "phrases.npz", allow_pickle=False) as file:
        assert json.loads(str(file["header"]))["tracks"] == ["high", "low"]


def test_transpositions_inside_the_ranges():
    pitch = np.array(
        [[[60, 40], [64, -1]], [[70, 40], [70, 41]], [[-1, -1], [-1, -1]], [[50, 60], [80, 60]]],
        np.int8,
    )
    low, high = in_range_transpositions(pitch, np.array([58, 36]), np.array([72, 50]))
    # the first may fall by 2 (soprano) or 4 (bass) and rise by 8 or 10
    assert low.tolist() == [-2, -4, -127, 8]
    assert high.tolist() == [8, 2, 127, -10]


def test_transposing_keeps_rests():
    pitch = np.array([[[60, -1]], [[0, 5]]], np.int8)
    assert transpose(pitch, np.array([-12, 3])).tolist() == [[[48, -1]], [[3, 8]]]
    assert transpose(pitch, np.array([1, 1])).dtype == np.int8
    for shift in (-1, 123):
        with pytest.raises(MusicError, match="0 to 127"):
            transpose(pitch, np.array([0, shift]))


@given(
    pitch=hnp.arrays(np.int8, (3, 4, 2), elements=st.integers(-1, 127)),
    share=st.floats(0, 1),
)
def test_every_transposition_in_the_bounds_is_in_range(pitch, share):
    lowest, highest = np.array([30, 20]), np.array([110, 100])
    low, high = in_range_transpositions(pitch, lowest, highest)
    shift = low + np.floor(share * (high - low)).astype(int)
    fits = (low <= high) & (pitch >= 0).any(axis=(1, 2))
    moved = transpose(pitch[fits], shift[fits])
    assert np.all((moved < 0) | ((moved >= lowest) & (moved <= highest)))
    assert np.array_equal(moved < 0, pitch[fits] < 0)


@given(hnp.arrays(bool, (2, 3, 128, 2)))
def test_packed_rolls_unpack(roll):
    assert pack_roll(roll).shape == (2, 3, 2, 16)
    assert np.array_equal(unpack_roll(pack_roll(roll)), roll)


def test_music_with_chords_travels_whole(tmp_path):
    roll = np.random.default_rng(0).integers(0, 256, (3, 8, 2, 16), dtype=np.uint8)
    phrases = phrase_set(roll=roll)
    assert phrases.architecture == "unet"
    assert phrases.fingerprint != phrase_set().fingerprint
    write_phrases(phrases, tmp_path / "phrases.npz")
    loaded = read_phrases(tmp_path / "phrases.npz")
    assert np.array_equal(loaded.roll, roll)
    assert loaded.fingerprint == phrases.fingerprint
    assert np.array_equal(loaded.part("valid").roll, roll[1:2])
    assert phrase_set().take(slice(0, 1)).roll is None
    with pytest.raises(MusicError, match="`roll` must be uint8"):
        phrase_set(roll=roll[:2])
