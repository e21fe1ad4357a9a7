"""A folder of MIDI files as a data set of phrases, with an account of every file.

Sub-folders are read too; the first level is a file's tag. The files may come from anyone: links
and devices are not followed, nothing larger than `music.midi.Limits` allows is read, and the notes
of one song at a time are held in memory.
"""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from music.data_report import DataReport, FileReport, outline_facts, shown
from music.errors import MusicError
from music.midi import DEFAULT_LIMITS
from music.outlines import read_outline
from music.phrases import SCHEMA_VERSION, VOICES, PhraseSet, pack_roll
from music.pieces import PHRASE_STEPS, REASONS, STEPS_PER_BEAT, Piece, Selection, read_piece
from music.rolls import voices_to_roll
from music.shelf import Shelf
from music.splits import group_songs, phrase_marks, split_songs
from music.stored import join

SUFFIXES = frozenset({".mid", ".midi"})
MAX_FILES = 100_000
MAX_PHRASES = 200_000
MOST_CHORDS = 0.1  # share of the phrases with chords that a set of lines leaves out
FEW = 100  # phrases, below which a model mostly learns them by heart
JUDGED = 20  # phrases in a split that the quality report needs

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Collection:
    """A data set and how it came to be; `phrases` is None where no file could be used."""

    phrases: PhraseSet | None
    report: DataReport

    def require(self) -> PhraseSet:
        """Returns the phrases.

        Raises:
            MusicError: `no_phrases`, with the commonest reason, if there are none.
        """
        if self.phrases is not None:
            return self.phrases
        if not self.report.files:
            raise MusicError(
                "no_phrases",
                f"There are no MIDI files in {self.report.name}.",
                "Give a folder with files that end in .mid or .midi.",
            )
        reasons = Counter(file.reason for file in self.report.files)
        common = reasons.most_common(1)[0][0].rstrip(".")
        raise MusicError(
            "no_phrases",
            f"None of the {len(self.report.files)} MIDI files in {self.report.name} can be "
            f"used, mostly because: {common}.",
            "`python -m launcher.data` on the folder tells why for each file.",
        )


class _Song:
    """A file that is used; its phrases lie on a shelf until the data set is put together."""

    def __init__(self, path: str, tag: str, piece: Piece, shelf: Shelf) -> None:
        self.path = path
        self.tag = tag
        self._shelf = shelf
        self.piece = piece

    @property
    def piece(self) -> Piece:
        """The phrases; each access reads them anew."""
        names = ("pitch", "onset", "roll")
        shelved: dict[str, Any] = dict(zip(names, self._shelved.take(), strict=False))
        return replace(self._rest, **shelved)

    @piece.setter
    def piece(self, piece: Piece) -> None:
        arrays = (piece.pitch, piece.onset, piece.roll)
        self._shelved = self._shelf.put([array for array in arrays if array is not None])
        nothing = np.empty(0, np.int8)
        self._rest = replace(piece, pitch=nothing, onset=nothing.astype(np.bool_), roll=None)
        self.phrases = len(piece.bar)
        self.tracks = len(piece.tracks)
        self.track_names = piece.tracks
        self.has_chords = piece.roll is not None


