"""The description of a trained generator, saved beside its weights as `manifest.json`.

It is all that serving needs to know about training, and it vouches for every other file of the
model folder by its sha256.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from music.errors import MusicError

FILE_NAME = "manifest.json"
SCHEMA_VERSION: Literal[1] = 1
MAX_MANIFEST_BYTES = 1 << 20  # a manifest is a few kB; anything else is not one
GENERATOR_FILE = "generator.tflite"

Pitch = Annotated[int, Field(ge=0, le=127)]
Program = Annotated[int, Field(ge=0, le=127)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a model folder holds.

    Attributes:
        schema_version: of this description.
        architecture: `voices` hears and answers single lines, `unet` piano rolls.
        steps_per_beat: time steps a quarter.
        phrase_steps: time steps that the generator hears at once.
        tracks: names, the melody first.
        programs: General MIDI numbers, one a track.
        melody_range: lowest and highest melody pitch heard in training, as the generator hears it:
            after transposition if `tonic_normalized`.
        noise_shape: of one draw, without the batch.
        tonic_normalized: the generator wants music transposed to C major or A minor.
        hyperparameters: of the training.
        dataset: its fingerprint, name and phrases per split.
        code_version: of the code that trained it.
        created: ISO 8601.
        metrics: numbers of the training and evaluation.
        files: sha256 of every other file of the folder, by its path relative to the folder.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    schema_version: Literal[1] = SCHEMA_VERSION
    architecture: Literal["voices", "unet"]
    steps_per_beat: int = Field(default=4, ge=1, le=24)
    phrase_steps: int = Field(default=32, ge=2, le=1024)
    tracks: tuple[str, ...] = Field(min_length=2, max_length=16)
    programs: tuple[Program, ...]
    melody_range: tuple[Pitch, Pitch]
    noise_shape: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    tonic_normalized: bool = False
    hyperparameters: Mapping[str, Any] = {}
    dataset: Mapping[str, Any] = {}
    code_version: str = ""
    created: str = ""
    metrics: Mapping[str, Any] = {}
    files: Mapping[str, Digest] = {}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if len(self.programs) != len(self.tracks):
            raise ValueError(
                f"{len(self.tracks)} tracks need as many programs, not {len(self.programs)}"
            )
        low, high = self.melody_range
        if high - low < 11:
            raise ValueError(f"a melody range spans an octave at least, not {low} to {high}")
        if self.phrase_steps % 2:
            raise ValueError(f"a phrase is two bars of equal length, not {self.phrase_steps} steps")
        for name in self.files:
            if not _is_inside(name):
                raise ValueError(f"`{name}` does not name a file inside the model folder")
        return self

    @property
    def bar_steps(self) -> int:
        """Time steps of one bar; a phrase is two bars."""
        return self.phrase_steps // 2

    def write(self, folder: Path, files: Iterable[str] = ()) -> Self:
        """Writes `manifest.json`, whole or not at all.

        Args:
            folder: the model folder.
            files: paths relative to it, whose hashes are added to those already in `files`.

        Returns:
            The manifest as written.

        Raises:
            MusicError: `model_file_missing`, if one of `files` is no regular file.
        """
        hashes = {name: _digest(folder, name) for name in files}
        manifest = self.model_copy(update={"files": {**self.files, **hashes}})
        text = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True)
        draft = folder / f"draft-{FILE_NAME}"
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(folder / FILE_NAME)
        return manifest

    def faults(self, folder: Path) -> Iterator[MusicError]:
        """Holds every file of `files` against its hash.

        Yields:
            `model_file_missing` or `model_file_changed` for each file that is not as described.
        """
        for name, expected in self.files.items():
            try:
                found = _digest(folder, name)
            except MusicError as error:
                yield error
                continue
            if found != expected:
                yield MusicError(
                    "model_file_changed",
                    f"`{name}` in {folder} is not the file that {FILE_NAME} describes.",
                    "Unpack the model artifact again, or export the model again.",
                )

    def verify(self, folder: Path) -> None:
        """Holds every file of `files` against its hash.

        Raises:
            MusicError: the first fault that `faults` finds.
        """
        for fault in self.faults(folder):
            raise fault

    @classmethod
    def read(cls, folder: Path, *, verify: bool = True) -> Self:
        """Reads `manifest.json` and holds the files of the folder against it.

        Args:
            folder: the model folder.
            verify: whether to hash the files; False reads the description alone.

        Raises:
            MusicError: `model_missing` without a manifest, `model_version` for another schema,
                `model_corrupt` for anything else that is not a manifest, and as `verify`.
        """
        raw = _read_json(folder / FILE_NAME)
        if raw.get("schema_version") != SCHEMA_VERSION:
            raise MusicError(
                "model_version",
                f"{folder / FILE_NAME} has schema version {raw.get('schema_version')!r}; "
                f"this program reads version {SCHEMA_VERSION}.",
                "Export the model with the version of Accompanist that serves it.",
            )
        try:
            manifest = cls.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise _corrupt(folder / FILE_NAME, f"{where}: {first['msg']}") from error
        if GENERATOR_FILE not in manifest.files:
            raise _corrupt(folder / FILE_NAME, f"it does not name `{GENERATOR_FILE}`")
        if verify:
            manifest.verify(folder)
        return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise _corrupt(path, f"it is longer than {MAX_MANIFEST_BYTES} bytes")
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MusicError(
            "model_missing",
            f"There is no {FILE_NAME} in {path.parent}.",
            "Point to the root of an unpacked model artifact.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, MusicError):
            raise
        raise _corrupt(path, str(error)) from error
    if not isinstance(raw, dict):
        raise _corrupt(path, "it is no JSON object")
    return raw


def _corrupt(path: Path, why: str) -> MusicError:
    return MusicError(
        "model_corrupt",
        f"{path} cannot be read: {why}.",
        "Unpack the model artifact again, or export the model again.",
    )


def _digest(folder: Path, name: str) -> str:
    path = folder.resolve() / name
    try:
        # A link may point out of the artifact, and breaks hosting in any case; a pipe would hang.
        if path.resolve(strict=True) != path or not path.is_file():
            raise OSError("a link, or no file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:  # ValueError for what no path can be
        is_gone = isinstance(error, FileNotFoundError)
        fault = "is missing" if is_gone else "is no readable, regular file"
        raise MusicError(
            "model_file_missing",
            f"`{name}` in {folder} {fault}.",
            "Unpack the model artifact again, or export the model again.",
        ) from error
