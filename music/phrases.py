"""A data set of phrases: short, equally long excerpts of music in monophonic voices.

`PhraseSet` is what training reads and `phrases.npz` is its file: the arrays below, each phrase's
source, tags, key and split, and a JSON header that says how the set was made. The file holds no
pickles, and the same set always gives the same bytes.
"""

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError

SCHEMA_VERSION = 1
REST = -1
VOICES = 4  # lines that the architecture `voices` accompanies and plays
ROLL_BYTES = 16  # 128 pitches, eight in a byte
MOST_RESTS = 0.2  # share of the accompaniment that rests, beyond which `voices` does not suit
Split = Literal["train", "valid", "test"]

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class PhraseSet:
    """Phrases of `n` songs' windows, `time` steps long, in `voice` monophonic voices.

    Voice 0 is the melody. An onset marks the first step of a note, so a repeated note is an onset
    without a change of pitch; a phrase whose first step holds a note from before has none there.

    Attributes:
        pitch: int8 `(n, time, voice)`, MIDI pitches 0..127 or -1 for a rest.
        onset: bool `(n, time, voice)`.
        fermata: bool `(n, time)`, true while a note with a fermata sounds.
        source: `(n,)`, the song each phrase was cut from.
        tags: `(n,)`, free words, e.g. a style; empty if there are none.
        tonic: int8 `(n,)`, the pitch class 0..11 of the song's key.
        mode: `(n,)`, 'major' or 'minor'.
        bar: int32 `(n,)`, the index of the phrase's first full bar in its song.
        split: `(n,)`, 'train', 'valid' or 'test'.
        header: JSON: `schema_version`, `steps_per_beat`, `tracks` and how the set was made.
        roll: uint8 `(n, time, voice, 16)`, of music with chords: all that sounds, 128 pitches as
            bits, the lowest first; `pitch` and `onset` are then the line on top of each track. None
            where lines are all there is.

    Raises:
        MusicError: `bad_phrases` if the arrays do not fit together.
    """

    pitch: NDArray[np.int8]
    onset: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    source: NDArray[np.str_]
    tags: NDArray[np.str_]
    tonic: NDArray[np.int8]
    mode: NDArray[np.str_]
    bar: NDArray[np.int32]
    split: NDArray[np.str_]
    header: Mapping[str, Any] = field(default_factory=dict)
    roll: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.pitch.ndim != 3:
            raise _unfit(f"`pitch` must have shape (n, time, voice), not {self.pitch.shape}")
        n, steps, voices = self.pitch.shape
        shapes: dict[str, tuple[int, ...]] = {
            "pitch": (n, steps, voices),
            "onset": (n, steps, voices),
            "fermata": (n, steps),
            "roll": (n, steps, voices, ROLL_BYTES),
        }
        for name, array in self._arrays().items():
            expected, kind = shapes.get(name, (n,)), _KINDS[name]
            if array.shape != expected or array.dtype.kind != np.dtype(kind).kind:
                raise _unfit(
                    f"`{name}` must be {np.dtype(kind).name} {expected}, "
                    f"not {array.dtype.name} {array.shape}"
                )
        if bool(np.any(self.onset & (self.pitch < 0))):
            raise _unfit("A rest cannot have an onset")

    def __repr__(self) -> str:
        n, steps, voices = self.pitch.shape
        return f"PhraseSet({n} phrases, {steps} steps, {voices} voices)"

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def steps_per_beat(self) -> int:
        """Steps of one quarter note."""
        return int(self.header.get("steps_per_beat", 4))

    @property
    def architecture(self) -> Literal["voices", "unet"]:
        """The architecture that suits the phrases: `voices` for four lines that seldom rest."""
        lines = self.roll is None and self.pitch.shape[-1] == VOICES
        # the voices generator never rests, so it would learn only half of music full of rests
        rests = float(np.mean(self.pitch[..., 1:] < 0)) if lines and len(self) else 0.0
        return "voices" if lines and rests <= MOST_RESTS else "unet"

    @property
    def fingerprint(self) -> str:
        """The sha256 of the arrays in hex: equal for equal phrases, whatever the header says."""
        digest = hashlib.sha256()
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.shape}".encode())
            if array.dtype.kind == "U":  # the width of a text array is no part of its content
                digest.update("\n".join(array.tolist()).encode())
            else:
                digest.update(np.ascontiguousarray(array, dtype=_KINDS[name]).tobytes())
        return digest.hexdigest()

    def part(self, split: Split) -> "PhraseSet":
        """Returns the phrases of one split, in their order."""
        if split not in SPLITS:
            raise _unfit(f"A split is one of {SPLITS}, not {split!r}")
        return self.take(np.flatnonzero(self.split == split))

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "PhraseSet":
        """Returns the phrases at `index`, with the same header."""
        return PhraseSet(
            **{name: array[index] for name, array in self._arrays().items()}, header=self.header
        )

    def save(self, path: Path) -> None:
        """Writes `phrases.npz`, whole or not at all: a draft beside it is renamed at the end."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f"draft-{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self._to_bytes())
            Path(draft).chmod(0o644)  # mkstemp hides the file from everyone else
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> "PhraseSet":
        """Reads `phrases.npz`.

        Raises:
            MusicError: `bad_phrases` if the file is damaged or of another schema version.
        """
        try:
            # opened here, because `np.load` leaves a damaged file open
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                header = json.loads(str(file["header"]))
                arrays = {name: file[name] for name in _KINDS if name != "roll" or name in file}
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _unfit(f"{path} is not a data set of phrases: {error}") from error
        version = header.get("schema_version") if isinstance(header, dict) else None
        if version != SCHEMA_VERSION:
            raise _unfit(f"{path} has schema version {version}, expected {SCHEMA_VERSION}")
        return cls(**arrays, header=header)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = [item.name for item in fields(self) if item.name != "header"]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def _to_bytes(self) -> bytes:
        header = json.dumps({"schema_version": SCHEMA_VERSION, **self.header}, sort_keys=True)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in {**self._arrays(), "header": np.array(header)}.items():
                # `np.savez` stamps the time of writing; equal sets shall be equal files
                entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                content = io.BytesIO()
                np.lib.format.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
                archive.writestr(entry, content.getvalue())
        return buffer.getvalue()


def pack_roll(roll: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Packs rolls `(..., 128, voice)` into `(..., voice, 16)`."""
    return np.packbits(np.moveaxis(roll, -1, -2), axis=-1)