def midi_files(folder: Path) -> list[Path]:
    """Lists the MIDI files below a folder by name; hidden ones, links and devices are left alone.

    Raises:
        MusicError: `too_many_files`.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=_stop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(place, name)
            if path.suffix.lower() not in SUFFIXES or name.startswith("."):
                continue
            if stat.S_ISREG(path.lstat().st_mode):
                found.append(path)
        if len(found) > MAX_FILES:
            raise MusicError(
                "too_many_files",
                f"There are more than {MAX_FILES:,} MIDI files in {folder}.",
                "Give a part of them.",
            )
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _stop(error: OSError) -> None:
    """A folder that cannot be listed shall not be left out silently."""
    raise error


def build_collection(
    folder: Path,
    selection: Selection | None = None,
    *,
    tags: Sequence[str] = (),
    progress: Progress | None = None,
) -> Collection:
    """Reads a folder of MIDI files.

    Args:
        folder: holds `.mid` and `.midi` files, perhaps in folders.
        selection: what to take of each file.
        tags: take only the files of these tags; all by default.
        progress: called with (files read, files in all) after each file.

    Raises:
        MusicError: `too_many_files`, `too_many_phrases`, or `no_such_tag`.
    """
    files = _tagged(folder, midi_files(folder), tags)
    with Shelf() as shelf:
        songs, rejected = _read_songs(folder, files, selection or Selection(), shelf, progress)
        return _collect(folder.resolve().name or "music", songs, rejected)


def _read_songs(
    folder: Path,
    files: list[tuple[Path, str]],
    selection: Selection,
    shelf: Shelf,
    progress: Progress | None,
) -> tuple[list[_Song], list[FileReport]]:
    """Reads the files one after another: the songs that have phrases, and the others."""
    songs: list[_Song] = []
    rejected: list[FileReport] = []
    seen: dict[bytes, str] = {}
    count = 0
    for done, (path, tag) in enumerate(files, start=1):
        name, data = shown(path.relative_to(folder).as_posix()), b""
        try:
            data = _read(path)
            songs.append(_Song(name, tag, _read_new(data, name, selection, seen), shelf))
            count += songs[-1].phrases
        except MusicError as error:
            outline = read_outline(data, selection)
            rejected.append(FileReport.refused(name, tag, error.code, str(error), outline))
        if count > MAX_PHRASES:
            raise MusicError(
                "too_many_phrases",
                f"The files hold more than {MAX_PHRASES:,} phrases.",
                "Give a part of them, or choose a tag.",
            )
        if progress is not None:
            progress(done, len(files))
    return songs, rejected


def _tagged(folder: Path, files: list[Path], tags: Sequence[str]) -> list[tuple[Path, str]]:
    """Gives each file its tag, and leaves out those of other tags."""
    named = [(path, _tag(path.relative_to(folder))) for path in files]
    known = {tag for _, tag in named if tag}
    if missing := sorted(set(tags) - known):
        there = ", ".join(sorted(known)[:10]) or "none"
        raise MusicError(
            "no_such_tag",
            f"There are no MIDI files with the tag {missing[0]!r}; the tags are: {there}.",
            "A tag is the name of a folder directly in the data's folder.",
        )
    return [(path, tag) for path, tag in named if not tags or tag in tags]


def _tag(path: Path) -> str:
    return shown(path.parts[0]) if len(path.parts) > 1 else ""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DEFAULT_LIMITS.size + 1)  # one byte more, so that too much is noticed
    except OSError as error:
        raise MusicError(
            "unreadable", f"It cannot be read: {error.strerror}.", "Check its permissions."
        ) from error


def _read_new(data: bytes, name: str, selection: Selection, seen: dict[bytes, str]) -> Piece:
    """Cuts one file, unless its music has been read from another."""
    piece = read_piece(data, selection)
    _check_not_empty(piece)
    digest = hashlib.sha256(repr(piece.pitch.shape).encode())
    digest.update(piece.pitch.tobytes() + piece.onset.tobytes())
    if (first := seen.setdefault(digest.digest(), name)) != name:
        raise MusicError("duplicate", f"It holds the same phrases as {first}.", "One is enough.")
    return piece


def _check_not_empty(piece: Piece) -> None:
    if len(piece.bar):
        return
    if not piece.lost:
        raise MusicError(
            "too_short",
            f"It is shorter than a phrase: bars: {piece.bars}.",
            "A phrase is two bars of 4/4 long.",
        )
    reason = max(piece.lost, key=lambda name: piece.lost[name])
    raise MusicError(
        reason,
        f"No phrase is left: {_lost(piece.lost)}.",
        "A phrase is two bars of 4/4 on a grid of sixteenths, with a melody and other tracks.",
    )


def _left_out(lost: dict[str, int]) -> str:
    return f"left out: {_lost(lost)}" if lost else ""


def _lost(lost: dict[str, int]) -> str:
    return ", ".join(f"{number} {REASONS[reason]}" for reason, number in lost.items())


def _collect(name: str, songs: list[_Song], rejected: list[FileReport]) -> Collection:
    songs, thin = _with_equal_tracks(songs)
    songs, chordal = _accompanied(songs, lines=_are_lines(songs))
    rejected = sorted([*rejected, *thin, *chordal], key=lambda file: file.path)
    marks = [phrase_marks(piece.pitch, piece.onset) for piece in (song.piece for song in songs)]
    groups = group_songs(marks)
    splits = split_songs(groups, [song.phrases for song in songs], marks)
    phrases = _phrases(name, songs, splits) if songs else None
    used = [
        _used(song, split, songs[group].path if songs[group] is not song else "")
        for song, split, group in zip(songs, splits, groups, strict=True)
    ]
    files = sorted([*used, *rejected], key=lambda file: file.path)
    return Collection(phrases, DataReport.of(name, files, phrases, _notes(phrases)))


def _with_equal_tracks(songs: list[_Song]) -> tuple[list[_Song], list[FileReport]]:
    """Brings all songs to the commonest number of tracks; those with fewer are refused."""
    counts = Counter(song.tracks for song in songs for _ in range(song.phrases))
    tracks = max(counts, key=lambda number: (counts[number], number), default=0)
    kept, refused = [], []
    for song in songs:
        if song.tracks < tracks:
            message = f"It has {song.tracks} pitched tracks, most files {tracks}."
            refused.append(
                FileReport.refused(song.path, song.tag, "too_few_tracks", message, song.piece)
            )
            continue
        if song.tracks > tracks:
            song.piece = song.piece.first_tracks(tracks)
        kept.append(song)
    return kept, refused


def _are_lines(songs: list[_Song]) -> bool:
    """Whether so few phrases have chords that the set is better without them."""
    chords = sum(int(song.piece.chords.any(axis=1).sum()) for song in songs)
    return chords <= MOST_CHORDS * sum(song.phrases for song in songs)


def _accompanied(songs: list[_Song], *, lines: bool) -> tuple[list[_Song], list[FileReport]]:
    """Leaves out phrases without accompaniment and, of `lines`, those with chords."""
    kept, refused = [], []
    for song in songs:
        piece = song.piece
        if lines:
            piece = replace(piece.keep(~np.asarray(piece.chords.any(axis=1)), "chords"), roll=None)
        accompanied = np.asarray((piece.pitch[..., 1:] >= 0).any(axis=(1, 2)))
        song.piece = piece = piece.keep(accompanied, "accompaniment_rests")
        if song.phrases:
            kept.append(song)
        else:
            message = f"No phrase is left: {_lost(song.piece.lost)}."
            reason = max(song.piece.lost, key=lambda name: song.piece.lost[name])
            refused.append(FileReport.refused(song.path, song.tag, reason, message, song.piece))
    return kept, refused


def _phrases(name: str, songs: list[_Song], splits: list[str]) -> PhraseSet:
    header = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "steps_per_beat": STEPS_PER_BEAT,
        "tracks": _track_names(songs),
        "made": {"source": f"{len(songs)} MIDI files"},
    }
    chords = any(song.has_chords for song in songs)
    parts = (_part(song, split, chords) for song, split in zip(songs, splits, strict=True))
    return join(parts, header)


def _part(song: _Song, split: str, chords: bool) -> PhraseSet:
    """The phrases of one song, with all that sounds if any song of the set has chords."""
    piece, count = song.piece, song.phrases
    roll = piece.roll
    if chords and roll is None:
        roll = pack_roll(voices_to_roll(piece.pitch, piece.onset)[0])
    return PhraseSet(
        pitch=piece.pitch,
        onset=piece.onset,
        fermata=np.zeros((count, PHRASE_STEPS), np.bool_),
        source=np.full(count, _source(song.path)),
        tags=np.full(count, song.tag),
        tonic=np.full(count, piece.key.tonic, np.int8),
        mode=np.full(count, piece.key.mode),
        bar=piece.bar,
        split=np.full(count, split),
        roll=roll,
    )


def _source(path: str) -> str:
    """A song's name in the data set, which holds every name as wide as the longest."""
    if len(path) <= 100:
        return path
    return f"{path[:83]}#{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def _track_names(songs: list[_Song]) -> list[str]:
    """The commonest name of each track; a plain one where there is none, or a second of it."""
    names: list[str] = []
    for index in range(songs[0].tracks):
        counts = Counter(shown(song.track_names[index]) for song in songs)
        name = counts.most_common(1)[0][0]
        plain = f"accompaniment {index}" if index else "melody"
        names.append(plain if not name or name in names else name)
    return names


