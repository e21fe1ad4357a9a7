"""The file of a data set, `phrases.npz`: written whole or not at all, and the same bytes again.

Small sets are compressed. In large ones the arrays that make up the size are not, so that
`music.stored` can read a phrase without the others; NumPy reads both.
"""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from music.phrases import KINDS, SCHEMA_VERSION, PhraseSet, unfit
from music.stored import LARGE, OpenFile, StoredArray, StoredPhrases
from music.zips import open_zip, read_array, read_npy_header

STORED_FROM = 16 * 2**20  # bytes of the large arrays; the chorales have one million

_PIECE = 2**20  # bytes read at once
_MAX_HEADER = 2**20  # bytes, four a character
_MAX_STEPS_PER_BEAT = 24
_LOCAL_HEADER = 30  # bytes, then the name and the extra field, whose lengths are at 26 and 28


def write_phrases(phrases: PhraseSet, path: Path) -> None:
    """Writes `phrases.npz`, whole or not at all: a draft beside it is renamed at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f"draft-{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            _write(phrases, archive)
        Path(draft).chmod(0o644)  # mkstemp hides the file from everyone else
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read_phrases(path: Path) -> PhraseSet:
    """Reads `phrases.npz`; of a large one, what is asked for.

    Raises:
        MusicError: `bad_phrases` if the file is damaged or of another schema version.
    """
    try:
        with path.open("rb") as raw, open_zip(raw) as archive:
            header = _read_header(archive)
            stored = _stored(raw, archive)
            names = [name for name in KINDS if name != "roll" or "roll.npy" in archive.NameToInfo]
            arrays = {name: read_array(archive, name) for name in names if name not in stored}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, what unpacks for it and numpy fail in many ways
        reason = str(error)[:200] or type(error).__name__
        raise unfit(f"{path} is not a data set of phrases: {reason}") from error
    version = header.get("schema_version") if isinstance(header, dict) else None
    if version != SCHEMA_VERSION:
        raise unfit(f"{path} has schema version {str(version)[:20]}, expected {SCHEMA_VERSION}")
    if missing := [name for name in LARGE if name in arrays and stored]:
        raise unfit(f"{path} is not a data set of phrases: it compresses {missing}, not others")
    _check_types(arrays)
    if not stored:
        phrases = PhraseSet(**arrays, header=header)
    else:
        _check(stored, arrays)
        rows = np.arange(stored["pitch"].shape[0], dtype=np.int64)
        phrases = StoredPhrases(stored, rows, arrays, header)
    for _ in phrases.chunks():
        pass  # making a chunk checks it
    _check_header(phrases)
    return phrases


def _read_header(archive: zipfile.ZipFile) -> Any:
    if archive.getinfo("header.npy").file_size > _MAX_HEADER:
        raise ValueError("its header is too long")
    return json.loads(str(read_array(archive, "header")))


def _check_types(arrays: dict[str, Any]) -> None:
    for name, array in arrays.items():
        expected = np.dtype(KINDS[name])
        if array.dtype.kind != expected.kind or (expected.itemsize and array.dtype != expected):
            raise unfit(f"`{name}` must be {expected.name}, not {array.dtype.name}")


def _check_header(phrases: PhraseSet) -> None:
    """Refuses what would fail only in the middle of a training."""
    _, _, voices = phrases.shape
    beat = phrases.header.get("steps_per_beat", 4)
    if not isinstance(beat, int) or not 1 <= beat <= _MAX_STEPS_PER_BEAT:
        raise unfit(f"`steps_per_beat` must be 1 to {_MAX_STEPS_PER_BEAT}, not {str(beat)[:20]}")
    tracks = phrases.header.get("tracks", [""] * voices)
    if not isinstance(tracks, list) or [*map(type, tracks)] != [str] * voices:
        raise unfit(f"`tracks` must be {voices} names, not {str(tracks)[:80]}")


def _write(phrases: PhraseSet, archive: zipfile.ZipFile) -> None:
    shape, names = phrases.shape, phrases.array_names()
    sizes = {name: _size(name, shape) for name in names if name in LARGE}
    in_pieces = sizes if sum(sizes.values()) > STORED_FROM else {}
    for name in names:
        # `np.savez` stamps the time of writing; equal sets shall be equal files
        entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
        if name in in_pieces:
            entry.file_size = in_pieces[name] + _PIECE  # says whether lengths need 64 bits
            with archive.open(entry, "w") as file:
                _write_in_pieces(phrases, name, file)
        else:
            _write_at_once(archive, entry, getattr(phrases, name))
    header = json.dumps({"schema_version": SCHEMA_VERSION, **phrases.header}, sort_keys=True)
    entry = zipfile.ZipInfo("header.npy", date_time=(1980, 1, 1, 0, 0, 0))
    _write_at_once(archive, entry, np.array(header))


def _size(name: str, shape: tuple[int, int, int]) -> int:
    n, steps, voices = shape
    return n * steps * {"fermata": 1, "roll": 16 * voices}.get(name, voices)


def _write_at_once(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, array: Any) -> None:
    entry.compress_type = zipfile.ZIP_DEFLATED
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
    archive.writestr(entry, content.getvalue())


def _write_in_pieces(phrases: PhraseSet, name: str, file: IO[bytes]) -> None:
    for number, some in enumerate(phrases.chunks()):
        array = getattr(some, name)
        if not number:
            description = np.lib.format.header_data_from_array_1_0(array)
            description |= {"shape": (len(phrases), *array.shape[1:]), "fortran_order": False}
            np.lib.format.write_array_header_1_0(file, description)
        file.write(np.ascontiguousarray(array).data)


def _stored(raw: IO[bytes], archive: zipfile.ZipFile) -> dict[str, StoredArray]:
    """Finds the large arrays that are not compressed, and proves them whole."""
    file = OpenFile(raw)
    found = {}
    for name in LARGE:
        entry = archive.NameToInfo.get(f"{name}.npy")
        if entry is None or entry.compress_type != zipfile.ZIP_STORED:
            continue
        with archive.open(entry) as content:
            start, dtype, shape, columns_first = read_npy_header(content)
            if columns_first or not shape:
                raise ValueError("an array must have its rows one after another")
            while content.read(_PIECE):
                pass  # at its end zipfile compares the checksum
        size = dtype.itemsize
        for length in shape:
            size *= length
        if dtype != np.dtype(KINDS[name]) or min(shape) < 0 or start + size != entry.file_size:
            raise ValueError(f"`{name}` is {dtype} {shape} in {entry.file_size} bytes")
        raw.seek(entry.header_offset + _LOCAL_HEADER - 4)
        lengths = raw.read(4)
        begin = entry.header_offset + _LOCAL_HEADER
        begin += int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
        found[name] = StoredArray(file, begin + start, dtype, shape)
    return found


def _check(stored: dict[str, StoredArray], arrays: dict[str, Any]) -> None:
    """Holds the shapes of all arrays together, before any is read."""
    shape = stored["pitch"].shape
    if len(shape) != 3:
        raise unfit(f"`pitch` must have shape (n, time, voice), not {shape}")
    expected = {"pitch": shape, "onset": shape, "fermata": shape[:2], "roll": (*shape, 16)}
    for name, array in {**stored, **arrays}.items():
        if array.shape != expected.get(name, shape[:1]):
            raise unfit(f"`{name}` does not fit {shape[0]} phrases: its shape is {array.shape}")
