"""The metric lines that a run prints, and the regular expressions that find the values again.

    iteration=120; critic_loss=-3.141; generator_loss=0.52; headline=61.2;

SageMaker searches the log with `METRIC_DEFINITIONS`; the launcher reads the same lines with
`parse_line`. A value that is no finite number is never printed as one, because a search would then
find text where it wants a number: `critic_loss_is_finite=0;` stands in its place.
"""

import math
import re
from collections.abc import Mapping

METRIC_NAMES = (
    "iteration",
    "critic_loss",
    "generator_loss",
    "gradient_penalty",
    "reconstruction_loss",
    "kl",
    "diversity",
    "headline",
    "iterations_per_second",
)

# (name, regular expression): the metric definitions of a training job.
METRIC_DEFINITIONS: tuple[tuple[str, str], ...] = tuple(
    (name, rf"\b{name}=(\S+);") for name in METRIC_NAMES
)

_FLAG = "_is_finite"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TOKEN = r"[a-z][a-z0-9_]*=[^\s=;]+;"  # noqa: S105 (no secret: one part of a metric line)
_LINE = re.compile(rf"iteration=[^\s=;]+;(?: {_TOKEN})*")


def format_line(values: Mapping[str, float]) -> str:
    """Writes one metric line, without its line break.

    Args:
        values: numbers by name; `iteration` is required and comes first, the others follow in
            their order. Whole numbers are written in full, others with six digits.

    Raises:
        ValueError: if `iteration` is missing, or a name is not in snake case or ends like the flag
            for values that are not finite.
    """
    if "iteration" not in values:
        raise ValueError(f"A metric line needs `iteration`; received {sorted(values)}.")
    for name in values:
        if not _NAME.fullmatch(name) or name.endswith(_FLAG):
            raise ValueError(f"A metric's name is snake case without `{_FLAG}`; received {name!r}.")
    names = ["iteration", *(name for name in values if name != "iteration")]
    return " ".join(_token(name, float(values[name])) for name in names)


def parse_line(line: str) -> dict[str, float] | None:
    """Reads a metric line.

    Returns:
        The numbers by name, NaN for a value that was not finite; None for any other line.
    """
    line = line.strip()
    if not _LINE.fullmatch(line):
        return None
    values: dict[str, float] = {}
    for token in line.rstrip(";").split("; "):
        name, _, text = token.partition("=")
        try:
            number = float(text)
        except ValueError:
            return None
        if name.endswith(_FLAG):
            name, number = name.removesuffix(_FLAG), math.nan
        values[name] = number
    return values


def _token(name: str, value: float) -> str:
    if not math.isfinite(value):
        return f"{name}{_FLAG}=0;"
    if value.is_integer() and abs(value) < 1e15:
        return f"{name}={int(value)};"
    return f"{name}={value:.6g};"
