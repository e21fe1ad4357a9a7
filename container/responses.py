"""From accompanied songs to the bodies and headers of answers."""

import base64
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from container import media
from inference.arranger import Arrangement
from music.instruments import GENERAL_MIDI
from music.manifest import GENERATOR_FILE, Manifest
from music.midi import write_midi

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
MAX_ATTRIBUTES = 1024  # characters that SageMaker passes on


def write_take(take: Arrangement, kind: str) -> bytes:
    """Writes one take as MIDI or PNG."""
    if kind == media.MIDI:
        return write_midi(take.song)
    from music.picture import draw_song

    return draw_song(take.song)


def describe_take(take: Arrangement) -> dict[str, Any]:
    """Returns the JSON object of one take."""
    return {
        "midi": base64.b64encode(write_midi(take.song)).decode("ascii"),
        "seed": take.seed,
        "key": f"{_TONICS[take.key.tonic]} {take.key.mode}",
        "tracks": [
            {"name": track.name, "instrument": GENERAL_MIDI[track.program]}
            for track in take.song.tracks
        ],
        "metrics": take.metrics,
    }


def describe(
    takes: Sequence[dict[str, Any]], warnings: Sequence[str], manifest: Manifest
) -> dict[str, Any]:
    """Returns the JSON object of an answer.

    Args:
        takes: of one melody, see `describe_take`.
        warnings: of all takes, without repetitions.
        manifest: of the model that answered.
    """
    return {
        "takes": list(takes),
        "warnings": list(warnings),
        "model": {
            "architecture": manifest.architecture,
            "code_version": manifest.code_version,
            "created": manifest.created,
            "tracks": list(manifest.tracks),
            "sha256": manifest.files[GENERATOR_FILE],
        },
    }


_TONICS = ("C", "D flat", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")


def dump(value: object) -> bytes:
    """Writes one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def write_npy(roll: NDArray[np.bool_ | np.uint8]) -> bytes:
    """Writes a roll as uint8 in .npy format, in C order."""
    file = io.BytesIO()
    values = np.ascontiguousarray(roll, dtype=np.uint8)
    np.lib.format.write_array(file, values, allow_pickle=False)
    return file.getvalue()


def attributes(seed: int, takes: int, warnings: Iterable[str]) -> str:
    """Writes the custom attributes of an answer: `seed=7,takes=1,warnings=...`.

    They are ASCII, at most 1024 characters, and commas stand between attributes only.
    """
    header = f"seed={seed},takes={takes}"
    text = " ".join(" ".join(warnings).split()).replace(",", ";")
    if text:
        header += ",warnings=" + text.encode("ascii", "replace").decode("ascii")
    header = printable(header)
    return header if len(header) <= MAX_ATTRIBUTES else header[: MAX_ATTRIBUTES - 3] + "..."


def printable(text: str) -> str:
    """Leaves out what is no printable ASCII, so that no header carries more than itself."""
    return "".join(letter for letter in text if " " <= letter <= "~")


def without_repetitions(warnings: Iterable[str]) -> list[str]:
    """Returns the warnings in order, each once."""
    return list(dict.fromkeys(warnings))
