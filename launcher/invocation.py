"""The function behind `invoke`: a melody to an endpoint, songs back."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.endpoints import running_endpoint
from launcher.errors import LauncherError
from launcher.folders import ROOT

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions

MAX_BYTES = 18_000_000  # of a MIDI file: in base64 it stays below the endpoint's 25 MB
_SUFFIXES = (".mid", ".midi")


@dataclass(frozen=True)
class Take:
    """One accompaniment.

    Attributes:
        midi: the song, a MIDI file.
        seed: gives the same song again.
        details: what else the endpoint says of it: key, tracks and metrics.
    """

    midi: bytes
    seed: int
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers.

    Attributes:
        endpoint: its name.
        takes: one at least.
        warnings: what was cut or ignored, a sentence each.
        model: what the endpoint says of its model.
    """

    endpoint: str
    takes: tuple[Take, ...]
    warnings: tuple[str, ...]
    model: Mapping[str, Any]


def invoke(
    melody: str | Path,
    *,
    endpoint: str | None = None,
    seed: int | None = None,
    takes: int | None = None,
    temperature: float | None = None,
    instruments: Sequence[str | int] | None = None,
    melody_track: int | None = None,
    density: float | None = None,
    octave: int | None = None,
    freeze_tracks: Sequence[str | int] | None = None,
    freeze_bars: str | None = None,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
) -> Answer:
    """Has a melody accompanied.

    Args:
        melody: a MIDI file, or the name of a built-in melody.
        endpoint: its name; None for the only one that runs.
        seed: chooses the accompaniment; the same seed gives the same one.
        takes: how many accompaniments; each has the seed after the one before.
        temperature: how adventurous it is; 1 is as trained.
        instruments: General MIDI names or numbers, one for all accompanying tracks or one for each;
            or an ensemble such as `string quartet`.
        melody_track: which track of the file is the melody, from 0.
        density: 0..2, how much the voices move; 1 is as trained.
        octave: -2..2, octaves by which the accompaniment is moved up, or down if negative.
        freeze_tracks: names or numbers (from 1) of accompanying tracks of the file that stay as
            they are; the rest is written anew.
        freeze_bars: bars of the file's accompaniment that stay, such as `1-4,7`; with
            `freeze_tracks` only these tracks'.
        root: the folder of the jobs.
        aws: what is to be known of AWS, for an endpoint there.

    Raises:
        LauncherError: for a melody that cannot be used or an endpoint that does not run, and with
            the endpoint's own code, message and hint for what it refuses.
    """
    midi = read_melody(str(melody))
    endpoints, found = running_endpoint(endpoint, root, aws)
    choices = {
        "seed": seed,
        "takes": takes,
        "temperature": temperature,
        "instruments": None if instruments is None else list(instruments),
        "melody_track": melody_track,
        "density": density,
        "octave": octave,
        "freeze_tracks": None if freeze_tracks is None else list(freeze_tracks),
        "freeze_bars": freeze_bars,
    }
    given = {name: value for name, value in choices.items() if value is not None}
    body = {"midi": base64.b64encode(midi).decode("ascii"), **given}
    answer = endpoints.ask(found, json.dumps(body).encode())
    return _read_answer(answer, found.name)


def read_melody(melody: str) -> bytes:
    """Returns a MIDI file: one on disk, or a built-in melody.

    Raises:
        LauncherError: `no_melody`, `too_large`, `not_midi`, or `unknown_melody`.
    """
    path = Path(melody).expanduser()
    if path.is_file():
        return _read_file(path)
    if path.suffix.lower() in _SUFFIXES or len(path.parts) > 1 or path.is_dir():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise LauncherError("no_melody", f"{melody} {what}.", "Give the path of a .mid file.")

    from music.errors import MusicError
    from music.melodies import melody as built_in
    from music.midi import write_midi

    try:
        return write_midi(built_in(melody))
    except MusicError as error:
        raise LauncherError(
            error.code, error.message, f"{error.hint} Or give the path of a .mid file."
        ) from error


def _read_file(path: Path) -> bytes:
    if (size := path.stat().st_size) > MAX_BYTES:
        raise LauncherError(
            "too_large",
            f"{path} has {size} bytes; an endpoint takes {MAX_BYTES}.",
            "Give a shorter piece or the melody alone.",
        )
    data = path.read_bytes()
    if not data.startswith(b"MThd"):
        raise LauncherError(
            "not_midi", f"{path} is not a MIDI file.", "Export it as a standard MIDI file (.mid)."
        )
    return data


def _read_answer(body: bytes, name: str) -> Answer:
    try:
        content = json.loads(body)
        takes = []
        for take in content["takes"]:
            details = {key: value for key, value in take.items() if key not in ("midi", "seed")}
            midi = base64.b64decode(take["midi"], validate=True)
            takes.append(Take(midi, int(take["seed"]), details))
        return Answer(name, tuple(takes), tuple(content["warnings"]), content["model"])
    except (ValueError, KeyError, TypeError) as error:
        raise LauncherError(
            "bad_answer",
            f"The endpoint {name} gave an answer that cannot be read.",
            "Deploy it again with this version.",
        ) from error
