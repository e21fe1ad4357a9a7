import io
import struct
import zipfile

import numpy as np
import pytest

from music.zips import FREE_BYTES, open_zip, read_array


def zipped(**contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return file


def npy(array, **changes):
    file = io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(array) | changes
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    "array", [np.arange(6, dtype=np.int8).reshape(2, 3), np.array(["ü", "long"]), np.zeros((0, 4))]
)
def test_an_array_comes_back(array):
    with open_zip(zipped(a=npy(array))) as archive:
        found = read_array(archive, "a")
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_files_that_unpack_to_much_more_are_refused():
    with pytest.raises(zipfile.BadZipFile, match="bytes unpacked"):
        open_zip(zipped(a=bytes(FREE_BYTES), b=bytes(FREE_BYTES // 8)))


@pytest.mark.parametrize("comment", [b"", b"a comment", b"PK\5\6" + bytes(18)])
def test_long_directories_are_refused(comment):
    end = struct.pack("<HHHHIIH", 0, 0, 6000, 6000, 6000 * 46, 4, len(comment))
    data = b"PK\3\4" + (b"PK\1\2" + bytes(42)) * 6000 + b"PK\5\6" + end + comment
    with pytest.raises(zipfile.BadZipFile, match="directory is too long"):
        open_zip(io.BytesIO(data))


def test_files_of_more_than_four_gigabytes_are_refused():
    data = zipped(a=npy(np.zeros(3))).getvalue()
    locator = b"PK\6\7" + bytes(16)
    with pytest.raises(zipfile.BadZipFile, match="directory is too long"):
        open_zip(io.BytesIO(data[:-22] + locator + data[-22:]))


@pytest.mark.parametrize("spelt", [b"PK\5\6" + b"\xff" * 18, b"PK\6\7" + bytes(40)])
def test_numbers_may_spell_the_marks_of_a_zip_file(spelt):
    array = np.frombuffer(spelt, np.uint8)
    file = io.BytesIO()
    np.savez(file, a=array)
    with open_zip(file) as archive:
        assert np.array_equal(read_array(archive, "a"), array)


@pytest.mark.parametrize(
    "changes", [{"shape": (2**40,)}, {"shape": (5,)}, {"shape": (-7,)}, {"descr": "<U99"}]
)
def test_no_room_is_made_for_what_only_a_header_claims(changes):
    with (
        open_zip(zipped(a=npy(np.zeros(7, np.int8), **changes))) as archive,
        pytest.raises(ValueError, match="in 135 bytes"),
    ):
        read_array(archive, "a")
