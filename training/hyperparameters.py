"""Everything about a run that its user may choose: one frozen model, checked as a whole.

`Hyperparameters.from_strings` reads what SageMaker delivers, `to_strings` writes it. Unknown names,
values out of bounds and choices that exclude each other are reported together, in one
`HyperparameterError`. docs/hyperparameters.md is generated from this module. Nothing here imports
TensorFlow, because the launcher checks hyperparameters before it starts anything.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from training.encodings import decode, encode
from training.errors import HyperparameterError

Architecture = Literal["voices", "unet"]
Precision = Literal["float32", "bfloat16"]


@dataclasses.dataclass(frozen=True)
class ArchitectureDefaults:
    """The defaults that suit one architecture; the names are those of the hyperparameters."""

    iterations: int
    batch_size: int
    critic_updates: int
    generator_learning_rate: float
    critic_learning_rate: float


ARCHITECTURE_DEFAULTS: dict[str, ArchitectureDefaults] = {
    "voices": ArchitectureDefaults(
        iterations=1500,
        batch_size=24,
        critic_updates=1,
        generator_learning_rate=6e-4,
        critic_learning_rate=9e-4,
    ),
    "unet": ArchitectureDefaults(
        iterations=1000,
        batch_size=64,
        critic_updates=5,
        generator_learning_rate=1e-3,
        critic_learning_rate=1e-3,
    ),
}

# These mean nothing to `unet`: given with it they would be obeyed by nobody, so they are refused.
VOICES_ONLY = frozenset(
    {
        "warmup_share",
        "likelihood_weight",
        "kl_weight",
        "adversarial_weight",
        "average_decay",
        "mismatch_weight",
    }
)

# How long a run is and how it is watched; everything else is what the run is.
MAY_CHANGE = (
    "iterations",
    "epochs",
    "checkpoint_every",
    "sample_every",
    "keep_checkpoints",
    "progress_s3_uri",
)

# Toolkits and tuning jobs add names of their own to ours.
RESERVED_PREFIX = "sagemaker_"
RESERVED_NAMES = frozenset({"_tuning_objective_metric"})

_VOICES = ARCHITECTURE_DEFAULTS["voices"]
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]/[^\s/?#][^\s?#]*")


class Hyperparameters(BaseModel):
    """The choices of one run. Every value is concrete, except one of `iterations` and `epochs`.

    Raises:
        HyperparameterError: from every way of making one, naming all faults at once.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,  # 64.0 is no batch size, and True no seed
        extra="forbid",
        allow_inf_nan=False,
    )

    architecture: Architecture = Field(
        default="voices",
        description="The networks: `voices` for monophonic voices such as chorales, `unet` for the "
        "piano-roll U-Net, which also takes polyphonic tracks.",
    )
    iterations: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Generator updates to make. Give this or `epochs`.",
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Passes over the training data to make, instead of `iterations`.",
    )
    batch_size: int = Field(
        default=_VOICES.batch_size,
        ge=1,
        le=4096,
        description="Phrases in a batch.",
    )
    critic_updates: int = Field(
        default=_VOICES.critic_updates,
        ge=1,
        le=100,
        description="Critic updates before each generator update.",
    )
    generator_learning_rate: float = Field(
        default=_VOICES.generator_learning_rate,
        gt=0.0,
        le=1.0,
        description="Learning rate of the generator.",
    )
    critic_learning_rate: float = Field(
        default=_VOICES.critic_learning_rate,
        gt=0.0,
        le=1.0,
        description="Learning rate of the critic.",
    )
    penalty_weight: float = Field(
        default=10.0,
        ge=0.0,
        le=10_000.0,
        description="Weight of the gradient penalty in the critic's loss.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**31 - 1,
        description="Seed of every random choice of the run.",
    )
    condition_track: int = Field(
        default=0,
        ge=0,
        le=127,
        description="The track that is heard, the melody; the others are to be generated.",
    )
    augmentation: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="Share of the phrases that are altered while they are heard: one bar in half "
        "time, or, of phrases in C or A minor (`voices`), moved by up to three semitones. A data "
        "set made of MIDI files is trained with 0.25 unless you say otherwise.",
    )
    checkpoint_every: int = Field(
        default=250,
        ge=1,
        description="Iterations between checkpoints.",
    )
    sample_every: int = Field(
        default=250,
        ge=1,
        description="Iterations between samples and evaluations.",
    )
    keep_checkpoints: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="How many of the newest checkpoints are kept.",
    )
    precision: Precision = Field(
        default="float32",
        description="What convolutions are computed in while a run trains. `bfloat16` takes 0.6 of "
        "the time of an iteration of `unet` and 0.85 of `voices` on processors that have "
        "instructions for it, and several times as long on others. What plays and what is exported "
        "is in `float32`.",
    )
    progress_s3_uri: str | None = Field(
        default=None,
        description="Where metrics, samples and report are uploaded while the run goes on, "
        "`s3://bucket/prefix`; see below.",
    )
    warmup_share: float = Field(
        default=0.1,
        ge=0.0,
        lt=1.0,
        description="Share of the iterations that train on likelihood alone, before the critic "
        "joins.",
    )
    likelihood_weight: float = Field(
        default=0.55,
        ge=0.0,
        description="Weight of the likelihood at the end of the run; it begins at 1.",
    )
    kl_weight: float = Field(
        default=0.2,
        ge=0.0,
        description="Weight, within the likelihood, of the divergence that keeps the noise normal.",
    )
    adversarial_weight: float = Field(
        default=3.0,
        ge=0.0,
        description="Weight of the critic's score in the generator's loss.",
    )
    average_decay: float = Field(
        default=0.998,
        ge=0.0,
        lt=1.0,
        description="Decay of the running average of the generator's weights, which is exported.",
    )
    mismatch_weight: float = Field(
        default=0.25,
        ge=0.0,
        le=1.0,
        description="Share of the critic's negative examples that pair a melody with another "
        "phrase's real accompaniment.",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _check_together(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Fills in the architecture's defaults and reports every fault at once."""
        if not isinstance(values, Mapping):
            return handler(values)
        given = {name: value for name, value in values.items() if value is not None}
        known = {name: value for name, value in given.items() if name in cls.model_fields}
        faults = [unknown_name(name) for name in sorted(given.keys() - known.keys())]
        faults += _cross_faults(known)
        try:
            model = handler(_with_defaults(known))
        except ValidationError as error:
            faults += [_clause(fault) for fault in error.errors()]
            raise HyperparameterError(faults) from None
        if faults:
            raise HyperparameterError(faults)
        return model

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> Self:
        """Reads hyperparameters as SageMaker delivers them.

        Args:
            strings: values in any of the encodings of `training.encodings`; the names that
                SageMaker's toolkits add to ours are ignored.

        Raises:
            HyperparameterError: names every unknown name and every value that cannot be used.
        """
        values: dict[str, object] = {}
        for name, text in strings.items():
            if name.startswith(RESERVED_PREFIX) or name in RESERVED_NAMES:
                continue
            values[name] = decode(text, _kind(name)) if name in cls.model_fields else text
        return cls.model_validate(values)

    def to_strings(self) -> dict[str, str]:
        """Writes the values so that `from_strings` gives back an equal model."""
        return {name: encode(value) for name, value in self.as_dict().items()}

    def as_dict(self) -> dict[str, Any]:
        """Returns the values that this run obeys, ready for JSON."""
        foreign = VOICES_ONLY if self.architecture != "voices" else frozenset()
        return self.model_dump(exclude_none=True, exclude=set(foreign))

    def identity(self) -> dict[str, Any]:
        """Returns the values that a run keeps when it is continued, ready for JSON."""
        return {name: value for name, value in self.as_dict().items() if name not in MAY_CHANGE}

    def iterations_for(self, phrases: int) -> int:
        """Returns how many iterations the run makes.

        Args:
            phrases: the number of training phrases; each iteration hears
                `batch_size * critic_updates` of them.
        """
        if self.iterations is not None:
            return self.iterations
        heard = self.batch_size * self.critic_updates
        return max(1, math.ceil((self.epochs or 1) * phrases / heard))


def _with_defaults(given: Mapping[str, object]) -> dict[str, object]:
    architecture = given.get("architecture", "voices")
    table = ARCHITECTURE_DEFAULTS.get(str(architecture), _VOICES)
    defaults = dataclasses.asdict(table)
    if "epochs" in given:
        del defaults["iterations"]
    return {**defaults, **given}


def _cross_faults(given: Mapping[str, object]) -> list[str]:
    faults = []
    if "iterations" in given and "epochs" in given:
        faults.append("`iterations` and `epochs` exclude each other, give one of them")
    if given.get("architecture") == "unet" and (foreign := sorted(VOICES_ONLY & given.keys())):
        names = ", ".join(f"`{name}`" for name in foreign)
        faults.append(f"{names} can only be set for the architecture `voices`, not for `unet`")
    uri = given.get("progress_s3_uri")
    if isinstance(uri, str) and not _S3_URI.fullmatch(uri):
        shown = _shortened(uri.partition("?")[0])  # a signed address carries secrets behind it
        faults.append(f"`progress_s3_uri` must look like s3://bucket/prefix, received {shown}")
    return faults


def unknown_name(name: str) -> str:
    """Says that a name is unknown, and which known one is nearest."""
    near = difflib.get_close_matches(name.lower().replace("-", "_"), Hyperparameters.model_fields)
    known = f"did you mean `{near[0]}`?" if near else "no known name is near it"
    return f"`{name}` is unknown ({known})"


def _clause(fault: Mapping[str, Any]) -> str:
    """Turns one of pydantic's faults into a clause of ours."""
    name = ".".join(str(part) for part in fault["loc"])
    wanted = str(fault["msg"]).removeprefix("Input should be ")
    return f"`{name}` must be {wanted}, received {_shortened(fault['input'])}"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(name: str) -> type:
    """Returns the Python type of a field's values, `str` for a choice of words."""
    annotation = Hyperparameters.model_fields[name].annotation
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    return kinds[0] if isinstance(kinds[0], type) else type(kinds[0])
