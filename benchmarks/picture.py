"""RESULTS.png: the charts of a benchmark run."""

import math
from pathlib import Path
from typing import Any

COLUMNS = 3


def draw_results(results: dict[str, Any], path: Path) -> None:
    """Draws all charts of `python -m benchmarks` into one picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    charts = [chart for section in results["sections"].values() for chart in section["charts"]]
    if not charts:
        return
    rows = math.ceil(len(charts) / COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(5 * COLUMNS, 3.6 * rows), squeeze=False, layout="constrained"
    )
    for axis, chart in zip(axes.flat, charts, strict=False):
        for curve in chart["curves"]:
            axis.plot(*zip(*curve["points"], strict=True), marker=".", label=curve["name"])
        axis.set(title=chart["title"], xlabel=chart["x"], ylabel=chart["y"])
        axis.set_xscale("log" if "x" in chart["logarithmic"] else "linear")
        axis.set_yscale("log" if "y" in chart["logarithmic"] else "linear")
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    for axis in axes.flat[len(charts) :]:
        axis.axis("off")
    draft = path.with_name(f"draft-{path.name}")
    figure.savefig(draft, dpi=100, metadata={"Software": None})
    plt.close(figure)
    draft.replace(path)
