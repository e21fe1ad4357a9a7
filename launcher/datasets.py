"""The data set of a job: what the user names, checked, and written into the job's channel."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from music.phrases import PhraseSet
    from music.pieces import Selection

BACH = "bach"

_S3 = "s3://"

_DATA_HINT = "Give `bach`, a folder of MIDI files, or a phrases.npz."

_OPTIONS = {"tags": "tag"}  # where the command line's word is another

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FolderOptions:
    """What to take of a folder of MIDI files; every part has a default.

    Attributes:
        tags: only the files of these tags.
        melody: the track that is the melody, by index from 0 over the tracks with notes, or by
            name.
        accompany: the tracks that accompany, likewise.
        pickup: beats before the first whole bar, see `music.pickups.find_bars`.
    """

    tags: tuple[str, ...] = ()
    melody: int | str | None = None
    accompany: tuple[int | str, ...] = ()
    pickup: float | None = None

    def describe(self) -> dict[str, Any]:
        """Returns those that are not left to the default, ready for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if value is not None and value != ()
        }

    @property
    def selection(self) -> "Selection":
        """What to take of each file."""
        from music.pieces import Selection

        return Selection(self.melody, self.accompany, self.pickup)


@dataclass(frozen=True)
class DataSet:
    """Phrases to train on.

    Attributes:
        name: as the user named it.
        phrases: what it holds; None for one that lies in S3 and stays there.
        file: where it was read from; None for what was built: the chorales, and folders of MIDI.
        notes: what the user should know of it, in sentences.
    """

    name: str
    phrases: "PhraseSet | None"
    file: Path | None
    notes: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Writes `phrases.npz`.

        Raises:
            LauncherError: `in_s3` for a set that is not on this machine.
        """
        if self.file is not None:
            shutil.copyfile(self.file, path)
        elif self.phrases is not None:
            from music.phrase_file import write_phrases

            write_phrases(self.phrases, path)
        else:
            raise _in_s3(self.name)


def is_in_s3(data: str) -> bool:
    """Whether a data set lies in S3."""
    return data.startswith(_S3)


def find_data_set(data: str) -> Path | None:
    """Says where a data set lies, without reading it.

    Args:
        data: `bach`, or a path.

    Returns:
        The file, or the folder of MIDI files; None for the chorales.

    Raises:
        LauncherError: `no_data`, or `in_s3` for what only jobs in AWS read.
    """
    if data == BACH:
        return None
    path = Path(data).expanduser()
    if is_in_s3(data):
        raise _in_s3(data)
    if data and path.is_dir():
        return path
    if not data or not path.is_file():
        raise LauncherError("no_data", f"There is no data set {data!r}.", _DATA_HINT)
    if path.suffix != ".npz":
        raise LauncherError(
            "no_data", f"{path} is no data set: its name does not end in .npz.", _DATA_HINT
        )
    return path


def load_data_set(
    data: str, progress: Progress | None = None, *, folder: FolderOptions = FolderOptions()
) -> DataSet:
    """Loads a data set; the chorales are built first if this machine has never used them.

    Args:
        data: `bach`, the path of a phrases.npz, or that of a folder of MIDI files.
        progress: called with (files read, files in all) while a set is built.
        folder: of a folder, what to take.

    Raises:
        LauncherError: as `find_data_set`; `no_corpus` if music21 is missing; `bad_phrases` if the
            file is damaged; `no_phrases` if no MIDI file of the folder can be used;
            `bad_options` for `folder` of anything but a folder.
    """
    found = find_data_set(data)
    if found is not None and found.is_dir():
        return _of_folder(data, found, progress, folder)
    check_folder_options(found, folder)

    from music.chorales import load_chorales
    from music.errors import MusicError
    from music.phrase_file import read_phrases

    try:
        phrases = load_chorales(progress=progress) if found is None else read_phrases(found)
    except MusicError as error:
        raise LauncherError(error.code, error.message, error.hint) from error
    return DataSet(data, phrases, found)


def check_folder_options(found: Path | None, options: FolderOptions) -> None:
    """Refuses options for MIDI files where `find_data_set` has found no folder, and bad ones."""
    given = options.describe()
    if given and (found is None or not found.is_dir()):
        words = ", ".join(f"`--{_OPTIONS.get(name, name)}`" for name in given)
        raise LauncherError(
            "bad_options", "Only a folder of MIDI files has tags and tracks.", f"Leave {words} out."
        )
    if options.pickup is not None:
        from music.errors import MusicError
        from music.pickups import check_pickup

        try:
            check_pickup(options.pickup)
        except MusicError as error:
            raise LauncherError(error.code, error.message, error.hint) from error


def _in_s3(data: str) -> LauncherError:
    return LauncherError(
        "in_s3",
        f"{data} is read by jobs in AWS only.",
        "Add `--instance ml.c5.4xlarge`, or give `bach`, a folder of MIDI files or a phrases.npz.",
    )


def _of_folder(data: str, place: Path, progress: Progress | None, folder: FolderOptions) -> DataSet:
    from music.collection import build_collection
    from music.errors import MusicError

    try:
        collection = build_collection(place, folder.selection, tags=folder.tags, progress=progress)
        phrases = collection.require()
    except MusicError as error:
        raise LauncherError(error.code, error.message, error.hint) from error
    report = collection.report
    refused = len(report.files) - report.used
    why = (f"`python -m launcher.data {data}` tells why {refused} are not.",) if refused else ()
    return DataSet(data, phrases, None, (report.summary(), *why, *report.notes))
