"""RESULTS.png: how every number stands to its goal, and the charts of a benchmark run."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 2
FURTHEST = 10.0  # times better or worse than the goal; what is further is drawn here
LONGEST_NAME = 64  # letters


def draw_results(results: dict[str, Any], path: Path) -> None:
    """Draws the goals on the left and all charts of `python -m benchmarks` beside them."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sections = results["sections"].values()
    charts = [chart for section in sections for chart in section["charts"]]
    margins = _margins([number for section in sections for number in section["numbers"]])
    rows = max(1, math.ceil(len(charts) / COLUMNS))
    figure = plt.figure(
        figsize=(16, max(3.4 * rows, 2 + 0.22 * len(margins))), layout="constrained"
    )
    grid = figure.add_gridspec(rows, COLUMNS + 1, width_ratios=[1.15, *[1] * COLUMNS])
    _draw_margins(figure.add_subplot(grid[:, 0]), margins)
    for place, chart in enumerate(charts):
        row, column = divmod(place, COLUMNS)
        _draw_chart(figure.add_subplot(grid[row, 1 + column]), chart)
    draft = path.with_name(f"draft-{path.name}")
    figure.savefig(draft, dpi=90, metadata={"Software": None})
    plt.close(figure)
    draft.replace(path)


def _margins(numbers: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """How many times better than its goal each number is; none for goals of nothing at all."""
    found = []
    for number in numbers:
        goal, value = number["goal"], number["value"]
        if goal is None or not goal["limit"] or not value:
            continue
        margin = value / goal["limit"] if goal["at_least"] else goal["limit"] / value
        name = number["name"].replace("`", "")
        found.append((name[:LONGEST_NAME], min(max(margin, 1 / FURTHEST), FURTHEST)))
    return found


def _draw_margins(axis: "Axes", margins: list[tuple[str, float]]) -> None:
    places = range(len(margins))
    values = [margin for _, margin in margins]
    colours = ["tab:green" if value >= 1 else "tab:red" for value in values]
    axis.hlines(places, 1, values, colors=colours, linewidth=2)
    axis.scatter(values, places, c=colours, s=22)
    axis.axvline(1, color="black", linewidth=1)
    axis.set_yticks(places, [name for name, _ in margins], fontsize="x-small")
    axis.set(xscale="log", title="Against the goals", xlabel="times better than the goal")
    axis.invert_yaxis()
    axis.grid(axis="x", alpha=0.3)


def _draw_chart(axis: "Axes", chart: dict[str, Any]) -> None:
    for curve in chart["curves"]:
        if curve["points"]:
            axis.plot(*zip(*curve["points"], strict=True), marker=".", label=curve["name"])
    axis.set(title=chart["title"], xlabel=chart["x"], ylabel=chart["y"])
    axis.set_xscale("log" if "x" in chart["logarithmic"] else "linear")
    axis.set_yscale("log" if "y" in chart["logarithmic"] else "linear")
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small")
