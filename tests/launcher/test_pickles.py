import io
import pickle
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


def zipped(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "harmless")
        archive.writestr(name, content)
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
