"""The ranges in which a tuning searches, as a user writes them: `critic_updates=1:5`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launcher.errors import LauncherError
from launcher.settings import check_settings

# What decides most about a run (docs/hyperparameters.md); the bounds are a third and three times
# the defaults of `voices`, and the critic's updates of both architectures.
DEFAULT_RANGES = (
    "generator_learning_rate=2e-4:2e-3",
    "critic_learning_rate=3e-4:3e-3",
    "critic_updates=1:5",
)

_WIDE = 10  # from here on the logarithm is searched: each power of ten counts alike
_MOST = 30  # ranges that SageMaker searches


@dataclass(frozen=True)
class Range:
    """A hyperparameter that is to be found.

    Attributes:
        name: of the hyperparameter.
        low: the least value, as it is passed on.
        high: the greatest.
        is_integer: whether only whole numbers will do.
    """

    name: str
    low: str
    high: str
    is_integer: bool

    @property
    def scale(self) -> str:
        """How SageMaker searches it."""
        low, high = float(self.low), float(self.high)
        return "Logarithmic" if low > 0 and high / low >= _WIDE else "Linear"


def read_ranges(words: Sequence[str], settings: Mapping[str, str]) -> list[Range]:
    """Reads ranges, and checks both ends of each as a job would.

    Args:
        words: `NAME=LOW:HIGH` each.
        settings: the hyperparameters that stay, strings to strings.

    Raises:
        LauncherError: `bad_ranges`, naming all faults.
    """
    found: list[Range] = []
    faults = []
    for word in words:
        name, _, ends = word.partition("=")
        low, colon, high = ends.partition(":")
        fault = _fault(name, low, high, settings) if colon else "is no NAME=LOW:HIGH"
        if fault is None and name in {each.name for each in found}:
            fault = f"is a second range of {name}"
        if fault is None:
            found.append(Range(name, low, high, _is_integer(name)))
        else:
            faults.append(f"`{word}` {fault}")
    if len(words) > _MOST:
        faults.append(f"{len(words)} ranges are more than {_MOST}")
    if faults:
        raise LauncherError(
            "bad_ranges",
            f"{'; '.join(faults)}.",
            "docs/hyperparameters.md lists every name with its bounds; e.g. "
            f"`--range {DEFAULT_RANGES[0]}`.",
        )
    return found


def _fault(name: str, low: str, high: str, settings: Mapping[str, str]) -> str | None:
    if name in settings:
        return "is also given by --set"
    if not _is_number(name):
        return "names no hyperparameter that is a number"
    try:
        if not (math.isfinite(float(low)) and float(low) < float(high) < math.inf):
            return "does not begin with the smaller number"
    except ValueError:
        return "has ends that are no numbers"
    for end in (low, high):
        try:
            check_settings({**settings, name: end})
        except LauncherError as error:
            return f"goes too far: {error.message.rstrip('.')}"
    return None


def _is_number(name: str) -> bool:
    return _is_integer(name) or _annotation(name) == "float"


def _is_integer(name: str) -> bool:
    return _annotation(name) == "int"


def _annotation(name: str) -> str:
    """Returns the name of a hyperparameter's type; of an optional one without `None`."""
    from typing import get_args

    from training.hyperparameters import Hyperparameters

    field = Hyperparameters.model_fields.get(name)
    if field is None or field.annotation is None:
        return ""
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kind = kinds[0] if len(kinds) == 1 else field.annotation
    return str(getattr(kind, "__name__", ""))
