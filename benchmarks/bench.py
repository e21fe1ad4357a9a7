"""What the parts of a benchmark run share."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks.

    Attributes:
        quick: fewer rounds and smaller sizes: the numbers tell whether something broke, no more.
        folder: for models, data and whatever else is made on the way; it outlives no run.
        rates: what this machine computes at best, GFLOP a second of all usable cores together, by
            the name of the computation; empty until `limits` has measured them.
    """

    quick: bool
    folder: Path
    rates: dict[str, float]
