"""The picture of a sample: the piano rolls of its tracks one below the other, by pypianoroll."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

LOWEST, HIGHEST = 34, 84


class RollPicture:
    """Draws samples alike, the training going on meanwhile: so it draws fast.

    Axes, ticks and letters take three quarters of the time. They are laid out for the first sample;
    for all others only notes and title are exchanged.

    Args:
        tracks: their names.
        steps_per_beat: of the rolls.
    """

    def __init__(self, tracks: Sequence[str], steps_per_beat: int) -> None:
        self._tracks = tracks
        self._steps_per_beat = steps_per_beat
        self._figure: Figure | None = None
        self._images: list[AxesImage] = []

    def write(self, rolls: Sequence[NDArray[np.bool_]], path: Path, title: str) -> None:
        """Writes a PNG.

        Args:
            rolls: `(time, 128)` of each track, equally long every time.
            path: of the file.
            title: above the rolls.
        """
        if self._figure is None:
            self._figure = self._lay_out(rolls, title)
        for image, roll in zip(self._images, rolls, strict=True):
            image.set_data(roll.T)
        self._figure.suptitle(title)
        self._figure.savefig(path, format="png", metadata={"Software": None})

    def _lay_out(self, rolls: Sequence[NDArray[np.bool_]], title: str) -> Figure:
        import pypianoroll
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 8), dpi=80, layout="constrained")
        axes = figure.subplots(len(rolls), sharex=True, squeeze=False)[:, 0]
        for axis, name, roll in zip(axes, self._tracks, rolls, strict=True):
            image = pypianoroll.plot_pianoroll(
                axis, roll, resolution=self._steps_per_beat, xtick="beat", yticklabel="number"
            )
            self._images.append(image)
            axis.set_ylim(LOWEST, HIGHEST)
            axis.set_ylabel(name)
        figure.suptitle(title)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # all stays where it is now
        return figure
