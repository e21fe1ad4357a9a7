"""Phrases that stay in their file: what is asked for is read, and nothing is kept.

A set of 100,000 phrases with chords is a quarter of a gigabyte, and training needs a batch of it at
a time. The four arrays that make up its size are read row by row; what is left, some tens of bytes
a phrase, is in memory. Files are read and not mapped: a mapped file that another program cuts short
would end this one without a word.
"""

import os
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from itertools import pairwise
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.phrases import CHUNK, PhraseSet

LARGE = ("pitch", "onset", "fermata", "roll")


class OpenFile:
    """A file that is open for as long as someone holds this object."""

    def __init__(self, file: IO[bytes]) -> None:
        self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)


class StoredArray:
    """An array whose rows lie one after another in a file.

    Args:
        file: holds it.
        offset: of the first row, in bytes.
        dtype: of the elements.
        shape: `(n, ...)`.
    """

    def __init__(
        self, file: OpenFile, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> None:
        self.file = file
        self.offset = offset
        self.dtype = dtype
        self.shape = shape
        self._row = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))

    def read(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Reads the rows of these numbers, neighbours at once.

        Raises:
            MusicError: `bad_phrases` if the file has become shorter.
        """
        content = np.empty(len(rows) * self._row, np.uint8)
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        edges = [0, *breaks.tolist(), len(rows)]
        for start, end in pairwise(edges):
            if start < end:
                wanted = content.data[start * self._row : end * self._row]
                self._fill(wanted, self.offset + int(rows[start]) * self._row)
        return content.view(self.dtype).reshape(len(rows), *self.shape[1:])

    def _fill(self, wanted: memoryview, place: int) -> None:
        while wanted:  # one call reads two gigabytes at most
            found = os.preadv(self.file.descriptor, [wanted], place)
            if not found:
                raise MusicError(
                    "bad_phrases",
                    "The file of the phrases has become shorter while it was read.",
                    "Build the data set again.",
                )
            wanted, place = wanted[found:], place + found


class StoredPhrases(PhraseSet):
    """A `PhraseSet` of which `pitch`, `onset`, `fermata` and `roll` are read when asked for.

    Each access of one of these reads all of its rows, so ask for `chunks` or take what you need.

    Args:
        stored: the large arrays by name.
        rows: which of their rows are in the set.
        others: the small arrays by name, of the set's phrases alone.
        header: of the set.
    """

    _stored: Mapping[str, StoredArray]
    _rows: NDArray[np.int64]

    def __init__(
        self,
        stored: Mapping[str, StoredArray],
        rows: NDArray[np.int64],
        others: Mapping[str, NDArray[Any]],
        header: Mapping[str, Any],
    ) -> None:
        # the class is frozen, which this goes round as the generated `__init__` of its base does
        self.__dict__.update(_stored=stored, _rows=rows, header=header, **others)

    pitch = property(lambda self: self._read("pitch"))
    onset = property(lambda self: self._read("onset"))
    fermata = property(lambda self: self._read("fermata"))
    roll = property(lambda self: self._read("roll") if self.has_chords else None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """See `PhraseSet.shape`."""
        steps, voices = self._stored["pitch"].shape[1:]
        return len(self._rows), steps, voices

    @property
    def has_chords(self) -> bool:
        """See `PhraseSet.has_chords`."""
        return "roll" in self._stored

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> PhraseSet:
        """Returns the phrases at `index`: in memory if they are few, else as they are here."""
        rows = self._rows[index]
        others = {
            name: getattr(self, name)[index] for name in self.array_names() if name not in LARGE
        }
        if len(rows) > CHUNK:
            return StoredPhrases(self._stored, rows, others, self.header)
        large = {name: array.read(rows) for name, array in self._stored.items()}
        return PhraseSet(**large, **others, header=self.header)

    def _read(self, name: str) -> NDArray[Any]:
        return self._stored[name].read(self._rows)


class _Spool:
    """An array that grows in a temporary file, like the rows that it is first given."""

    def __init__(self, like: NDArray[Any], open_files: ExitStack) -> None:
        self.file = open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self.like = like
        self.count = 0

    def append(self, rows: NDArray[Any]) -> None:
        self.count += len(rows)
        self.file.write(np.ascontiguousarray(rows).data)

    def finish(self) -> StoredArray:
        self.file.flush()
        shape = (self.count, *self.like.shape[1:])
        return StoredArray(OpenFile(self.file), 0, self.like.dtype, shape)


def join(sets: Iterable[PhraseSet], header: Mapping[str, Any]) -> PhraseSet:
    """Puts sets one after another; a large result lies in a temporary file.

    Args:
        sets: at least one, alike in shape and in whether they have chords; each is asked for once.
        header: of the result.
    """
    spools: dict[str, _Spool] = {}
    others: dict[str, list[NDArray[Any]]] = {}
    with ExitStack() as open_files:
        for some in (some for one in sets for some in (one.chunks() if len(one) else [one])):
            for name in some.array_names():
                array = getattr(some, name)
                if name not in LARGE:
                    others.setdefault(name, []).append(array)
                    continue
                if name not in spools:
                    spools[name] = _Spool(array[:0], open_files)
                spools[name].append(array)
        stored = {name: spool.finish() for name, spool in spools.items()}
    rows = np.arange(stored["pitch"].shape[0], dtype=np.int64)
    small = {name: np.concatenate(arrays) for name, arrays in others.items()}
    return StoredPhrases(stored, rows, small, header).take(slice(None))
