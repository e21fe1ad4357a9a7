"""Hyperparameters as a user gives them, checked before anything is made."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from music.phrases import PhraseSet
    from training.hyperparameters import Hyperparameters


def split_pairs(pairs: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Reads `name=value` words; of two values for one name the last counts.

    Returns:
        The values by name, and a clause for each word that is none.
    """
    values: dict[str, str] = {}
    faults = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if name.strip() and equals:
            values[name.strip()] = value
        else:
            faults.append(f"`{pair}` is no name=value")
    return values, faults


def encode_values(values: Mapping[str, object]) -> dict[str, str]:
    """Writes values as SageMaker delivers them: all strings."""
    from training.encodings import encode

    return {name: encode(value) for name, value in values.items()}


def check_settings(strings: Mapping[str, str], faults: Sequence[str] = ()) -> "Hyperparameters":
    """Checks hyperparameters as the job will.

    Args:
        strings: values by name.
        faults: what has been found wrong already, to be told together with the rest.

    Raises:
        LauncherError: `bad_hyperparameters`, naming all faults.
    """
    from training.errors import HyperparameterError
    from training.hyperparameters import Hyperparameters

    found = list(faults)
    try:
        checked = Hyperparameters.from_strings(strings)
    except HyperparameterError as error:
        found += error.faults
    if found:
        raise LauncherError(
            "bad_hyperparameters",
            f"{'; '.join(found)}.",
            "docs/hyperparameters.md lists every name, its bounds and its default.",
        )
    return checked


def merge_settings(configured: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Lets changes beat what a job was started with, as the container does with its options."""
    from container.configuration import merge

    return merge(configured, changes)


def suit(strings: Mapping[str, str], phrases: "PhraseSet") -> dict[str, str]:
    """Sets the architecture that suits the data where the user has not, as the container does."""
    from container.trainer import suit

    return suit(strings, phrases)
