"""Two or more sides measured in one run: each in a process of its own, taking turns.

A side is a module that ends with `answer_rounds(work)`: it gets ready, says so, and then works once
whenever it is told. Its process has its own libraries and threads, so that no side slows another,
and the processor time of all its threads is its own.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType
from typing import TypeVar

from benchmarks.machine import peak_bytes

READY = "ready"
GO = "go"

Name = TypeVar("Name")


@dataclass(frozen=True)
class Effort:
    """What one round took.

    Attributes:
        wall_s: seconds on the clock.
        cpu_s: seconds of the processor, all threads together.
        peak_rss_mib: the most memory that the process has held so far.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mib: float


class Side:
    """A child process that works once whenever it is told.

    Args:
        command: what follows `python`, such as `-m benchmarks.peers.tensorflow_port`.
        environment: variables to set besides this process's own.

    Raises:
        RuntimeError: if it ends before it is ready; its own words are on stderr.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None):
        self._command = command
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
        )
        self._read(READY)

    def __enter__(self) -> "Side":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def once(self) -> Effort:
        """Lets it work once."""
        if self._process.stdin is None:
            raise RuntimeError("A side has a pipe to be told by.")
        print(GO, file=self._process.stdin, flush=True)
        return Effort(**json.loads(self._read("{")))

    def _read(self, start: str) -> str:
        """The next line that is meant for us: libraries print lines, too."""
        if self._process.stdout is None:
            raise RuntimeError("A side has a pipe to answer by.")
        for line in self._process.stdout:
            if line.startswith(start):
                return line
        self._end()
        raise RuntimeError(f"`python {' '.join(self._command)}` ended before it answered.")

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def started(
    commands: Mapping[Name, tuple[Sequence[str], Mapping[str, str] | None]],
) -> Iterator[dict[Name, Side]]:
    """Starts sides, all at once, for getting ready takes one core each; ends them after the block.

    Args:
        commands: what `Side` takes, by name.
    """
    with ExitStack() as stack:

        def start(given: tuple[Sequence[str], Mapping[str, str] | None]) -> Side:
            return stack.enter_context(Side(*given))

        with ThreadPoolExecutor(max(1, len(commands))) as pool:
            sides = list(pool.map(start, commands.values()))
        yield dict(zip(commands, sides, strict=True))


def take_turns(
    sides: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    warm_up: int = 1,
    environment: Mapping[str, str] | None = None,
) -> dict[str, list[Effort]]:
    """Lets all sides work in turn, so that what else the machine does meets them alike.

    Args:
        sides: the commands by name, see `Side`.
        rounds: how often each works and is counted.
        warm_up: how often each works before.
        environment: variables to set for all.
    """
    efforts: dict[str, list[Effort]] = {name: [] for name in sides}
    with started({name: (command, environment) for name, command in sides.items()}) as ready:
        for turn in range(warm_up + rounds):
            for name, side in ready.items():
                effort = side.once()
                if turn >= warm_up:
                    efforts[name].append(effort)
    return efforts


def answer_in_turn(works: Sequence[Callable[[], object]]) -> None:
    """The part of a side with several works: each is done once before, then each in its turn."""
    for work in works:
        work()
    turns = cycle(works)
    answer_rounds(lambda: next(turns)())


def answer_rounds(work: Callable[[], object]) -> None:
    """The side's part: works once for every line on stdin, and says what it took."""
    print(READY, flush=True)
    for _ in sys.stdin:
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        work()
        wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        peak = peak_bytes() / 2**20
        print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "peak_rss_mib": peak}), flush=True)
