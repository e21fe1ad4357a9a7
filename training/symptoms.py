"""What is wrong with a run, read from its metric history: collapse and plateau.

A loss that is no number ends a run at once. What is found here does not: a generator can recover
from a collapse, and the learning rates of a plateau have still to fall. So it is said, in the log
when it begins and in the report, and whoever pays may stop the run.
"""

from collections.abc import Mapping, Sequence

from training.history import Row

SAME = 0.02  # share of cells that differ, below which two answers are one
SILENT = 0.98  # share of empty bars
EVERY_PITCH = 64  # pitches that a phrase uses in one track; music has a dozen
NOISE_OF_HEADLINE = 3.0  # points; smaller differences say nothing
PATIENCE = 8  # evaluations without a rise


def find_symptoms(rows: Sequence[Row]) -> list[str]:
    """Says in a sentence each what the last evaluation shows; see `training.run` for the rows."""
    evaluations = [row for row in rows if is_evaluation(row)]
    if not evaluations:
        return []
    return [*_collapse(evaluations[-1]), *_plateau(evaluations)]


def is_evaluation(row: Row) -> bool:
    """Whether a row of the history is of an evaluation, not of an iteration's losses."""
    return "listening_noise" in row


def _collapse(row: Row) -> list[str]:
    found = []
    silent = [track for track, share in _tracks(row, "empty_bars").items() if share >= SILENT]
    full = [track for track, used in _tracks(row, "pitches_used").items() if used > EVERY_PITCH]
    if silent:
        found.append(f"Collapse: {_listed(silent)} silent to every melody.")
    if full:
        found.append(f"Collapse: {_listed(full)} sounding nearly every pitch at once.")
    # Silence is one answer too; it has been named.
    if not silent and row["listening_melody"] < SAME:
        found.append("Collapse: every melody gets the same answer.")
    if not silent and row["listening_noise"] < SAME:
        found.append("Collapse: every noise gives the same answer, so all takes are alike.")
    return found


def _plateau(evaluations: Sequence[Row]) -> list[str]:
    """Finds whether the headline came near its best long ago."""
    scores = [(row["iteration"], row["headline"]) for row in evaluations if "headline" in row]
    if not scores:
        return []
    best = max(score for _, score in scores)
    near = [i for i, (_, score) in enumerate(scores) if score > best - NOISE_OF_HEADLINE]
    iteration = scores[near[0]][0]
    if len(scores) - 1 - near[0] < PATIENCE:
        return []
    return [
        f"Plateau: since iteration {iteration:.0f} the headline has not risen by "
        f"{NOISE_OF_HEADLINE:.0f} points, which would be more than chance."
    ]


def _tracks(row: Row, metric: str) -> Mapping[str, float]:
    start = f"{metric}."
    return {
        name.removeprefix(start): value for name, value in row.items() if name.startswith(start)
    }


def _listed(tracks: Sequence[str]) -> str:
    names = ", ".join(f"`{name}`" for name in tracks)
    return f"{names} {'is' if len(tracks) == 1 else 'are'}"
