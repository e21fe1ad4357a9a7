"""Zip files from strangers, such as .npz files: refused before they take up memory."""

import math
import re
import zipfile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MAX_DIRECTORY = 1 << 18  # bytes; in memory they are ten times as many, and a file of ours has 1,000
FREE_BYTES = 64 << 20  # what may be unpacked whatever the ratio
MAX_RATIO = 8  # unpacked to packed

_END = b"PK\x05\x06"
_END_OF_LARGE = b"PK\x06\x07"
_LOCATOR = 20  # bytes of it, right before the other
_MAX_END = 22 + (1 << 16)  # bytes that may follow the directory, a comment among them


def has_long_directory(file: IO[bytes]) -> bool:
    """Whether the directory, which `zipfile` keeps in memory, may be longer than it should.

    Files of more than 65,535 entries or 4 GB say it elsewhere, and count as such.
    """
    start = max(0, file.seek(0, 2) - _MAX_END)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    for match in re.finditer(_END, tail):
        at = match.start()
        if tail[:at][-_LOCATOR:].startswith(_END_OF_LARGE):
            return True
        claim = int.from_bytes(tail[at + 12 : at + 16], "little")
        # Contents may spell a record by chance; a directory lies before its record.
        if MAX_DIRECTORY < claim <= start + at:
            return True
    return False


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Opens a zip file whose contents are not much larger than itself.

    Raises:
        zipfile.BadZipFile: if they are, or if it is none.
    """
    if has_long_directory(file):
        raise zipfile.BadZipFile("its directory is too long")
    size = file.seek(0, 2)
    archive = zipfile.ZipFile(file)
    # What an entry claims is also what can be read of it.
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > FREE_BYTES + MAX_RATIO * size:
        raise zipfile.BadZipFile(f"it would be {unpacked} bytes unpacked")
    return archive


def read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Reads one array of an .npz file.

    Raises:
        Exception: of any kind, if it is damaged: its header is a Python literal.
    """
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as content:
        start, dtype, shape, _ = read_npy_header(content)
        size = dtype.itemsize * math.prod(shape)
        if start + size != entry.file_size and not dtype.hasobject:  # which NumPy refuses
            raise ValueError(f"`{name}` is {dtype} {shape} in {entry.file_size} bytes")
        content.seek(0)
        return np.lib.format.read_array(content, allow_pickle=False)


def read_npy_header(content: IO[bytes]) -> tuple[int, "np.dtype[Any]", tuple[int, ...], bool]:
    """Returns where the elements begin, their type, the shape, and whether columns come first."""
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError("the arrays must be of version 1.0 of NumPy's format")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(content)
    return content.tell(), dtype, shape, columns_first