def unpack_roll(packed: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Unpacks `(..., voice, 16)` into rolls `(..., 128, voice)`."""
    return np.moveaxis(np.unpackbits(packed, axis=-1), -1, -2).astype(np.bool_)


def in_range_transpositions(
    pitch: NDArray[np.int8], lowest: NDArray[np.integer], highest: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Finds how far each phrase may be transposed inside the ranges of the voices.

    Args:
        pitch: `(n, time, voice)`, MIDI pitches or -1.
        lowest: `(voice,)`, the lowest pitch of each voice.
        highest: `(voice,)`, the highest.

    Returns:
        `low` and `high`, each `(n,)`: every shift in `low..high` semitones keeps all notes in
        range. A phrase that lies outside itself has no such shift and gets `low > high`; a phrase
        of rests gets -127 and 127.
    """
    wide = pitch.astype(np.int64)
    top = np.where(wide < 0, -1000, wide).max(axis=1)
    bottom = np.where(wide < 0, 1000, wide).min(axis=1)
    low = (np.asarray(lowest) - bottom).max(axis=-1)
    high = (np.asarray(highest) - top).min(axis=-1)
    return np.maximum(low, -127), np.minimum(high, 127)


def transpose(pitch: NDArray[np.int8], semitones: NDArray[np.integer]) -> NDArray[np.int8]:
    """Shifts each phrase `(n, time, voice)` by its `semitones` `(n,)`; rests stay rests.

    Raises:
        MusicError: `out_of_range` if a note leaves 0..127.
    """
    shift = np.asarray(semitones).reshape(-1, *(1,) * (pitch.ndim - 1))
    shifted = pitch.astype(np.int64) + shift
    sounding = pitch >= 0
    if bool(np.any(sounding & ((shifted < 0) | (shifted > 127)))):
        raise MusicError(
            "out_of_range",
            "A transposed note leaves the MIDI pitches 0 to 127.",
            "Transpose by fewer semitones; `in_range_transpositions` gives the bounds.",
        )
    return np.where(sounding, shifted, REST).astype(np.int8)


_KINDS: dict[str, type[np.generic]] = {
    "pitch": np.int8,
    "onset": np.bool_,
    "fermata": np.bool_,
    "source": np.str_,
    "tags": np.str_,
    "tonic": np.int8,
    "mode": np.str_,
    "bar": np.int32,
    "split": np.str_,
    "roll": np.uint8,
}


def _unfit(fault: str) -> MusicError:
    return MusicError("bad_phrases", f"{fault}.", "Build the data set again.")
