"""Finds pickles by name and by content, without loading one: loading runs whatever it says."""

import ast
import io
import itertools
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"})

_NUMPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_PROTOCOLS = tuple(bytes([0x80, number]) for number in range(2, 6))  # from protocol 2 on
_FIRST = 6  # operations that other bytes do not happen to spell
_HEAD = 1 << 20  # bytes of a file that are looked at; older pickles are known as a whole only
_MAX_ENTRIES = 1000  # of a zip file


def find_pickles(folder: Path) -> Iterator[str]:
    """Looks through the files of a folder.

    Yields:
        A file's path relative to the folder and how its pickle is known, e.g. `code/state.pkl
        (by its name)`.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            sign = _sign_of_file(path)
            if sign:
                yield f"{path.relative_to(folder).as_posix()} ({sign})"


def _sign_of_file(path: Path) -> str | None:
    if path.suffix.lower() in SUFFIXES:
        return "by its name"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return _sign_of_zip(path)
    return _sign_of_bytes(head)


def _sign_of_bytes(head: bytes) -> str | None:
    if head.startswith(_NUMPY):
        return "an array of Python objects" if _holds_objects(head) else None
    is_one = head.startswith(_PROTOCOLS) and len(_operations(head, _FIRST)) == _FIRST
    return "by its content" if is_one or _is_old_pickle(head) else None


def _sign_of_zip(path: Path) -> str | None:
    """Looks at the beginning of every file in a zip file, such as an .npz or a PyTorch model."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist()[:_MAX_ENTRIES]:
                if PurePosixPath(entry.filename).suffix.lower() in SUFFIXES:
                    return f"{entry.filename[:80]!r} in it, by its name"
                with archive.open(entry) as file:
                    if sign := _sign_of_bytes(file.read(_HEAD)):
                        return f"{entry.filename[:80]!r} in it, {sign}"
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return None  # no zip file, or one with a password: nobody's `load` reads it either
    return None


def _holds_objects(head: bytes) -> bool:
    """Whether an .npy file's header names a type with objects, which numpy would unpickle."""
    import numpy as np

    length = 2 if head[6:7] == b"\x01" else 4
    size = int.from_bytes(head[8 : 8 + length], "little")
    try:
        header = ast.literal_eval(head[8 + length : 8 + length + size].decode("utf-8"))
        return bool(np.lib.format.descr_to_dtype(header["descr"]).hasobject)
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return False  # damaged: numpy refuses it


def _is_old_pickle(data: bytes) -> bool:
    """Whether the bytes are, to the last one, the program of a pickle."""
    operations = _operations(data, len(data))
    return len(operations) > 2 and operations[-1] == ("STOP", len(data) - 1)


def _operations(data: bytes, most: int) -> list[tuple[str, int | None]]:
    """Reads the first operations of a pickle and their places, up to what is none."""
    found: list[tuple[str, int | None]] = []
    try:
        for code, _, place in itertools.islice(pickletools.genops(io.BytesIO(data)), most):
            found.append((code.name, place))
    except (ValueError, IndexError, KeyError, MemoryError, OverflowError, SyntaxError):
        pass
    return found
