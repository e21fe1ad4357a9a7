"""The parameters of a request: names, bounds, and what is said about those that break them.

They come in a JSON body, in the header `X-Amzn-SageMaker-Custom-Attributes`
(`seed=7,takes=2,instruments=violin;viola;cello`), or in both; then the body counts, for it belongs
to this one melody, while the header may stand for a whole batch.
"""

import difflib
import reprlib
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from container.faults import RequestError
from inference.options import MAX_DENSITY, MAX_OCTAVE, MAX_SEED, MAX_TEMPERATURE, Options

MAX_TAKES = 16
MAX_NOTES = 20_000
MAX_BARS_TEXT = 8192  # every second of 1,024 bars
MAX_FAULTS_SHOWN = 5
MAX_FAULTS = 1000  # more are only counted: to describe a fault takes longer than to make one

# Each value of a list needs a comma, and a note has four: more of them are not even parsed, for a
# parsed value takes thirty times the memory of its text, and a fault a kilobyte.
MAX_COMMAS = 4 * MAX_NOTES + MAX_BARS_TEXT

LISTS = ("instruments", "freeze_tracks")  # of names and numbers


class Parameters(BaseModel):
    """What a caller may choose; None is the default.

    Attributes:
        seed: 0..2**32 - 1; take i uses seed + i. The default is 0, so that a request without a seed
            is answered with the same bytes each time.
        takes: 1..16 accompaniments of the same melody.
        temperature: 0..2, see `inference.options.Options`.
        instruments: General MIDI names or numbers, see `inference.options.Options`.
        melody_track: which track is the melody, from 0.
        density: 0..2, see `inference.options.Options`.
        octave: -2..2, see `inference.options.Options`.
        freeze_tracks: accompanying tracks that stay, see `inference.options.Options`.
        freeze_bars: bars that stay, such as `1-4,7`, see `inference.options.Options`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    takes: int | None = Field(default=None, ge=1, le=MAX_TAKES)
    temperature: float | None = Field(default=None, ge=0, le=MAX_TEMPERATURE)
    instruments: tuple[str | int, ...] | None = Field(default=None, max_length=16, fail_fast=True)
    melody_track: int | None = Field(default=None, ge=0)
    density: float | None = Field(default=None, ge=0, le=MAX_DENSITY)
    octave: int | None = Field(default=None, ge=-MAX_OCTAVE, le=MAX_OCTAVE)
    freeze_tracks: tuple[str | int, ...] | None = Field(default=None, max_length=16, fail_fast=True)
    freeze_bars: str | None = Field(default=None, max_length=MAX_BARS_TEXT)

    @property
    def count(self) -> int:
        """How many takes are wanted."""
        return self.takes or 1

    def options(self, take: int = 0) -> Options:
        """Returns the options of one take, counted from 0; seeds begin anew after the last."""
        return Options(
            seed=((self.seed or 0) + take) % (MAX_SEED + 1),
            temperature=1.0 if self.temperature is None else self.temperature,
            instruments=self.instruments,
            melody_track=self.melody_track,
            density=1.0 if self.density is None else self.density,
            octave=self.octave or 0,
            freeze_tracks=self.freeze_tracks,
            freeze_bars=self.freeze_bars,
        )


class JsonNote(BaseModel):
    """A note of a JSON request, times in beats (quarters)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    pitch: int = Field(ge=0, le=127)
    start: float = Field(ge=0, le=4000)
    duration: float = Field(gt=0, le=4000)
    velocity: int = Field(default=80, ge=1, le=127)


