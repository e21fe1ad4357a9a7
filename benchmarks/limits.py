"""What this machine computes at best: matrix products, and the networks' own convolutions."""

import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from benchmarks.bench import Bench
from benchmarks.flops import Product, products_of_iteration
from benchmarks.results import Number, Section, median
from inference.threads import usable_threads

SIZE = 3072  # of the matrices: larger ones are no faster
ROUNDS, QUICK_ROUNDS = 5, 1
ENOUGH_S = 0.01  # that a product is repeated for in a round
WHOLE = "whole"  # said where all are measured, not what a quick look needs
CONVOLUTIONS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
ENOUGH_FLOP = 2e8  # that starting a graph does not count
MOST_COPIES = 16
LARGEST = 6  # convolutions of `unet` that are also tried in bfloat16
Work = Callable[[], object]


def measure(bench: Bench) -> Section:
    """Measures, and keeps the rates for what comes after."""
    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    whole = [] if bench.quick else [WHOLE]
    found = _child("tensorflow", rounds, *whole) | _child("torch", rounds)
    numbers = [_number(name, values) for name, values in found.items() if values]
    best = {number.name: number.value for number in numbers}
    bench.rates["matmul float32"] = best["matrix product, float32"]
    bench.rates["matmul bfloat16"] = max(v for k, v in best.items() if "product, bfloat16" in k)
    for name in ("unet", "voices"):
        if (rate := best.get(f"convolutions of `{name}`")) is not None:
            bench.rates[f"convolution of {name}"] = rate
    return Section(
        title="The machine's limits",
        method=f"Matrices of {SIZE} by {SIZE}; and the convolutions of one iteration, forwards, by "
        "input and by filter, each shape by itself as often as the iteration has it, through "
        f"oneDNN. {usable_threads()} threads.",
        numbers=tuple(numbers),
        remarks=(
            *(("Quick: without convolutions and shares of them.",) if bench.quick else ()),
            *(() if found.get(TORCH) else ("PyTorch is not installed here: `make bench` does.",)),
        ),
    )


TORCH = "matrix product, bfloat16, PyTorch"


def _number(name: str, values: Sequence[float]) -> Number:
    return median(name, values, "GFLOP/s", key=f"limit {name}")


def _child(library: str, rounds: int, *words: str) -> dict[str, list[float]]:
    """Rates by name, GFLOP a second, one a round; a library of its own has its own threads."""
    threads = str(usable_threads())
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.limits", library, str(rounds), *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **dict.fromkeys(names, threads)},
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _torch_rates(rounds: int) -> dict[str, list[float]]:
    try:
        import torch
    except ImportError:
        return {TORCH: []}
    torch.set_num_threads(usable_threads())
    matrices = [torch.rand(SIZE, SIZE).bfloat16() for _ in range(2)]
    return {TORCH: [_rate(lambda: torch.mm(*matrices), 2.0 * SIZE**3) for _ in range(rounds)]}


def _tensorflow_rates(rounds: int, *, whole: bool) -> dict[str, list[float]]:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # a graph for every product is what is wanted
    convolutions = []
    if whole:
        unet = convolutions_of("unet")
        large = Counter(dict(sorted(unet.items(), key=lambda item: -item[0].flop)[:LARGEST]))
        convolutions = [
            ("convolutions of `unet`", unet, tf.float32),
            ("convolutions of `voices`", convolutions_of("voices"), tf.float32),
            ("the largest convolutions of `unet`, float32", large, tf.float32),
            ("the same in bfloat16", large, tf.bfloat16),
        ]
    rates: dict[str, Callable[[], float]] = {}
    for kind in (tf.float32, tf.bfloat16):
        work = _matrices(kind)
        work()
        rates[f"matrix product, {kind.name}"] = lambda work=work: _rate(work, 2.0 * SIZE**3)
    for name, products, kind in convolutions:
        works = [(*work_of(p, kind), count * p.flop) for p, count in products.items()]
        rates[name] = lambda works=works: rate_together(works)
    return interleaved(rates, rounds)


def interleaved(rates: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measures all in turn."""
    measured = [{name: rate() for name, rate in rates.items()} for _ in range(rounds)]
    return {name: [each[name] for each in measured] for name in rates}


def convolutions_of(architecture: str) -> Counter[Product]:
    """The convolutions of a default iteration, and how often it has each."""
    import numpy as np

    from training.hyperparameters import Hyperparameters
    from training.unet_gan import UnetGan
    from training.voices_gan import VoicesGan

    values = Hyperparameters(architecture=architecture)
    lead = (values.critic_updates, values.batch_size)
    # The range of the chorales, five octaves.
    pitch = np.broadcast_to(np.array([86, 60, 50, 31], np.int8), (*lead, 32, 4))
    gan = UnetGan(4, values) if architecture == "unet" else VoicesGan(pitch[0], values)
    found = products_of_iteration(gan, {"pitch": pitch, "onset": np.ones(pitch.shape, bool)})
    counted: Counter[Product] = Counter()
    for (product, _), count in found.items():
        if product.operation in CONVOLUTIONS:
            counted[product] += count
    return counted


def work_of(product: Product, kind: Any) -> tuple[Work, float]:
    """A function that computes a product of random numbers, and what that is in FLOP.

    It is a graph, as in training. What takes less than starting a graph is computed several times
    in it, each of an input of its own, since what is computed twice is computed once.
    """
    import tensorflow as tf

    raw = tf.raw_ops
    options = {"strides": (1, *product.strides, 1), "padding": product.padding}
    shapes = product.shapes

    def once(x: Any, kernel: Any, y: Any) -> Any:
        if product.operation == "Conv2D":
            return raw.Conv2D(input=x, filter=kernel, **options)
        if product.operation == "Conv2DBackpropInput":
            sizes = {"input_sizes": shapes[0], "filter": kernel, "out_backprop": y}
            return raw.Conv2DBackpropInput(**sizes, **options)
        sizes = {"input": x, "filter_sizes": shapes[1], "out_backprop": y}
        return raw.Conv2DBackpropFilter(**sizes, **options)

    copies = min(MOST_COPIES, math.ceil(ENOUGH_FLOP / product.flop))
    inputs = [[tf.cast(tf.random.uniform(shape), kind) for shape in shapes] for _ in range(copies)]
    work = _compiled(lambda: [once(*each) for each in inputs])
    work()
    return work, copies * product.flop


def rate_together(works: Sequence[tuple[Work, float, float]]) -> float:
    """GFLOP a second of `(work, FLOP of it, FLOP of all that are like it)`."""
    seconds = sum(whole / 1e9 / _rate(work, flop) for work, flop, whole in works)
    return sum(whole for *_, whole in works) / 1e9 / seconds


def _rate(work: Work, flop: float) -> float:
    """GFLOP a second of the fastest of several times."""
    fastest, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < ENOUGH_S:
        before = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - before)
    return flop / fastest / 1e9


def _matrices(kind: Any) -> Work:
    import tensorflow as tf

    left, right = (tf.cast(tf.random.uniform((SIZE, SIZE)), kind) for _ in range(2))
    return _compiled(lambda: tf.linalg.matmul(left, right))


def _compiled(work: Work) -> Work:
    import tensorflow as tf

    return cast("Work", tf.function(work, autograph=False))


if __name__ == "__main__":
    library, times, *words = sys.argv[1:]
    if library == "torch":
        print(json.dumps(_torch_rates(int(times))))
    else:
        print(json.dumps(_tensorflow_rates(int(times), whole=WHOLE in words)))
