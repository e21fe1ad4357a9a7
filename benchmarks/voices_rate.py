"""How near the default iteration of `voices` comes to the convolutions that it is made of."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.flops import iteration_flops, products_of_iteration
from benchmarks.results import Goal, Number, Section, median
from inference.threads import usable_threads

ROUNDS, QUICK_ROUNDS = 7, 2
ITERATIONS = 8  # a round
TRACED = 3
DONE = 0.5  # of the run: the warm-up is over
SHARE = 60.0
# Which operations are what, by how TensorFlow's name of them begins; the first that fits counts.
KINDS = {
    "convolutions": ("Conv2D",),
    "matrix products": ("MatMul", "BatchMatMul", "FusedMatMul"),
    "copies": (
        "StridedSlice", "Slice", "Pad", "Tile", "Concat", "Split", "Pack", "Unpack", "Transpose",
        "OneHot", "Gather", "UnsortedSegment", "Roll", "Reshape", "Identity",
    ),
    "optimizer and averages": ("ResourceApply", "Assign", "ReadVariable"),
    "rectifiers": ("LeakyRelu",),
    "sums and means": ("Sum", "Mean", "BiasAddGrad", "AddN", "ArgMax", "Softmax"),
}  # fmt: skip
PREFIXES = ("_MklNative", "_Mkl", "_Fused", "Fused")


def measure(bench: Bench) -> Section:
    """Measures iterations and their convolutions in turn."""
    found = _child(QUICK_ROUNDS if bench.quick else ROUNDS)
    flop = found["flop"]
    rates = [flop / wall_s / 1e9 for wall_s in found["wall_s"]]
    limit = bench.rates.get("convolution of voices")
    numbers = [
        median("an iteration", [1000 * s for s in found["wall_s"]], "ms", key="voices iteration"),
        median("an iteration, all cores", [1000 * s for s in found["cpu_s"]], "CPU-ms"),
        Number("its products", flop / 1e9, "GFLOP"),
        median("its rate", rates, "GFLOP/s"),
    ]
    if limit is not None:
        shares = [100 * rate / limit for rate in rates]
        name = "its rate, of that of its convolutions alone"
        numbers.append(median(name, shares, "%", Goal(SHARE, at_least=True), key="voices share"))
    numbers += [
        Number(f"time of its operations: {kind}", 100 * share, "%")
        for kind, share in found["shares"].items()
    ]
    return Section(
        title="The iteration of `voices`",
        method=f"A default run's iteration on the chorales, {ITERATIONS} a round; its products are "
        "all its convolutions and matrix products. The shares are of the time that TensorFlow's "
        f"own trace of {TRACED} iterations finds inside operations.",
        numbers=tuple(numbers),
        remarks=()
        if limit is not None
        else ("The share of the limit needs the part `limits` in the same run.",),
    )


def _child(rounds: int) -> dict[str, Any]:
    threads = str(usable_threads())
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.voices_rate", str(rounds)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **dict.fromkeys(names, threads)},
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


class _Iterations:
    """A default run without what goes on beside its iterations."""

    def __init__(self) -> None:
        from music.chorales import load_chorales
        from training.hyperparameters import Hyperparameters
        from training.run import batches_for, build_gan

        values, phrases = Hyperparameters(), load_chorales()
        self.gan = build_gan(values, phrases)
        self._batches = batches_for(self.gan, values, phrases.part("train"))
        self._number = 0

    def flop(self) -> float:
        """What one iteration computes."""
        return iteration_flops(products_of_iteration(self.gan, self._batches.at(0))).ours

    def go(self, count: int) -> None:
        """Iterates, and waits for the end."""
        from training.run import SEEDS_AN_ITERATION

        for _ in range(count):
            seed = (0, SEEDS_AN_ITERATION * self._number)
            terms = self.gan.iterate(self._batches.at(self._number), seed=seed, done=DONE)
            self._number += 1
        terms["critic_loss"].numpy()


def _measured(rounds: int) -> dict[str, Any]:
    iterations = _Iterations()
    flop = iterations.flop()
    iterations.go(ITERATIONS)
    wall_s, cpu_s = [], []
    for _ in range(rounds):
        before = time.perf_counter(), time.process_time()
        iterations.go(ITERATIONS)
        after = time.perf_counter(), time.process_time()
        wall_s.append((after[0] - before[0]) / ITERATIONS)
        cpu_s.append((after[1] - before[1]) / ITERATIONS)
    return {"flop": flop, "wall_s": wall_s, "cpu_s": cpu_s, "shares": _shares(iterations)}


def _shares(iterations: _Iterations) -> dict[str, float]:
    """Of the time inside operations, the share of each kind, the largest first."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            iterations.go(TRACED)
        (trace,) = Path(folder).rglob("*.xplane.pb")
        times = times_of_operations(trace.read_bytes())
    by_kind: Counter[str] = Counter()
    for operation, seconds in times.items():
        by_kind[_kind(operation)] += seconds
    whole = sum(by_kind.values())
    return {kind: seconds / whole for kind, seconds in by_kind.most_common()}


def times_of_operations(trace: bytes) -> Counter[str]:
    """Seconds inside each type of operation, of all threads, from a trace of TensorFlow's."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space, times = xplane_pb2.XSpace.FromString(trace), Counter[str]()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # An operation's event is called `name:type`.
                name, _, operation = plane.event_metadata[event.metadata_id].name.rpartition(":")
                if name and not name.endswith(":") and operation.isidentifier():
                    times[operation] += event.duration_ps / 1e12
    return times


def _kind(operation: str) -> str:
    for prefix in PREFIXES:
        operation = operation.removeprefix(prefix)
    for kind, names in KINDS.items():
        if operation.startswith(names):
            return kind
    return "single values"


if __name__ == "__main__":
    print(json.dumps(_measured(int(sys.argv[1]))))
