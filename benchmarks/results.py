"""What a benchmark leaves: numbers beside their goals, and charts."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A limit that a number shall keep.

    Attributes:
        limit: in the number's unit.
        at_least: the number shall not be below it; otherwise, not above.
    """

    limit: float
    at_least: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value keeps it."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Number:
    """Something that was measured.

    Attributes:
        name: what it is, in a few words.
        value: the median, if there were several rounds.
        unit: `times`, `ms`, `MiB`, ...
        goal: None if it only tells.
        lowest: of the rounds.
        highest: of the rounds.
        rounds: how many there were.
        key: under which a document quotes it; empty if none does.
    """

    name: str
    value: float
    unit: str
    goal: Goal | None = None
    lowest: float | None = None
    highest: float | None = None
    rounds: int = 1
    key: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the goal is kept; None without one."""
        return None if self.goal is None else self.goal.holds(self.value)


def median(
    name: str,
    values: Sequence[float],
    unit: str,
    goal: Goal | None = None,
    *,
    key: str = "",
) -> Number:
    """The median of some rounds, and how far they lie apart."""
    middle = statistics.median(values)
    return Number(name, middle, unit, goal, min(values), max(values), len(values), key)


@dataclass(frozen=True)
class Curve:
    """Points `(x, y)` that belong together."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes.

    Attributes:
        title: what it shows.
        x: the name and unit of the axis across.
        y: of the axis upwards.
        curves: what is drawn.
        logarithmic: which axes are: "", "x", "y" or "xy".
    """

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    logarithmic: str = ""


@dataclass(frozen=True)
class Section:
    """What one benchmark measured.

    Attributes:
        title: its heading.
        method: how it was measured, a sentence or two.
        numbers: in the order in which they are told.
        charts: likewise.
        remarks: what else there is to say, such as what could not be measured here.
    """

    title: str
    method: str
    numbers: tuple[Number, ...]
    charts: tuple[Chart, ...] = ()
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; each number also says whether its goal holds."""
        numbers = [{**asdict(number), "holds": number.holds} for number in self.numbers]
        return {**asdict(self), "numbers": numbers}
