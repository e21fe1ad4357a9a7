import io
import os
import zipfile

import numpy as np
import pytest

from music.errors import MusicError
from music.phrase_file import read_phrases, write_phrases
from music.phrases import PhraseSet
from music.stored import StoredPhrases, join
from tests.music.test_phrases import phrase_set

N = 11
ROLL = np.random.default_rng(0).integers(0, 256, (N, 8, 2, 16), dtype=np.uint8)


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr("music.phrase_file.STORED_FROM", 0)
    monkeypatch.setattr("music.phrases.CHUNK", 3)
    monkeypatch.setattr("music.stored.CHUNK", 3)


@pytest.fixture
def path(tmp_path):
    write_phrases(phrase_set(n=N, roll=ROLL), tmp_path / "phrases.npz")
    return tmp_path / "phrases.npz"


def rewrite(path, name, content):
    """Puts other bytes in the place of one array, with a checksum that fits them."""
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for entry, old in {**entries, f"{name}.npy": content}.items():
            archive.writestr(entry, old)


def npy(array, **changes):
    file = io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(array) | changes
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue() + array.tobytes()


def test_a_large_set_is_the_same_set(path):
    whole, stored = phrase_set(n=N, roll=ROLL), read_phrases(path)
    assert isinstance(stored, StoredPhrases)
    assert (stored.shape, stored.has_chords, stored.architecture) == ((N, 8, 2), True, "unet")
    assert stored.fingerprint == whole.fingerprint
    train = stored.part("train")
    assert isinstance(train, StoredPhrases)
    for ours, theirs in (
        (stored, whole),
        (train, whole.part("train")),
        (train.take(np.array([3, -1, 0, 0])), whole.take(np.array([9, 9, 0, 0]))),
        (train.take(np.array([2])), whole.take(np.array([6]))),
        (stored.take(slice(0)), whole.take(slice(0))),
    ):
        for name in whole.array_names():
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
            assert getattr(ours, name).dtype == getattr(theirs, name).dtype
    assert [len(some) for some in stored.chunks()] == [3, 3, 3, 2]


def test_numpy_reads_the_file_and_saving_again_gives_the_same_bytes(path, tmp_path):
    with np.load(path, allow_pickle=False) as file:
        assert np.array_equal(file["roll"], ROLL)
    write_phrases(read_phrases(path), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()
    write_phrases(read_phrases(path), path)  # over the file that it is read from
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_lines_without_chords(tmp_path):
    write_phrases(phrase_set(n=N), tmp_path / "lines.npz")
    stored = read_phrases(tmp_path / "lines.npz")
    assert stored.roll is None
    assert not stored.has_chords
    assert stored.fingerprint == phrase_set(n=N).fingerprint


def test_joined_sets_are_one_after_another():
    one, two = (
        phrase_set(n=4),
        phrase_set(n=N, source=np.array([f"a longer name {i}" for i in range(N)])),
    )
    joined = join([one, two], {"name": "both"})
    assert isinstance(joined, StoredPhrases)
    assert joined.header == {"name": "both"}
    assert joined.source.tolist() == [*one.source.tolist(), *two.source.tolist()]
    assert np.array_equal(joined.pitch, np.concatenate([one.pitch, two.pitch]))
    assert len(join([one.take(slice(0))], {})) == 0
    few = join([one.take(slice(1)), two.take(slice(2))], {})
    assert type(few) is PhraseSet
    assert few.bar.tolist() == [0, 0, 1]


def test_a_changed_byte_is_found(path):
    content = bytearray(path.read_bytes())
    content[content.index(ROLL.tobytes()) + 700] ^= 1
    path.write_bytes(content)
    with pytest.raises(MusicError, match="CRC"):
        read_phrases(path)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("roll", npy(ROLL, shape=(2**40, 8, 2, 16)), r"`roll` is uint8 \(1099511627776,"),
        ("roll", npy(ROLL, shape=(N, -8, 2, -16)), r"`roll` is uint8 \(11, -8"),
        ("roll", npy(ROLL.view(np.int8)), "`roll` is int8"),
        ("roll", npy(ROLL[:9]), r"`roll` does not fit 11 phrases: its shape is \(9,"),
        ("pitch", npy(np.zeros((N, 8, 2), np.int8), fortran_order=True), "one after another"),
        ("pitch", npy(np.zeros((N, 16), np.int8)), r"`pitch` must have shape"),
        ("pitch", npy(np.full((N, 8, 2), -1, np.int8)), "A rest cannot have an onset"),
        ("bar", npy(np.arange(3, dtype=np.int32)), "`bar` does not fit 11 phrases"),
    ],
)
def test_a_strangers_arrays_are_held_against_the_file(path, name, content, fault):
    rewrite(path, name, content)
    with pytest.raises(MusicError, match=fault):
        read_phrases(path)


def test_a_file_that_becomes_shorter_is_a_fault_and_no_crash(path):
    stored = read_phrases(path)
    os.truncate(path, 1000)
    with pytest.raises(MusicError, match="has become shorter"):
        stored.take(slice(9, None))
