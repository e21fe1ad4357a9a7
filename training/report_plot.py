"""The loss curves as a picture of their own, `losses.png`, for other reports and slides."""

import math
from collections.abc import Sequence
from pathlib import Path

from training.history import Row

PLOTTED = (
    ("Losses", ["critic_loss", "generator_loss"]),
    ("Likelihood", ["reconstruction_loss"]),
    ("Gradient penalty", ["gradient_penalty"]),
    ("Headline", ["headline"]),
)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draws what of `PLOTTED` the rows hold into a PNG; without any of it there is none."""
    shown = [
        (title, [name for name in names if any(name in row for row in rows)])
        for title, names in PLOTTED
    ]
    shown = [(title, names) for title, names in shown if names]
    if not shown:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    columns = min(2, len(shown))
    height = math.ceil(len(shown) / columns)
    size = (5 * columns, 3 * height)
    figure, axes = plt.subplots(height, columns, figsize=size, layout="constrained", squeeze=False)
    for axis, (title, names) in zip(axes.flat, shown, strict=False):
        for name in names:
            points = [(row["iteration"], row[name]) for row in rows if name in row]
            axis.plot(
                *zip(*points, strict=True), marker="." if len(points) < 10 else "", label=name
            )
        axis.set_title(title)
        axis.set_xlabel("iteration")
        if len(names) > 1:
            axis.legend()
    for axis in axes.flat[len(shown) :]:
        axis.remove()
    draft = path.with_name(f"draft-{path.name}")
    figure.savefig(draft, dpi=90)
    plt.close(figure)
    draft.replace(path)
