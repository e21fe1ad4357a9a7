"""What became of every file of a data set, for people and for programs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from music.keys import Key
from music.phrases import SPLITS, PhraseSet

if TYPE_CHECKING:
    from music.outlines import Outline
    from music.pieces import Piece

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_LONGEST = 200


@dataclass(frozen=True)
class FileReport:
    """One file.

    Attributes:
        path: below the data's folder.
        tag: the first folder, empty if there is none.
        used: whether phrases of it are in the set.
        code: `used`, or the kind of fault in snake case.
        reason: why it was refused, or what was left out of it.
        bars: of the song.
        key: of the song, e.g. `G major`.
        tracks: those taken, the melody first.
        left_out: those not taken.
        phrases: how many are in the set.
        split: `train`, `valid` or `test`.
        akin: another file with some of the same music, which is why they share a split.
    """

    path: str
    tag: str
    used: bool
    code: str
    reason: str = ""
    bars: int | None = None
    key: str = ""
    tracks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    phrases: int = 0
    split: str = ""
    akin: str = ""

    @classmethod
    def refused(
        cls, path: str, tag: str, code: str, reason: str, outline: "Outline | Piece | None"
    ) -> "FileReport":
        """A file that is not used, and what could be read of it."""
        return cls(path, tag, False, code, shown(reason), **outline_facts(outline))


@dataclass(frozen=True)
class DataReport:
    """All files of a folder.

    Attributes:
        name: of the folder.
        files: by path.
        phrases: how many each split has.
        tracks: the data set's track names, the melody first.
        architecture: what suits the set, `voices` or `unet`; empty if there is none.
        notes: what the numbers mean, in sentences.
    """

    name: str
    files: tuple[FileReport, ...]
    phrases: dict[str, int]
    tracks: tuple[str, ...]
    architecture: str
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        name: str,
        files: Iterable[FileReport],
        phrases: PhraseSet | None,
        notes: Iterable[str],
    ) -> "DataReport":
        """Counts what is in a data set; None stands for an empty one."""
        counts: dict[str, int] = {
            split: 0 if phrases is None else len(phrases.part(split)) for split in SPLITS
        }
        return cls(
            name=shown(name),
            files=tuple(files),
            phrases=counts,
            tracks=() if phrases is None else tuple(phrases.header["tracks"]),
            architecture="" if phrases is None else phrases.architecture,
            notes=tuple(notes),
        )

    @property
    def used(self) -> int:
        """How many files are used."""
        return sum(file.used for file in self.files)

    def summary(self) -> str:
        """One sentence of numbers."""
        counts = ", ".join(f"{number:,} {split}" for split, number in self.phrases.items())
        return (
            f"{self.used:,} of {len(self.files):,} files are used: "
            f"{sum(self.phrases.values()):,} phrases ({counts})."
        )

    def as_dict(self) -> dict[str, Any]:
        """Returns the report, ready for JSON."""
        return {"schema_version": 1, "used": self.used, **asdict(self)}


def outline_facts(outline: "Outline | Piece | None") -> dict[str, Any]:
    """Returns the attributes of a `FileReport` that tell of the music itself."""
    if outline is None:
        return {}
    return {
        "bars": outline.bars,
        "key": key_name(outline.key) if outline.key else "",
        "tracks": tuple(shown(name) for name in outline.tracks),
        "left_out": tuple(shown(name) for name in outline.left_out),
    }


def key_name(key: Key) -> str:
    """Writes a key, e.g. `Bb major`."""
    return f"{TONICS[key.tonic]} {key.mode}"


def shown(text: str) -> str:
    """Makes text from a stranger's file fit to be shown: no control characters, not too long."""
    plain = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)[:_LONGEST]