class JsonRequest(Parameters):
    """A JSON request: a MIDI file in base64, or notes.

    Attributes:
        midi: base64.
        notes: of the melody.
        tempo_bpm: quarters a minute, of `notes`.
        time_signature: e.g. `3/4`, of `notes`.
    """

    midi: str | None = None
    notes: tuple[JsonNote, ...] | None = Field(default=None, max_length=MAX_NOTES, fail_fast=True)
    tempo_bpm: float | None = Field(default=None, ge=4, le=960)
    time_signature: str | None = Field(default=None, pattern=r"^[0-9]{1,2}/(1|2|4|8|16|32|64)$")

    def parameters(self, defaults: Parameters) -> tuple[Parameters, list[str]]:
        """Returns the parameters, those of the header where the body has none, and warnings."""
        own = self.model_dump(include=set(Parameters.model_fields), exclude_none=True)
        given = defaults.model_dump(exclude_none=True)
        beaten = [name for name, value in given.items() if own.get(name, value) != value]
        names = ", ".join(f"`{name}`" for name in beaten)
        warnings = [f"The body's {names} counted, not the custom attributes'."] if beaten else []
        return Parameters(**{**given, **own}), warnings


def read_attributes(header: str | None) -> Parameters:
    """Reads the parameters of the custom attributes, `name=value` separated by commas.

    Raises:
        RequestError: 400 `bad_parameters`, all faults at once.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for part in (header or "").split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name and not equals:
            continue
        if not equals:
            faults.append(f"`{name[:64]}` is no `name=value`.")
        elif name in values:
            faults.append(f"`{name[:64]}` is given twice.")
        values[name] = value.split(";") if name in LISTS else value
    try:
        parameters = Parameters.model_validate(values)
    except ValidationError as error:
        faults += explain(error, Parameters)
    if faults:
        raise bad_parameters(
            list(dict.fromkeys(faults)),
            "X-Amzn-SageMaker-Custom-Attributes takes seed=7,takes=2; within a value semicolons "
            "separate: freeze_bars=1-4;7.",
        )
    return parameters


def read_json(body: bytes) -> JsonRequest:
    """Reads a JSON request.

    Raises:
        RequestError: 400 `not_json`, `too_many_notes`, or `bad_parameters` with all faults at once.
    """
    if body.count(b",") > MAX_COMMAS:
        raise RequestError(
            400,
            "too_many_notes",
            f"The body lists far more than {MAX_NOTES} notes.",
            "Send the melody in parts, or as a MIDI file.",
        )
    try:
        return JsonRequest.model_validate_json(body, strict=True)
    except ValidationError as error:
        if error.error_count() > MAX_FAULTS:
            raise bad_parameters(
                [f"The body has {error.error_count()} faults."], "Correct them, and send it again."
            ) from error
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] in ("json_invalid", "model_type", "model_attributes_type"):
            raise RequestError(
                400,
                "not_json",
                f"The body is no JSON object: {first['msg']}.",
                'Send {"midi": base64} or {"notes": [{"pitch": 60, "start": 0, "duration": 1}]}.',
            ) from error
        faults = explain(error, JsonRequest)
        raise bad_parameters(faults, "Correct the request and send it again.") from error


def bad_parameters(faults: list[str], hint: str) -> RequestError:
    """Makes one error of all faults, the first few spelt out."""
    more = len(faults) - MAX_FAULTS_SHOWN
    shown = faults[:MAX_FAULTS_SHOWN] + ([f"And {more} more faults."] if more > 0 else [])
    return RequestError(400, "bad_parameters", " ".join(shown), hint)


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Says in a sentence each what is wrong, with the nearest name for an unknown one."""
    unknown: list[str] = []
    wrong: list[str] = []
    for fault in error.errors(include_url=False, include_context=False):
        *path, name = (str(part)[:64] for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = (JsonNote if "notes" in path else model).model_fields
            # only what is shown is compared: it takes a millisecond a name
            is_shown = len(unknown) < MAX_FAULTS_SHOWN
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5) if is_shown else []
            cure = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}."
            unknown.append(f"Unknown parameter `{'.'.join([*path, name])}`: {cure}")
        elif path and path[0] in LISTS:
            wrong.append(f"`{path[0]}` takes names and numbers, not {_show(fault['input'])}.")
        else:
            place = ".".join([*path, name])
            wrong.append(f"`{place}`: {fault['msg']}, received {_show(fault['input'])}.")
    return list(dict.fromkeys(unknown + wrong))


def _show(value: object) -> str:
    shown = reprlib.repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
