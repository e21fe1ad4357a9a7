"""Reads the data channels of a training job: `train`, and `validation` where there is one."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from container.errors import JobError, StoppedError
from container.paths import TrainingPaths

if TYPE_CHECKING:
    from music.phrases import PhraseSet

TRAIN = "train"
VALIDATION = "validation"
MIDI_SUFFIXES = frozenset({".mid", ".midi"})

_MOST_NAMED = 20  # refused MIDI files
_STOPPED_S = 10  # how long reading may go on after a stop: with the data there is a model to keep

logger = logging.getLogger(__name__)


def load_phrases(
    paths: TrainingPaths,
    channels: Mapping[str, Mapping[str, Any]],
    stop: Callable[[], bool],
) -> "PhraseSet":
    """Loads the phrases of a job; other channels, such as `code`, are no data and stay unread.

    Args:
        paths: the job's files.
        channels: what inputdataconfig.json says of each channel.
        stop: whether the job has been asked to stop.

    Returns:
        The phrases of `train`. Where there is a channel `validation`, all its phrases are the
        validation split, in place of the one in `train`.

    Raises:
        JobError: if a channel is missing, empty, streamed, or holds no or several data sets.
        StoppedError: if reading MIDI files takes long after a stop.
        OSError: if a channel cannot be read.
        music.errors.MusicError: if a data set is damaged, or no MIDI file can be used.
    """
    patience = _Patience(stop)
    phrases = _load(TRAIN, paths, channels, patience)
    if not paths.channel(VALIDATION).is_dir():
        return phrases
    return _with_validation(phrases, _load(VALIDATION, paths, channels, patience))


class _Patience:
    """Ends the reading of many files some seconds after the job was asked to stop."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._until: float | None = None

    def __call__(self, done: int, total: int) -> None:
        """Is told after each file how many of how many were read."""
        if not self._stop():
            return
        now = time.monotonic()
        if self._until is None:
            self._until = now + _STOPPED_S
        if now > self._until:
            raise StoppedError(
                "stopped",
                f"Stopped after {done} of {total} files of the data were read; nothing is trained.",
                "A run with the same checkpoints continues from them.",
            )


def _load(
    name: str,
    paths: TrainingPaths,
    channels: Mapping[str, Mapping[str, Any]],
    patience: _Patience,
) -> "PhraseSet":
    from music.phrase_file import read_phrases

    if channels.get(name, {}).get("TrainingInputMode") == "Pipe":
        raise JobError(
            "pipe_mode",
            f"The channel `{name}` is streamed through a pipe, which cannot be read here.",
            "Use the input mode File or FastFile.",
        )
    folder = paths.channel(name)
    if not folder.is_dir():
        there = sorted(path.name for path in paths.channels.glob("*") if path.is_dir())
        raise JobError(
            "no_channel",
            f"The job has no data channel `{name}`; its channels are {there}.",
            f"Give it a channel `{name}` that holds phrases.npz or MIDI files.",
        )
    next(folder.iterdir(), None)  # who must not read it learns it here; below it would look empty
    file = _data_set(name, folder)
    return read_phrases(file) if file is not None else _of_midi(name, folder, patience)


def _of_midi(name: str, folder: Path, patience: _Patience) -> "PhraseSet":
    """Makes phrases of a channel's MIDI files, and logs what the user should know of them."""
    from music.collection import build_collection

    collection = build_collection(folder, progress=patience)
    phrases = collection.require()
    report = collection.report
    for sentence in (report.summary(), *report.notes):
        logger.info("Channel `%s`: %s", name, sentence)
    for file in islice((file for file in report.files if not file.used), _MOST_NAMED):
        logger.warning("Channel `%s`: %s is not used. %s", name, file.path, file.reason)
    return phrases


def _data_set(name: str, folder: Path) -> Path | None:
    """Returns the one data set below a channel's folder, None if there are MIDI files instead."""
    # What S3 copies may lie in folders below, and hidden files are no one's data.
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    sets = [path for path in files if path.suffix == ".npz"]
    if len(sets) == 1:
        return sets[0]
    if sets:
        found = ", ".join(str(path.relative_to(folder)) for path in islice(sets, 5))
        raise JobError(
            "several_data_sets",
            f"The channel `{name}` holds {len(sets)} data sets: {found}.",
            "Leave one of them.",
        )
    if any(path.suffix.lower() in MIDI_SUFFIXES for path in files):
        return None
    found = ", ".join(str(path.relative_to(folder)) for path in islice(files, 5)) or "nothing"
    raise JobError(
        "no_data_set",
        f"The channel `{name}` holds no phrases.npz and no MIDI files; it holds {found}.",
        "Make a data set with `python -m launcher.data`.",
    )


def _with_validation(phrases: "PhraseSet", validation: "PhraseSet") -> "PhraseSet":
    """Puts other phrases in the place of the validation split."""
    import numpy as np

    from music.stored import join

    here, there = (
        (part.shape[1:], part.steps_per_beat, "chords" if part.has_chords else "lines")
        for part in (phrases, validation)
    )
    if here != there:
        raise JobError(
            "channels_differ",
            f"The channels `{TRAIN}` and `{VALIDATION}` hold phrases of different shapes: "
            f"(steps, voices), steps per beat and kind are {here} and {there}.",
            "Make both data sets with the same settings.",
        )
    kept = phrases.take(phrases.split != "valid")
    heard = (replace(some, split=np.full(len(some), "valid")) for some in validation.chunks())
    return join(chain([kept], heard), phrases.header)
