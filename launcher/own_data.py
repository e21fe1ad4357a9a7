"""The function behind `data`: a folder of MIDI files as a data set, with a report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.datasets import Progress
from launcher.errors import LauncherError
from launcher.layout import PHRASES
from music.phrase_file import write_phrases

if TYPE_CHECKING:
    from music.data_report import DataReport

FOLDER = "data"  # below the folder of the jobs


@dataclass(frozen=True)
class BuiltData:
    """A data set that has been built.

    Attributes:
        report: what became of every file.
        phrases: the data set's file; None where no MIDI file could be used.
        json: the report, for programs.
        page: the report, for people: one HTML file.
    """

    report: "DataReport"
    phrases: Path | None
    json: Path
    page: Path

    def describe(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        places = {"phrases": self.phrases, "json": self.json, "page": self.page}
        return {
            "written": {name: str(path) if path else None for name, path in places.items()},
            **self.report.as_dict(),
        }


def data(
    folder: str | Path,
    *,
    output: str | Path | None = None,
    tags: Sequence[str] = (),
    melody: int | str | None = None,
    accompany: Sequence[int | str] = (),
    pickup: float | None = None,
    root: str | Path = "runs",
    progress: Progress | None = None,
) -> BuiltData:
    """Builds a data set from a folder of MIDI files, and writes it with a report.

    Args:
        folder: holds `.mid` and `.midi` files, perhaps in folders, of which the first level is a
            file's tag.
        output: the folder to write phrases.npz, data.json and data.html into; one in `root` by
            default.
        tags: take only the files of these tags.
        melody: the track that is the melody, by index from 0 over the tracks with notes, or by
            name; the first that is no drums by default.
        accompany: the tracks that accompany, likewise; the next three by default.
        pickup: beats before the first whole bar of the files that do not tell of it; 0 means that
            all bar lines are right. By default files whose music speaks against them are refused.
        root: the folder of the jobs.
        progress: called with (files read, files in all) after each file.

    Raises:
        LauncherError: `no_data` if there is no such folder; `bad_pickup`; `no_such_tag`;
            `too_many_files` or `too_many_phrases`. That no file can be used is not raised, but
            reported.
    """
    from music.collection import build_collection
    from music.errors import MusicError
    from music.pieces import Selection

    source = Path(folder).expanduser()
    if not source.is_dir():
        raise LauncherError(
            "no_data", f"There is no folder {folder}.", "Give a folder of MIDI files."
        )
    name = source.resolve().name or "music"
    place = Path(root) / FOLDER / name if output is None else Path(output).expanduser()
    try:
        selection = Selection(melody, tuple(accompany), pickup)
        collection = build_collection(source, selection, tags=tags, progress=progress)
    except MusicError as error:
        raise LauncherError(error.code, error.message, error.hint) from error
    place.mkdir(parents=True, exist_ok=True)
    phrases = place / PHRASES
    if collection.phrases is None:
        phrases.unlink(missing_ok=True)  # an earlier one would contradict the report
    else:
        write_phrases(collection.phrases, phrases)
    built = BuiltData(
        report=collection.report,
        phrases=phrases if collection.phrases is not None else None,
        json=place / "data.json",
        page=place / "data.html",
    )
    _write(built)
    return built


def _write(built: BuiltData) -> None:
    from launcher.data_page import render

    content = json.dumps(built.report.as_dict(), ensure_ascii=False, indent=1)
    for path, text in ((built.json, f"{content}\n"), (built.page, render(built.report))):
        draft = path.with_name(f"draft-{path.name}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
