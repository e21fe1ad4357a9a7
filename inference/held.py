"""Holding notes over: the one change of an answer that needs no new notes."""

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]


def changes(roll: BoolArray, onset: BoolArray) -> BoolArray:
    """Where a track starts or ends a note: `(time, 128, track)` to `(time, track)`."""
    changed = np.asarray(onset.any(axis=1))
    changed[1:] |= (roll[1:] != roll[:-1]).any(axis=1)
    changed[0] = True
    return changed


def hold(roll: BoolArray, onset: BoolArray, moves: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Lets tracks move where they may; elsewhere they hold what they last moved to.

    Args:
        roll: `(time, 128, track)`.
        onset: where notes start.
        moves: `(time, track)`; the first step always counts.

    Returns:
        `roll` and `onset` as before. Where a track may move it sounds what it sounded there.
    """
    steps, tracks = np.arange(len(roll)), np.arange(roll.shape[2])
    source = np.maximum.accumulate(np.where(moves, steps[:, None], 0), axis=0)
    held = roll[source, :, tracks].transpose(0, 2, 1)
    first = np.asarray(source == steps[:, None])[:, None]
    starts = onset & first
    starts[1:] |= held[1:] & ~held[:-1]
    return held, starts & held
