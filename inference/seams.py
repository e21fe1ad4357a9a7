"""Stitches overlapping two-bar answers into one.

Window `w` answers the cells `w` and `w + 1`, so that all but the outermost cells are answered
twice: first as the end of a window, then as the beginning of the next. Within each such cell the
answer passes from the one to the other at a beat. That beat is chosen where the two agree best:
where no note of either is cut off or struck again, no voice leaps, no two voices run in parallel
fifths or octaves, and their steps around it are alike.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from inference.grid import Cell
from music.rolls import PITCHES

# What a seam is charged. A note cut off or without its head is heard at once, a leap of an octave
# is as bad, and a parallel worse; a note struck again is heard less, for voices do that on some
# beats.
# Where everything else is equal the middle of the cell is best, far from the borders of both
# windows.
CUT_NOTE = 1.0
LEAP_SEMITONE = 1 / 12
SMALL_LEAP = 2  # semitones: steps are what voices do
PARALLEL = 4.0
STRUCK_AGAIN = 0.25
UNLIKE_STEP = 0.25
OFF_MIDDLE_STEP = 0.01

OCTAVE = 12
FIFTH = 7

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def stitch(
    roll: BoolArray, onset: BoolArray, melody: IntArray, cells: Sequence[Cell]
) -> tuple[BoolArray, BoolArray, IntArray]:
    """Joins the answers of all windows.

    A pitch that sounds on both sides of a seam is one note, unless the later answer starts it anew.

    Args:
        roll: `(window, 2 * bar_steps, 128, track)`.
        onset: shaped like `roll`.
        melody: what the windows answer, pitches `(window, 2 * bar_steps)`.
        cells: of the song; one window fewer than cells, but one at least.

    Returns:
        `roll` and `onset`, `(time, 128, track)`, without the filling of the cells, and the steps of
        the song where the seams are.
    """
    bar_steps = roll.shape[1] // 2
    first, second = roll[:, :bar_steps], roll[:, bar_steps:]
    first_onset, second_onset = onset[:, :bar_steps], onset[:, bar_steps:]
    cuts = choose_cuts(roll, onset, melody, cells)
    # The last cell has no window that begins with it, as if cut after its end; the first no other.
    cuts = np.concatenate([[0], cuts, [bar_steps]])[: len(cells)]
    late = np.arange(bar_steps) >= cuts[:, None]
    rows = np.arange(len(cells))
    begin, end = np.minimum(rows, len(roll) - 1), np.maximum(rows - 1, 0)
    steps = np.stack([_real_steps(cell, bar_steps) for cell in cells])
    late = late[..., None, None]
    whole = np.where(late, first[begin], second[end])[steps]
    starts = np.where(late, first_onset[begin], second_onset[end])[steps]
    starts &= whole
    starts |= newly_sounding(whole)
    seams = [cell.start + cut for cell, cut in zip(cells[1:-1], cuts[1:-1], strict=True)]
    return whole, starts, np.array(seams, dtype=np.int64)


def newly_sounding(roll: BoolArray) -> BoolArray:
    """Where a pitch sounds that did not sound on the step before: `(time, 128, track)`."""
    new = roll.copy(order="K")
    new[1:] &= ~roll[:-1]
    return new


def choose_cuts(
    roll: BoolArray, onset: BoolArray, melody: IntArray, cells: Sequence[Cell]
) -> IntArray:
    """Chooses the step of each inner cell at which the later window takes over.

    Args:
        roll: as in `stitch`.
        onset: as in `stitch`.
        melody: as in `stitch`.
        cells: of the song.

    Returns:
        `(cell - 2,)`, steps from the start of the cell; empty for two cells or fewer.
    """
    if len(cells) < 3:
        return np.zeros(0, dtype=np.int64)
    bar_steps = roll.shape[1] // 2
    ends = np.array([cell.lead + cell.steps - 1 for cell in cells[:-2]])
    before_bar = roll[np.arange(len(ends)), ends]  # the last step before each inner cell
    earlier, later = roll[:-1, bar_steps:], roll[1:, :bar_steps]
    cost = _costs(
        before=np.concatenate([before_bar[:, None], earlier[:, :-1]], axis=1),
        earlier=earlier,
        earlier_held=earlier & ~onset[:-1, bar_steps:],
        later=later,
        later_held=later & ~onset[1:, :bar_steps],
    )
    cost += PARALLEL * _parallels(np.dstack([melody, top_pitches(roll)]), ends, cells)
    steps = np.arange(bar_steps)
    for row, cell in enumerate(cells[1:-1]):
        cost[row] += OFF_MIDDLE_STEP * np.abs(steps - cell.steps / 2)
        cost[row, (steps % cell.beat != 0) | (steps >= cell.steps)] = np.inf
    return cost.argmin(axis=1)


def _parallels(lines: IntArray, ends: IntArray, cells: Sequence[Cell]) -> IntArray:
    """Counts the parallel fifths, octaves and unisons that a seam in front of a step would make.

    Args:
        lines: melody and voices of each window, pitches or -1, `(window, 2 * bar_steps, voice)`.
        ends: `(cell - 2,)`, the last step of the cell before each inner cell.
        cells: of the song.

    Returns:
        `(cell - 2, bar_steps)`, from the beat before in the earlier window to the later's step.
    """
    bar_steps = lines.shape[1] // 2
    beats = np.array([cell.beat for cell in cells[1:-1]])[:, None]
    steps = np.arange(bar_steps)
    # The beat before the first one of a cell is the last one of the cell before it.
    last = np.array([cell.beat for cell in cells[:-2]])
    previous = np.where(steps < beats, (ends + 1 - last)[:, None], bar_steps + steps - beats)
    before = lines[np.arange(len(ends))[:, None], np.maximum(previous, 0)]
    return parallel_pairs(before, lines[1:, :bar_steps])


def parallel_pairs(before: IntArray, after: IntArray) -> IntArray:
    """Counts the pairs of voices that move in parallel fifths, octaves or unisons.

    Args:
        before: pitches or -1, `(..., voice)`.
        after: what follows.

    Returns:
        `(...)`.
    """
    moves = np.where((before >= 0) & (after >= 0), after - before, 0)
    found = np.zeros(moves.shape[:-1], dtype=np.int64)
    for one, two in combinations(range(moves.shape[-1]), 2):
        interval = (after[..., one] - after[..., two]) % OCTAVE
        same_way = moves[..., one] * moves[..., two] > 0
        kept = (moves[..., one] - moves[..., two]) % OCTAVE == 0
        found += same_way & kept & ((interval == 0) | (interval == FIFTH))
    return found


def _costs(
    *,
    before: BoolArray,
    earlier: BoolArray,
    earlier_held: BoolArray,
    later: BoolArray,
    later_held: BoolArray,
) -> FloatArray:
    """What a seam in front of each step would cost.

    Args:
        before: `(cell, step, 128, track)`, what the earlier window sounds on the step before.
        earlier: what it sounds on the step.
        earlier_held: what it holds over from the step before.
        later: what the later window sounds on the step.
        later_held: what it holds over.

    Returns:
        `(cell, step)`.
    """
    cut_short = np.count_nonzero(before & earlier_held & ~later, axis=(2, 3))
    headless = later_held & ~before
    headless[:, 0] = False  # a window cannot know what sounded before its first step
    beheaded = np.count_nonzero(headless, axis=(2, 3))
    unlike = (earlier != later).any(axis=2).sum(axis=2)
    around = unlike.copy()
    around[:, 1:] += unlike[:, :-1]
    joints = joint_costs(before, later, later_held)
    return CUT_NOTE * (cut_short + beheaded) + joints + UNLIKE_STEP * around


def joint_costs(before: BoolArray, later: BoolArray, later_held: BoolArray) -> FloatArray:
    """What it costs that one step follows another: leaps, and notes that are struck again.

    Args:
        before: what sounds before, `(..., 128, track)`.
        later: what sounds then.
        later_held: what of it does not start there.

    Returns:
        `(...)`.
    """
    top_before, top_later = top_pitches(before), top_pitches(later)
    leap = np.where((top_before >= 0) & (top_later >= 0), np.abs(top_before - top_later), 0)
    leaps = np.maximum(leap - SMALL_LEAP, 0).sum(axis=-1)
    again = np.count_nonzero(before & later & ~later_held, axis=(-2, -1))
    return np.asarray(LEAP_SEMITONE * leaps + STRUCK_AGAIN * again)


def top_pitches(roll: BoolArray) -> IntArray:
    """The highest sounding pitch, -1 in silence: `(..., 128, track)` to `(..., track)`."""
    highest = PITCHES - 1 - roll[..., ::-1, :].argmax(axis=-2)
    return np.where(roll.any(axis=-2), highest, -1)


def _real_steps(cell: Cell, bar_steps: int) -> BoolArray:
    inside = np.arange(bar_steps) - cell.lead
    return (inside >= 0) & (inside < cell.steps)
