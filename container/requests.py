"""From the body of a request to music."""

import base64
import binascii
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from container.faults import RequestError
from container.parameters import JsonNote, JsonRequest, Parameters, read_json
from music.midi import DEFAULT_LIMITS, read_midi
from music.rolls import PITCHES, notes_of_roll
from music.song import MAX_QUARTER_US, Note, Song, Tempo, TimeSignature, Track

TICKS_PER_BEAT = 480
TICKS_PER_STEP = 24  # of songs made of rolls
# Of all melodies of an .npy body together: 4,096 phrases. The answer, one byte a cell and four
# tracks, is sixteen times 2 MiB then.
MAX_NPY_STEPS = 1 << 16
MAX_NPY_HEADER = 10_000
MAX_BASE64 = 4 * -(-DEFAULT_LIMITS.size // 3)  # what the largest MIDI file becomes

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class MelodyRequest:
    """One melody to accompany.

    Attributes:
        song: holds the melody.
        parameters: of the body and the header together.
        warnings: what was set aside, a sentence each.
    """

    song: Song
    parameters: Parameters
    warnings: tuple[str, ...] = ()


def read_json_request(body: bytes, defaults: Parameters) -> MelodyRequest:
    """Reads a JSON body.

    Args:
        body: `{"midi": base64}` or `{"notes": [..]}`, with parameters.
        defaults: of the header.

    Raises:
        RequestError: 400 `not_json`, `bad_parameters`, `too_many_notes`, `too_large`.
        MusicError: for a MIDI file that cannot be used, see `music.midi.read_midi`.
    """
    request = read_json(body)
    parameters, warnings = request.parameters(defaults)
    if (request.midi is None) == (request.notes is None):
        raise RequestError(
            400,
            "bad_parameters",
            "The body needs either `midi` or `notes`, and not both.",
            'Send {"midi": base64} or {"notes": [{"pitch": 60, "start": 0, "duration": 1}]}.',
        )
    if request.midi is None:
        return MelodyRequest(_song_of_notes(request), parameters, tuple(warnings))
    if request.tempo_bpm is not None or request.time_signature is not None:
        warnings.append("The MIDI file's own tempo and time signature counted, not the body's.")
    if len(request.midi) > MAX_BASE64:  # to decode 25 MB would keep all others waiting
        raise RequestError(
            400,
            "too_large",
            f"`midi` is longer than the base64 of {DEFAULT_LIMITS.size} bytes.",
            "Send a shorter piece or the melody alone.",
        )
    try:
        data = base64.b64decode(request.midi, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            400,
            "bad_parameters",
            f"`midi` is not base64: {error}.",
            "Encode the bytes of a .mid file with standard base64, without line breaks.",
        ) from error
    return MelodyRequest(read_midi(data), parameters, tuple(warnings))


def _song_of_notes(request: JsonRequest) -> Song:
    bpm = request.tempo_bpm or 120.0
    signature = [int(part) for part in (request.time_signature or "4/4").split("/")]
    notes = tuple(_note(note) for note in request.notes or ())
    return Song(
        TICKS_PER_BEAT,
        (Track("Melody", 0, notes),),
        (Tempo(0, min(round(60e6 / bpm), MAX_QUARTER_US)),),
        (TimeSignature(0, *signature),),
    )


def _note(note: JsonNote) -> Note:
    start = round(note.start * TICKS_PER_BEAT)
    end = round((note.start + note.duration) * TICKS_PER_BEAT)
    return Note(start, max(end, start + 1), note.pitch, note.velocity)


def read_rolls(body: bytes) -> BoolArray:
    """Reads melodies from an .npy body.

    Args:
        body: bool or uint8 `(batch, time, 128)`; what is not 0 sounds.

    Returns:
        bool `(batch, time, 128)`.

    Raises:
        RequestError: 400 `not_npy`, `wrong_shape`, `too_long`.
    """
    shape, in_columns, dtype, data = _read_npy_header(body)
    if dtype not in (np.dtype(bool), np.dtype(np.uint8)) or len(shape) != 3 or shape[2] != PITCHES:
        raise RequestError(
            400,
            "wrong_shape",
            f"Melodies are bool or uint8 (batch, time, 128); received {dtype} {shape}.",
            "Send one row of 128 pitches for each step of a sixteenth note.",
        )
    if shape[0] * shape[1] > MAX_NPY_STEPS:
        raise RequestError(
            400,
            "too_long",
            f"The melodies have {shape[0] * shape[1]} steps together; at most {MAX_NPY_STEPS} are "
            "accompanied at once.",
            "Send them in parts.",
        )
    if len(data) != shape[0] * shape[1] * shape[2]:
        raise _not_npy(f"its header tells of {shape}, but {len(data)} bytes follow")
    values = np.frombuffer(data, dtype=np.uint8)
    return values.reshape(shape, order="F" if in_columns else "C") != 0


def _read_npy_header(body: bytes) -> tuple[tuple[int, ...], bool, np.dtype, memoryview]:
    """Reads what comes before the array: shape, whether in columns, data type, and its bytes."""
    file = io.BytesIO(body)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(f"version {version} is for other data")
        shape, in_columns, dtype = readers[version](file, max_header_size=MAX_NPY_HEADER)
    except Exception as error:  # the header is a Python literal: it can fail in many ways
        raise _not_npy(f"{type(error).__name__}: {str(error)[:200]}") from error
    if any(type(size) is not int or size < 1 for size in shape):  # True would be an int
        raise _not_npy(f"its shape {shape} is empty, or none")
    return shape, in_columns, dtype, memoryview(body)[file.tell() :]


def _not_npy(why: str) -> RequestError:
    return RequestError(
        400,
        "not_npy",
        f"The body is no .npy array: {why}.",
        "Write it with numpy.save(file, array, allow_pickle=False).",
    )


def song_of_roll(roll: BoolArray, steps_per_beat: int) -> Song:
    """Reads one melody `(time, 128)` as a song in 4/4, notes held while a pitch stays."""
    notes = notes_of_roll(roll, np.zeros_like(roll), TICKS_PER_STEP)
    return Song(TICKS_PER_STEP * steps_per_beat, (Track("Melody", 0, tuple(notes)),))
