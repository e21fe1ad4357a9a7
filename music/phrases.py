"""A data set of phrases: short, equally long excerpts of music in monophonic voices.

`PhraseSet` is what training reads and `phrases.npz` is its file: the arrays below, each phrase's
source, tags, key and split, and a JSON header that says how the set was made. `music.phrase_file`
reads and writes it: no pickles, and the same bytes for the same set. A large set stays in its file,
see `music.stored`: go through it by `chunks`, and ask for its `shape` rather than that of an array.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError

SCHEMA_VERSION = 1
REST = -1
VOICES = 4  # lines that the architecture `voices` accompanies and plays
ROLL_BYTES = 16  # 128 pitches, eight in a byte
CHUNK = 4096  # phrases that are held in memory at once, where a set is large
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
            raise unfit(f"`pitch` must have shape (n, time, voice), not {self.pitch.shape}")
        n, steps, voices = self.pitch.shape
        shapes: dict[str, tuple[int, ...]] = {
            "pitch": (n, steps, voices),
            "onset": (n, steps, voices),
            "fermata": (n, steps),
            "roll": (n, steps, voices, ROLL_BYTES),
        }
        for name, array in self._arrays().items():
            expected, kind = shapes.get(name, (n,)), KINDS[name]
            if array.shape != expected or array.dtype.kind != np.dtype(kind).kind:
                raise unfit(
                    f"`{name}` must be {np.dtype(kind).name} {expected}, "
                    f"not {array.dtype.name} {array.shape}"
                )
        if bool(np.any(self.onset & (self.pitch < 0))):
            raise unfit("A rest cannot have an onset")

    def __repr__(self) -> str:
        n, steps, voices = self.shape
        return f"PhraseSet({n} phrases, {steps} steps, {voices} voices)"

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Phrases, steps of one, voices."""
        n, steps, voices = self.pitch.shape
        return n, steps, voices

    @property
    def has_chords(self) -> bool:
        """Whether there is a `roll`."""
        return self.roll is not None

    @property
    def steps_per_beat(self) -> int:
        """Steps of one quarter note."""
        return int(self.header.get("steps_per_beat", 4))

    @property
    def architecture(self) -> Literal["voices", "unet"]:
        """The architecture that suits the phrases: `voices` for four lines that seldom rest."""
        n, steps, voices = self.shape
        if self.has_chords or voices != VOICES:
            return "unet"
        # the voices generator never rests, so it would learn only half of music full of rests
        rests = sum(np.count_nonzero(some.pitch[..., 1:] < 0) for some in self.chunks())
        return "voices" if rests <= MOST_RESTS * n * steps * (voices - 1) else "unet"

    @property
    def from_midi(self) -> bool:
        """Whether `music.collection` made the set of someone's MIDI files."""
        made = self.header.get("made")
        source = made.get("source") if isinstance(made, Mapping) else None
        return isinstance(source, str) and source.endswith(" MIDI files")

    @property
    def fingerprint(self) -> str:
        """The sha256 of the arrays in hex: equal for equal phrases, whatever the header says."""
        digest = hashlib.sha256()
        lengths = {"pitch": self.shape, "onset": self.shape, "fermata": self.shape[:2]}
        lengths["roll"] = (*self.shape, ROLL_BYTES)
        for name in self.array_names():
            digest.update(f"{name}{lengths.get(name, self.shape[:1])}".encode())
            if KINDS[name] is np.str_:  # the width of a text array is no part of its content
                digest.update("\n".join(getattr(self, name).tolist()).encode())
                continue
            for some in self.chunks() if name in lengths else [self]:
                digest.update(np.ascontiguousarray(getattr(some, name), dtype=KINDS[name]).data)
        return digest.hexdigest()

    def array_names(self) -> tuple[str, ...]:
        """Names the arrays that the set has."""
        return tuple(name for name in KINDS if name != "roll" or self.has_chords)

    def chunks(self) -> "Iterator[PhraseSet]":
        """Yields the phrases in their order, no more than `CHUNK` at once, in memory."""
        for start in range(0, len(self), CHUNK):
            yield self.take(slice(start, start + CHUNK))

    def part(self, split: Split) -> "PhraseSet":
        """Returns the phrases of one split, in their order."""
        if split not in SPLITS:
            raise unfit(f"A split is one of {SPLITS}, not {split!r}")
        return self.take(np.flatnonzero(self.split == split))

    def evenly(self, most: int) -> "PhraseSet":
        """Returns at most `most` phrases, evenly chosen, in their order."""
        if len(self) <= most:
            return self
        return self.take(np.linspace(0, len(self) - 1, most).astype(int))

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "PhraseSet":
        """Returns the phrases at `index`, with the same header."""
        return PhraseSet(
            **{name: array[index] for name, array in self._arrays().items()}, header=self.header
        )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.array_names()}


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


KINDS: dict[str, type[np.generic]] = {
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


def unfit(fault: str) -> MusicError:
    """Says what is wrong with a data set."""
    return MusicError("bad_phrases", f"{fault}.", "Build the data set again.")
