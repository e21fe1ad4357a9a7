"""The data set of a job: what the user names, checked, and written into the job's channel."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from music.phrases import PhraseSet

BACH = "bach"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DataSet:
    """Phrases to train on.

    Attributes:
        name: as the user named it.
        phrases: what it holds.
        file: where it was read from; None for the chorales, which come from a cache.
    """

    name: str
    phrases: "PhraseSet"
    file: Path | None

    def write(self, path: Path) -> None:
        """Writes `phrases.npz`."""
        if self.file is None:
            self.phrases.save(path)
        else:
            shutil.copyfile(self.file, path)


def find_data_set(data: str) -> Path | None:
    """Says where a data set lies, without reading it.

    Args:
        data: `bach`, or a path.

    Returns:
        The file; None for the chorales.

    Raises:
        LauncherError: `no_data`, or `not_yet` for what later releases read.
    """
    if data == BACH:
        return None
    path = Path(data).expanduser()
    if data.startswith("s3://"):
        raise LauncherError(
            "not_yet",
            "Data sets on S3 come with the SageMaker release.",
            "Give `bach` or a phrases.npz on this machine.",
        )
    if path.is_dir():
        raise LauncherError(
            "not_yet",
            f"{path} is a folder, and training on folders of MIDI files comes in a later release.",
            "Give `bach` or a phrases.npz.",
        )
    if not path.is_file():
        raise LauncherError(
            "no_data", f"There is no data set {data}.", "Give `bach` or the path of a phrases.npz."
        )
    if path.suffix != ".npz":
        raise LauncherError(
            "no_data",
            f"{path} is no data set: its name does not end in .npz.",
            "Give `bach` or the path of a phrases.npz.",
        )
    return path


def load_data_set(data: str, progress: Progress | None = None) -> DataSet:
    """Loads a data set; the chorales are built first if this machine has never used them.

    Args:
        data: `bach`, or the path of a phrases.npz.
        progress: called with (scores read, scores in all) while the chorales are built.

    Raises:
        LauncherError: as `find_data_set`; `no_corpus` if music21 is missing; `bad_phrases` if the
            file is damaged.
    """
    file = find_data_set(data)

    from music.chorales import load_chorales
    from music.errors import MusicError
    from music.phrases import PhraseSet

    try:
        phrases = load_chorales(progress=progress) if file is None else PhraseSet.load(file)
    except MusicError as error:
        raise LauncherError(error.code, error.message, error.hint) from error
    return DataSet(data, phrases, file)
