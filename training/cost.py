"""What a run costs: the time that passed, and on how many cores."""

import os
import time
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """What was spent.

    Attributes:
        seconds: that passed on the clock.
        cpu_seconds: that this process computed, all threads together.
        cores: that this process may use.
        since_iteration: where the counting began; what came before a continued run is not known.
    """

    seconds: float
    cpu_seconds: float
    cores: int
    since_iteration: int = 0

    @property
    def core_minutes(self) -> float:
        """Minutes on the clock times cores, which is what a rented machine costs."""
        return self.seconds * self.cores / 60.0

    def as_dict(self) -> dict[str, Any]:
        """Returns the numbers, ready for JSON."""
        return {**asdict(self), "core_minutes": self.core_minutes}


class Meter:
    """Counts from its making on.

    Args:
        since_iteration: the iteration that the run continues from.
    """

    def __init__(self, since_iteration: int = 0) -> None:
        self._since_iteration = since_iteration
        self._clock, self._cpu = time.monotonic(), time.process_time()

    def read(self) -> Cost:
        """Returns the cost so far."""
        return Cost(
            seconds=time.monotonic() - self._clock,
            cpu_seconds=time.process_time() - self._cpu,
            cores=_cores(),
            since_iteration=self._since_iteration,
        )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # knows of containers and taskset, but only on Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
