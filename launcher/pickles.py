"""Finds pickles by name and by content, without loading one: loading runs whatever it says."""

import ast
import contextlib
import io
import itertools
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from music.zips import has_long_directory

SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"})

_NUMPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_PROTOCOLS = tuple(bytes([0x80, number]) for number in range(2, 6))  # from protocol 2 on
_FIRST = 6  # operations that other bytes do not happen to spell
_MANY = 10_000  # operations of a file that need not be read to its end to be a pickle
_HEAD = 1 << 20  # bytes of a file that are looked at; older pickles are known as a whole only
_CHUNK = 1 << 12  # bytes read at once: what lies before a damage, `load` would see, too
_MAX_HEADER = 10_000  # bytes before an array; numpy reads no more unless it may unpickle

# A model has hardly a zip file, and few of its bytes spell operations. Who sends more of either
# wants to take up time and memory: what is not looked at then is called a pickle.
_MAX_ENTRIES = 1000  # of a zip file
_MAX_UNPACKED = 1 << 26  # bytes out of all zip files
_MAX_OPERATIONS = 200_000  # of all files
_PRESUMED = "presumably: it takes too long to look"


def find_pickles(folder: Path) -> Iterator[str]:
    """Looks through the files of a folder.

    Yields:
        A file's path relative to the folder and how its pickle is known, e.g. `code/state.pkl
        (by its name)`.
    """
    search = _Search()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            sign = search.sign_of_file(path)
            if sign:
                yield f"{path.relative_to(folder).as_posix()} ({sign})"


class _Search:
    """Looks at files, as long as it takes little time."""

    def __init__(self) -> None:
        self._operations_left = _MAX_OPERATIONS
        self._unpacked_left = _MAX_UNPACKED

    def sign_of_file(self, path: Path) -> str | None:
        if path.suffix.lower() in SUFFIXES:
            return "by its name"
        with path.open("rb") as file:
            head = file.read(_HEAD)
        return self._sign_of_zip(path) if head.startswith(_ZIP) else self._sign_of_bytes(head)

    def _sign_of_bytes(self, head: bytes) -> str | None:
        if self._operations_left <= 0:
            return _PRESUMED
        if head.startswith(_NUMPY):
            header = _header_of(head)
            self._operations_left -= len(header)
            return "an array of Python objects" if _holds_objects(header) else None
        found = list(itertools.islice(_operations(head), _MANY))
        self._operations_left -= len(found)
        is_new = head.startswith(_PROTOCOLS) and len(found) >= _FIRST
        is_whole = len(found) > 2 and found[-1] == ("STOP", len(head) - 1)
        return "by its content" if is_new or is_whole or len(found) == _MANY else None

    def _sign_of_zip(self, path: Path) -> str | None:
        """Looks at the beginning of every file in a zip file, such as an .npz or PyTorch model."""
        try:
            with path.open("rb") as file:
                if has_long_directory(file):
                    return _PRESUMED
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
                for entry in entries:
                    if PurePosixPath(entry.filename).suffix.lower() in SUFFIXES:
                        return f"{entry.filename[:80]!r} in it, by its name"
                if len(entries) > _MAX_ENTRIES:
                    return _PRESUMED
                for entry in entries:
                    head = self._beginning(archive, entry)
                    if sign := self._sign_of_bytes(head):
                        return f"{entry.filename[:80]!r} in it, {sign}"
                    if self._unpacked_left <= 0:
                        return _PRESUMED
        except Exception:  # zipfile and what unpacks for it fail in many ways
            return None  # no zip file
        return None

    def _beginning(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
        """Reads what can be read: nothing of an entry with a password, some of a damaged one."""
        head = bytearray()
        del entry.CRC  # a wrong checksum is told only once all is loaded
        with contextlib.suppress(Exception), archive.open(entry) as file:
            while len(head) < min(_HEAD, self._unpacked_left):
                if not (chunk := file.read(_CHUNK)):
                    break
                head += chunk
        self._unpacked_left -= len(head)
        return bytes(head)


def _header_of(head: bytes) -> bytes:
    """The header of an .npy file."""
    length = 2 if head[6:7] == b"\x01" else 4
    size = int.from_bytes(head[8 : 8 + length], "little")
    return head[8 + length : 8 + length + size]


def _holds_objects(header: bytes) -> bool:
    """Whether an .npy file's header names a type with objects, which numpy would unpickle."""
    import numpy as np

    if len(header) > _MAX_HEADER:
        return True
    try:
        described = ast.literal_eval(header.decode("utf-8"))
        return bool(np.lib.format.descr_to_dtype(described["descr"]).hasobject)
    except Exception:  # a Python literal can fail in many ways
        return False  # damaged: numpy refuses it


def _operations(data: bytes) -> Iterator[tuple[str, int | None]]:
    """Reads the operations of a pickle and their places, up to what is none."""
    with contextlib.suppress(Exception):
        for code, _, place in pickletools.genops(io.BytesIO(data)):
            yield code.name, place
