"""What the container is asked to do: the forms in which SageMaker and people start it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from container.errors import UsageError

USAGE = """\
usage: python -m container train [--NAME VALUE]...
       python -m container serve

Runs a training job or a server as SageMaker would, under /opt/ml or the folder that
SAGEMAKER_BASE_DIR names. NAME is a hyperparameter, and beats the value in hyperparameters.json.
Without a verb, a folder input/config means train.
"""

Verb = Literal["train", "serve", "help"]


@dataclass(frozen=True)
class Command:
    """One start.

    Attributes:
        verb: what to do.
        overrides: hyperparameters given as options, strings to strings.
    """

    verb: Verb
    overrides: Mapping[str, str] = field(default_factory=dict)


def parse(arguments: Sequence[str], *, configured: bool) -> Command:
    """Reads the command line.

    Args:
        arguments: without the program's name.
        configured: whether a job's configuration is there: then the verb `train` may be left out,
            because SageMaker drops it where a request brings arguments or an entry point.

    Raises:
        UsageError: if the verb or an option is unknown, or an option has no value.
    """
    words = list(arguments)
    if set(words) & {"-h", "--help"}:
        return Command("help")
    if configured and (not words or words[0].startswith("-")):
        words.insert(0, "train")
    if not words:
        raise UsageError("no_verb", "No verb was given.", "Say train or serve.")
    verb, *rest = words
    if verb == "train":
        return Command("train", parse_options(rest))
    if verb != "serve":
        raise UsageError("unknown_verb", f"The verb {verb!r} is unknown.", "Say train or serve.")
    if rest:
        raise UsageError(
            "unknown_option",
            f"`serve` takes no arguments, received {rest[0]!r}.",
            "Set its options in the environment.",
        )
    return Command("serve")


def parse_options(words: Sequence[str]) -> dict[str, str]:
    """Reads `--name value` and `--name=value`; hyphens in a name may stand for underscores.

    Raises:
        UsageError: if a word is no option, names no hyperparameter, or has no value.
    """
    options: dict[str, str] = {}
    remaining = iter(words)
    for word in remaining:
        if not word.startswith("--"):
            raise UsageError(
                "unknown_option", f"{word!r} is no option.", "Write options as --name value."
            )
        name, has_value, value = word.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        _check_name(name, word)
        if not has_value:
            value = next(remaining, "--")
            if value.startswith("--"):
                raise UsageError(
                    "no_value", f"The option {word} has no value.", "Write options as --name value."
                )
        options[name] = value
    return options


def _check_name(name: str, word: str) -> None:
    # Only a start with options needs the model of hyperparameters, and its import takes 0.2 s.
    from training.hyperparameters import Hyperparameters, unknown_name

    if name not in Hyperparameters.model_fields:
        raise UsageError(
            "unknown_option",
            f"The option {word} names no hyperparameter: {unknown_name(name)}.",
            "See docs/hyperparameters.md for every name.",
        )
