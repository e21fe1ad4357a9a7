"""Asks an endpoint to accompany a melody."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.endpoints import Endpoint, find_endpoint
from launcher.errors import LauncherError
from launcher.jobs import ROOT

TIMEOUT_SECONDS = 70  # SageMaker's own is 60
MAX_FILE = 25 << 20
MAX_ANSWER = 256 << 20


@dataclass(frozen=True)
class Take:
    """One accompaniment.

    Attributes:
        midi: the whole song as a MIDI file.
        seed: gives the same song again.
        metrics: a few numbers about it.
        picture: the piano roll as a PNG, if it was asked for.
    """

    midi: bytes
    seed: int
    metrics: Mapping[str, float]
    picture: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        takes: as many as were asked for.
        warnings: what was left out or moved, a sentence each.
        model: what the endpoint says of its model.
    """

    takes: tuple[Take, ...]
    warnings: tuple[str, ...]
    model: Mapping[str, Any]


def invoke(
    melody: str,
    endpoint: str | None = None,
    *,
    seed: int | None = None,
    takes: int | None = None,
    temperature: float | None = None,
    instruments: Sequence[str] | None = None,
    melody_track: int | None = None,
    picture: bool = False,
    root: Path = ROOT,
) -> Answer:
    """Accompanies a melody.

    Args:
        melody: the path of a MIDI file, or the name of a melody that comes along.
        endpoint: its name; may be left out if only one is deployed.
        seed: of the noise, 0 if left out.
        takes: how many accompaniments, with one seed after another.
        temperature: 0..2, how far the noise strays.
        instruments: General MIDI names or numbers.
        melody_track: which track of the file is the melody, from 0.
        picture: asks for the piano rolls as well.
        root: the folder of jobs and endpoints.

    Raises:
        LauncherError: if the melody cannot be read, no endpoint answers, or it refuses.
    """
    midi = read_melody(melody)
    target = find_endpoint(endpoint, root=root)
    given = {
        "seed": seed,
        "takes": takes,
        "temperature": temperature,
        "instruments": [_number(word) for word in instruments] if instruments else None,
        "melody_track": melody_track,
    }
    request = {name: value for name, value in given.items() if value is not None}
    request["midi"] = base64.b64encode(midi).decode("ascii")
    answer = json.loads(_post(target, request, "application/json"))
    found = tuple(
        Take(
            midi=base64.b64decode(take["midi"]),
            seed=int(take["seed"]),
            metrics=take["metrics"],
            picture=_picture(target, request, take["seed"]) if picture else None,
        )
        for take in answer["takes"]
    )
    return Answer(found, tuple(answer["warnings"]), answer["model"])


def read_melody(melody: str) -> bytes:
    """Reads a MIDI file, or writes a melody that comes along as one.

    Raises:
        LauncherError: if there is neither.
    """
    path = Path(melody)
    if path.is_file():
        if path.stat().st_size > MAX_FILE:
            raise LauncherError(f"{melody} is larger than 25 MB.", "Give a MIDI file.")
        data = path.read_bytes()
        if not data.startswith(b"MThd"):
            raise LauncherError(f"{melody} is no MIDI file.", "Give a .mid file.")
        return data
    if path.suffix or "/" in melody:
        raise LauncherError(f"There is no file {melody}.", "Give the path of a .mid file.")
    from music.errors import MusicError
    from music.melodies import melody as built_in
    from music.midi import write_midi

    try:
        return write_midi(built_in(melody))
    except MusicError as error:
        raise LauncherError(error.message, error.hint) from error


def _picture(target: Endpoint, request: Mapping[str, Any], seed: int) -> bytes:
    return _post(target, {**request, "seed": seed, "takes": 1}, "image/png")


def _post(target: Endpoint, request: Mapping[str, Any], accept: str) -> bytes:
    call = urllib.request.Request(  # noqa: S310 (the address is ours: http and 127.0.0.1)
        f"{target.url}/invocations",
        data=json.dumps(request).encode(),
        headers={"Content-Type": "application/json", "Accept": accept},
    )
    try:
        with _direct().open(call, timeout=TIMEOUT_SECONDS) as response:
            return response.read(MAX_ANSWER)
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except OSError as error:
        raise LauncherError(
            f"The endpoint {target.name} does not answer: {error}.",
            f"See {target.log}, or deploy it again.",
        ) from error


def _direct() -> urllib.request.OpenerDirector:
    """An opener that asks no proxy the way to this machine."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _refusal(error: urllib.error.HTTPError) -> LauncherError:
    try:
        body = json.loads(error.read(4096))
        return LauncherError(str(body["message"]), str(body["hint"]))
    except (ValueError, KeyError, TypeError):
        return LauncherError(
            f"The endpoint answered with status {error.code} and no reason.", "See its log."
        )


def _number(word: str) -> str | int:
    return int(word) if word.isdecimal() else word
