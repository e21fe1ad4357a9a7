"""The tables of a report: data, versions, cost and hyperparameters, as HTML."""

import html
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from training.cost import Cost
from training.hyperparameters import Hyperparameters

PACKAGES = ("accompanist", "tensorflow", "keras", "numpy", "symusic")


def run_facts(facts: Mapping[str, Any], cost: Cost | None) -> str:
    """Returns the tables of data, versions, cost and hyperparameters.

    Args:
        facts: as `report.json` has them.
        cost: of the run so far.
    """
    groups = {"Data": facts["data"], "Versions": facts["versions"]}
    if cost:
        groups["Cost"] = _cost(cost)
    small = "".join(
        f"<div><h3>{title}</h3>{_table(_pairs(values))}</div>"
        for title, values in sorted(groups.items())
        if values
    )
    fields = Hyperparameters.model_fields
    rows = []
    for name, value in facts["hyperparameters"].items():
        words = (fields[name].description or "") if name in fields else ""
        told = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(words))
        rows.append(f"<tr>{_head(name)}{_cell(value)}<td>{told}</td></tr>")
    return (
        f'<div class="facts">{small}</div><details><summary>Hyperparameters ({len(rows)})</summary>'
        f"{_table(rows, kind='words')}</details>"
    )


def _cost(cost: Cost) -> dict[str, str]:
    counted = f"iteration {cost.since_iteration:,} on" if cost.since_iteration else "the beginning"
    return {
        "Core-minutes": f"{cost.core_minutes:.1f}",
        "Time on the clock": minutes(cost.seconds),
        "Cores": str(cost.cores),
        "Computing time of all threads": minutes(cost.cpu_seconds),
        "Counted from": counted,
    }


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"<tr>{_head(name)}{_cell(value)}</tr>" for name, value in values.items()]


def _table(rows: Sequence[str], *, kind: str = "pairs") -> str:
    return f'<div class="wide"><table class="{kind}">{"".join(rows)}</table></div>'


def _head(name: str) -> str:
    return f"<th>{html.escape(str(name))}</th>"


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{name} {each}" for name, each in value.items())
    return f"<td>{html.escape(str(value))}</td>"


def minutes(seconds: float) -> str:
    """Writes a length of time."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def versions() -> dict[str, str]:
    """Returns the versions of the packages that make a model what it is."""
    import tensorflow as tf

    known = {"tensorflow": tf.__version__}  # its distribution has another name on some machines
    return {name: known.get(name) or version(name) for name in PACKAGES}
