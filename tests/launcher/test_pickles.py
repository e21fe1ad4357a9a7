import io
import pickle
import struct
import time
import zipfile

import numpy as np
import pytest

from launcher.pickles import find_pickles


class Trap:
    """Tells if it is ever loaded."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


def saved(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(name="a.txt", content=b"", **others):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "harmless")
        for each, text in {name: content, **others}.items():
            archive.writestr(each, text)
    return file.getvalue()


TRAPS = {f"protocol {n}": pickle.dumps({"a": [1], "b": Trap()}, protocol=n) for n in range(6)}
TRAPS |= {
    "small": pickle.dumps(1, protocol=2),
    "array of objects": saved(np.array([Trap()], dtype=object)),
    "record with objects": saved(np.zeros(2, dtype=[("a", "i4"), ("b", "O")])),
    "npz": zipped("a.npy", saved(np.array([Trap()], dtype=object))),
    "PyTorch": zipped("archive/data.pkl", pickle.dumps(Trap())),
    "zip": zipped("weights.bin", pickle.dumps(Trap())),
}
# What begins as a pickle does, or nearly is one.
HARMLESS = {
    "nothing": b"",
    "a dot": b".",
    "text": b"I am no pickle.\nI only end like one.",
    "JSON": b'{"schema_version": 1}\n',
    "weights": b"\x80\x04" + np.random.default_rng(0).bytes(10_000),
    "torn": TRAPS["protocol 0"][:-1],
    "array": saved(np.zeros(3, dtype=[("Object", "f4")])),
    "npz": zipped("a.npy", saved(np.zeros(3))),
    "torn zip": zipped("a.npy", saved(np.zeros(3)))[:-30],
    "torn array": b"\x93NUMPY\x01\x00\xff\xff{'descr': " + b"(" * 5000,
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_pickle_is_known_and_not_loaded(tmp_path, name):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "file").write_bytes(TRAPS[name])
    (found,) = find_pickles(tmp_path)
    assert found.startswith("code/file (")


@pytest.mark.parametrize("name", ["a.pkl", "a.PT", "a.b.joblib"])
def test_a_name_is_enough(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    assert list(find_pickles(tmp_path)) == [f"{name} (by its name)"]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_none_is_left_alone(tmp_path, name):
    (tmp_path / "file").write_bytes(HARMLESS[name])
    assert list(find_pickles(tmp_path)) == []


def test_what_is_damaged_hides_no_pickle(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("first.txt", "locked")
        archive.writestr("a.npy", saved(np.array([Trap()], dtype=object)))
    data = bytearray(file.getvalue())
    data[data.index(b"PK\3\4") + 6] |= 1  # the first entry wants a password, in both places
    data[data.index(b"PK\1\2") + 8] |= 1
    checksum = data.rindex(b"PK\1\2") + 16
    data[checksum] ^= 1
    (tmp_path / "model.bin").write_bytes(data)
    with np.load(tmp_path / "model.bin", allow_pickle=True) as archive:
        assert "a" in archive  # it would be loaded
    assert list(find_pickles(tmp_path)) == ["model.bin ('a.npy' in it, an array of Python objects)"]


def directory_of(entries):
    end = struct.pack("<HHHHIIH", 0, 0, 0, 0, 46 * entries, 4, 0)
    return b"PK\3\4" + (b"PK\1\2" + bytes(42)) * entries + b"PK\5\6" + end


# A file each, that would take seconds or hundreds of megabytes to look through.
TIRESOME = {
    "operations": b"N" * 2**20,
    "header": b"\x93NUMPY\2\0\0\0\x10\0[" + b"1," * 500_000 + b"]",
    "directory": directory_of(400_000),
    "entries": zipped(**{f"{number}.txt": b"" for number in range(1001)}),
    "bombs": zipped(**{f"{number}.txt": bytes(2**20) for number in range(65)}),
}


@pytest.mark.parametrize("name", TIRESOME)
def test_what_takes_long_to_look_at_is_taken_for_one(tmp_path, name):
    (tmp_path / "file").write_bytes(TIRESOME[name])
    start = time.process_time()
    (found,) = find_pickles(tmp_path)
    assert found.startswith("file (")
    assert time.process_time() - start < 1
