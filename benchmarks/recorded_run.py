"""A real training run in a process of its own, with a record of its time, memory and music.

    python -m benchmarks.recorded_run FOLDER [--set name=value]...

Nothing in the training knows of it: the calls that are timed are replaced from outside, each by one
that does the same and looks at the clock before and after.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.machine import peak_bytes

RECORD = "record.json"
LOG = "log"
DEFAULT_RUN = "default-run"  # in the benchmark's folder
QUICK = {"iterations": 20, "sample_every": 10}


@dataclass(frozen=True)
class Evaluation:
    """What the run heard of its music in between.

    Attributes:
        wall_s: when it was told, seconds since the process was started.
        iteration: after which.
        headline: 0..100.
        gated: whether a gate fails, so that the headline does not count.
    """

    wall_s: float
    iteration: int
    headline: float
    gated: bool


@dataclass(frozen=True)
class Call:
    """One call of something that was timed.

    Attributes:
        iteration: how many were made when it ended.
        at_s: when it ended, seconds since the process was started.
        wall_s: that it took.
        cpu_s: of the processor that its own thread took; TensorFlow computes in others.
    """

    iteration: int
    at_s: float
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Recorded:
    """A run that is over.

    Attributes:
        wall_s: from the start of its process to the end of the run.
        cpu_s: of the processor, all threads together.
        peak_mb: the most memory that it held, MB.
        calls: by the names of `TIMED`, in order.
        memory_mb: what was resident after each iteration, `(iteration, MB)`.
        evaluations: in between, where the music could be measured.
        last: of the exported generator, at the end; None if the run was stopped.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    calls: dict[str, list[Call]]
    memory_mb: list[tuple[int, float]]
    evaluations: list[Evaluation]
    last: Evaluation | None = None

    def seconds(self, name: str) -> float:
        """On the clock, of all calls of that name."""
        return sum(call.wall_s for call in self.calls[name])

    def overlapped(self) -> tuple[list[float], list[float]]:
        """Seconds of the iterations from the first evaluation on: beside one, and alone."""
        spans = [(call.at_s - call.wall_s, call.at_s) for call in self.calls["evaluation"]]
        beside: list[float] = []
        alone: list[float] = []
        for call in self.calls["iteration"]:
            begun, ended = call.at_s - call.wall_s, call.at_s
            if ended > spans[0][0]:
                meets = any(begun < end and start < ended for start, end in spans)
                (beside if meets else alone).append(call.wall_s)
        return beside, alone

    @classmethod
    def read(cls, path: Path) -> "Recorded":
        """Reads the record of a run."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            **values
            | {
                "calls": {n: [Call(*c) for c in calls] for n, calls in values["calls"].items()},
                "memory_mb": [tuple(point) for point in values["memory_mb"]],
                "evaluations": [Evaluation(**each) for each in values["evaluations"]],
                "last": Evaluation(**values["last"]) if values["last"] else None,
            }
        )


# What is timed: a name, then the module, and what in it is called.
TIMED = (
    ("iteration", "training.run", "_Run._iterate"),
    ("batches", "training.run", "Batches.at"),
    ("tensors", "training.gan", "_tensors"),
    ("evaluation", "training.evaluations", "Evaluations._evaluate"),  # in a thread of its own
    ("beginning", "training.evaluations", "Evaluations.begin"),
    ("taking over", "training.run", "_Run._take_evaluation"),
    ("settle", "training.voices_gan", "VoicesGan.settle"),
    ("sample", "training.run", "Sampler.sample"),
    ("judge", "training.judge", "Judge.measure"),
    ("answers", "training.measuring", "Measuring.listen"),
    ("listening", "training.listening", "ListeningTest.measure"),
    ("checkpoint", "training.run", "_Run._save"),
    ("last evaluation", "training.run", "Measuring.wholly"),
    ("export", "training.run", "export"),
    ("report", "training.run", "write_report"),
)


def default_run(bench: Bench) -> Recorded:
    """The run with the defaults, in a quick measurement a short one; the first call makes it."""
    folder = bench.folder / DEFAULT_RUN
    if (folder / RECORD).exists():
        return Recorded.read(folder / RECORD)
    return record(folder, **(QUICK if bench.quick else {}))


def record(
    folder: Path,
    *,
    architecture: str = "voices",
    seed: int = 0,
    iterations: int | None = None,
    sample_every: int | None = None,
    stop_at_headline: float | None = None,
    stop_after_seconds: float | None = None,
    hyperparameters: Mapping[str, str] | None = None,
) -> Recorded:
    """Trains on the Bach chorales in a child process.

    Args:
        folder: gets the model, the output, the checkpoints, a log and the record.
        architecture: of the networks.
        seed: of the run.
        iterations: of the run; the architecture's own if None.
        sample_every: iterations between evaluations; the default if None.
        stop_at_headline: ends the run once an evaluation that holds all gates reaches it; a run
            that is ended leaves no model.
        stop_after_seconds: ends the run that long after the start of its process, likewise.
        hyperparameters: others that are not as they are by default.

    Raises:
        subprocess.CalledProcessError: if the run fails; why is at the end of the log.
    """
    from music.chorales import load_chorales

    load_chorales()  # built once for all runs, which is no part of any
    chosen = {
        "architecture": architecture,
        "seed": seed,
        "iterations": iterations,
        "sample_every": sample_every,
        **(hyperparameters or {}),
    }
    limits = {"--stop-at-headline": stop_at_headline, "--stop-after-seconds": stop_after_seconds}
    command = [sys.executable, "-m", "benchmarks.recorded_run", str(folder)]
    command += [f"--set={name}={value}" for name, value in chosen.items() if value is not None]
    command += [f"{name}={value}" for name, value in limits.items() if value is not None]
    command += [f"--started={time.monotonic()}"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("wb") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return Recorded.read(folder / RECORD)


@dataclass
class Watch:
    """What is seen of a run while it goes on.

    Attributes:
        started: when its process was, on the monotonic clock, which all processes share.
    """

    started: float
    iteration: int = 0
    calls: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    memory_mb: list[tuple[int, float]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    last: Evaluation | None = None

    def follow(self) -> None:
        """Puts timed calls, and calls that are looked at, into the place of the run's own."""
        from training.evaluations import Evaluations
        from training.gan import Gan
        from training.measuring import Measuring

        _replace(Gan, "iterate", self._counted)
        _replace(Evaluations, "_evaluate", self._heard)
        _replace(Measuring, "wholly", self._heard_last)
        for label, module, place in TIMED:
            owner: Any = __import__(module, fromlist=["_"])
            *outer, name = place.split(".")
            for part in outer:
                owner = getattr(owner, part)
            _replace(owner, name, lambda call, label=label: self._timed(call, label))

    @property
    def now(self) -> float:
        """Seconds since the start of the process."""
        return time.monotonic() - self.started

    def _timed(self, call: Callable[..., Any], label: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            wall, cpu = time.monotonic(), time.thread_time()
            try:
                return call(*given, **named)
            finally:
                wall, cpu = time.monotonic() - wall, time.thread_time() - cpu
                self.calls[label].append(Call(self.iteration, self.now, wall, cpu))

        return timed

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(gan: Any, batches: Any, **named: Any) -> Any:
            terms = call(gan, batches, **named)
            self.iteration += 1
            self.memory_mb.append((self.iteration, resident_mb()))
            return terms

        return counted

    def _heard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*given: Any) -> Any:
            found = call(*given)
            if found.quality is not None:
                self.evaluations.append(self._evaluation(found.quality, found.iteration))
            return found

        return heard

    def _heard_last(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*given: Any) -> Any:
            found = call(*given)
            quality, _ = found
            self.last = None if quality is None else self._evaluation(quality, self.iteration)
            return found

        return heard

    def _evaluation(self, quality: Any, iteration: int) -> Evaluation:
        return Evaluation(self.now, iteration, quality.headline, quality.gated)

    def reached(self, headline: float) -> bool:
        """Whether an evaluation that holds all gates has it."""
        return any(each.headline >= headline and not each.gated for each in self.evaluations)

    def write(self, path: Path) -> None:
        """Leaves the record."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        values = {
            "wall_s": self.now,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mb": peak_mb(),
            "calls": {
                name: [list(asdict(call).values()) for call in self.calls[name]]
                for name, *_ in TIMED
            },
            "memory_mb": self.memory_mb,
            "evaluations": [asdict(each) for each in self.evaluations],
            "last": asdict(self.last) if self.last else None,
        }
        path.write_text(json.dumps(values), encoding="utf-8")


class _EnoughError(Exception):
    """Ends a run where it is: nobody needs what it would leave."""


def _replace(owner: Any, name: str, by: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, by(getattr(owner, name)))


def resident_mb() -> float:
    """What this process holds in memory, MB; where the kernel does not say, the most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    except OSError:
        return peak_mb()
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb() -> float:
    """The most memory that this process has held, MB."""
    return peak_bytes() / 1e6


def main() -> None:
    """Runs and leaves the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--stop-at-headline", type=float, default=float("inf"))
    parser.add_argument("--stop-after-seconds", type=float, default=float("inf"))
    parser.add_argument("--started", type=float, default=time.monotonic(), help=argparse.SUPPRESS)
    given = parser.parse_args()

    from music.chorales import load_chorales
    from training.hyperparameters import Hyperparameters
    from training.run import Folders, run

    watch = Watch(given.started)
    watch.follow()
    folder = given.folder

    def stop_requested() -> bool:
        if watch.reached(given.stop_at_headline) or watch.now > given.stop_after_seconds:
            raise _EnoughError
        return False

    with suppress(_EnoughError):
        run(
            Hyperparameters.from_strings(dict(choice.split("=", 1) for choice in given.set)),
            load_chorales(),
            Folders(folder / "model", folder / "data", folder / "checkpoints"),
            stop_requested=stop_requested,
            metrics_to=sys.stdout,
        )
    watch.write(folder / RECORD)


if __name__ == "__main__":
    main()