def _used(song: _Song, split: str, kin: str) -> FileReport:
    piece = song.piece
    return FileReport(
        path=song.path,
        tag=song.tag,
        used=True,
        code="used",
        reason="; ".join(filter(None, (piece.remark, _left_out(piece.lost)))),
        **outline_facts(piece),
        phrases=len(piece.bar),
        split=split,
        akin=kin,
    )


def _notes(phrases: PhraseSet | None) -> Iterator[str]:
    """What the numbers mean, in sentences."""
    if phrases is None:
        return
    yield f"The architecture `{phrases.architecture}` suits this set: {_why(phrases)}."
    train, valid, test = (len(phrases.part(split)) for split in ("train", "valid", "test"))
    if len(phrases) < FEW:
        yield (
            f"{len(phrases)} phrases are few: the model will mostly learn them by heart; "
            "several hundred, from many songs, make an accompanist."
        )
    if not valid:
        yield (
            "There are too few different songs for a validation split: training listens to "
            "itself, and cannot tell learning from remembering."
        )
    elif min(valid, train) < JUDGED:
        yield (
            f"{valid} validation phrases are too few for the quality report, which needs {JUDGED}."
        )
    if not test:
        yield "There are too few different songs for a test split."


def _why(phrases: PhraseSet) -> str:
    _, _, tracks = phrases.shape
    if phrases.has_chords:
        return "its tracks play chords, and `voices` only lines"
    if tracks != VOICES:
        return f"it has {tracks} tracks, and `voices` is made for {VOICES}"
    if phrases.architecture == "voices":
        return f"it has {VOICES} tracks of one line each"
    return "its accompaniment rests often, and `voices` never does"
