"""Arrays put aside in a temporary file until they are needed again."""

import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class Shelf:
    """A temporary file that arrays are added to, for the length of a `with` statement."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by `__exit__`
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def put(self, arrays: Sequence[NDArray[Any]]) -> "Shelved":
        """Puts arrays aside."""
        # neighbouring phrases share all bars but one: the lowest level makes 2,300 bytes 100
        packed = [zlib.compress(np.ascontiguousarray(array).data, 1) for array in arrays]
        self._file.seek(self._end)
        self._file.writelines(packed)
        place, self._end = self._end, self._file.tell()
        kinds = tuple((array.dtype, array.shape) for array in arrays)
        return Shelved(self, place, tuple(map(len, packed)), kinds)

    def read(self, place: int, size: int) -> bytes:
        """Reads what lies at a place."""
        self._file.seek(place)
        return self._file.read(size)


@dataclass(frozen=True, slots=True)
class Shelved:
    """Where arrays lie on a shelf."""

    shelf: Shelf
    place: int
    sizes: tuple[int, ...]
    kinds: tuple[tuple[np.dtype[Any], tuple[int, ...]], ...]

    def take(self) -> list[NDArray[Any]]:
        """Returns the arrays, read-only; they stay on the shelf."""
        arrays, place = [], self.place
        for size, (dtype, shape) in zip(self.sizes, self.kinds, strict=True):
            content = zlib.decompress(self.shelf.read(place, size))
            arrays.append(np.frombuffer(content, dtype).reshape(shape))
            place += size
        return arrays
