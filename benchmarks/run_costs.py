"""What a default run costs beside its iterations: input, evaluations, checkpoints, memory.

    python -m benchmarks.run_costs --unet-iterations 1000

measures, beside `python -m benchmarks`, how `unet` holds its memory in a long run of small batches;
that takes longer than all the benchmarks together.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.recorded_run import Call, Recorded, default_run, record
from benchmarks.results import Chart, Curve, Goal, Number, Section, median

UNET_ITERATIONS = 4  # of six seconds or more
SMALL_BATCH = {"batch_size": "2"}
NEIGHBOURS = 50  # iterations whose memory is taken together: a single one says little
WAITED_FOR = ("beginning", "taking over", "checkpoint", "last evaluation")

INPUT_GOAL, BESIDE_GOAL, GROWTH_GOAL = Goal(2.0), Goal(5.0), Goal(2.0)  # %
VOICES_PEAK, UNET_PEAK = Goal(2_500.0), Goal(6_000.0)  # MB


def measure(bench: Bench) -> Section:
    """Makes the default run, and a few iterations of `unet`."""
    run = default_run(bench)
    if bench.quick:
        return Section(
            "What a run costs beside its iterations",
            f"A run of {len(run.calls['iteration'])} iterations; too short for what the goals are "
            "about.",
            (*_times(run), _peak("voices", run, VOICES_PEAK)),
            (_chart({"voices": run}),),
        )
    unet = record(bench.folder / "costs-unet", architecture="unet", iterations=UNET_ITERATIONS)
    return Section(
        "What a run costs beside its iterations",
        "A run of `voices` with the defaults on the Bach chorales, in a process of its own; the "
        "clock is looked at around the calls that do the work. The input is what the batches and "
        "their conversion to tensors take in the mean, as a share of a median iteration. "
        "Evaluations and samples are made in a thread beside the iterations. What they and "
        "checkpoints cost is what the run waits for them, the last and most thorough evaluation "
        "among them, and by how much the iterations beside them are longer than the others' "
        "median; as a share of the whole run, from the start of its process to its end. Memory is "
        f"what is resident. It grows from the {NEIGHBOURS} iterations after the first evaluation "
        f"to the last {NEIGHBOURS}, told for 1,000 iterations.",
        (
            Number("input, of an iteration", input_share(run), "%", INPUT_GOAL),
            Number("checkpoints, samples, evaluations", beside_share(run), "%", BESIDE_GOAL),
            _peak("voices", run, VOICES_PEAK),
            _peak("unet", unet, UNET_PEAK),
            Number("growth of memory, `voices`", growth(run), "%", GROWTH_GOAL),
            *_times(run),
        ),
        (_chart({"voices": run}),),
        (
            f"`unet` ran {UNET_ITERATIONS} iterations with the defaults, then was evaluated and "
            "exported. A run of `unet` that is long enough to show whether its memory grows takes "
            "longer than all benchmarks together: `python -m benchmarks.run_costs "
            "--unet-iterations 1000`.",
        ),
    )


def input_share(run: Recorded) -> float:
    """What an iteration's batch takes to make, % of a median iteration."""
    count = len(run.calls["iteration"])
    each = (run.seconds("batches") + run.seconds("tensors")) / count
    return 100.0 * each / statistics.median(_walls(run.calls["iteration"]))


def beside_share(run: Recorded) -> float:
    """By how much checkpoints, samples and evaluations make the run longer, % of the whole."""
    waited = sum(run.seconds(name) for name in WAITED_FOR)
    beside, alone = run.overlapped()
    slowed = sum(beside) - len(beside) * statistics.median(alone)
    return 100.0 * (waited + slowed) / run.wall_s


def growth(run: Recorded) -> float:
    """By how much more memory is resident after 1,000 iterations, %.

    From the `NEIGHBOURS` iterations after the first evaluation to the last `NEIGHBOURS`, medians
    of both.
    """
    begun = run.calls["evaluation"][0].iteration
    held = [point for point in run.memory_mb if point[0] > begun]
    if len(held) < 2 * NEIGHBOURS:
        raise ValueError(
            f"{len(held)} iterations after the first evaluation are too few to tell growth from. "
            f"Make {2 * NEIGHBOURS} or more."
        )
    first, last = (
        [statistics.median(values) for values in zip(*part, strict=True)]
        for part in (held[:NEIGHBOURS], held[-NEIGHBOURS:])
    )
    return 100.0 * (last[1] / first[1] - 1.0) * 1000.0 / (last[0] - first[0])


def _times(run: Recorded) -> tuple[Number, ...]:
    first, *iterations = run.calls["iteration"]
    evaluations = run.calls["evaluation"]
    beside, alone = run.overlapped()
    return (
        median("iteration", [1000.0 * wall for wall in _walls(iterations)], "ms"),
        *(
            median(f"iteration {when}", [1000.0 * wall for wall in walls], "ms")
            for when, walls in (("beside an evaluation", beside), ("of others then", alone))
            if walls  # a short run may have none
        ),
        median("evaluation with its sample", _walls(evaluations), "s"),
        median("checkpoint", _walls(run.calls["checkpoint"]), "s"),
        Number("waiting for evaluations", run.seconds("taking over"), "s"),
        Number("last evaluation", run.seconds("last evaluation"), "s"),
        Number("start of the process to the first iteration", first.at_s - first.wall_s, "s"),
        Number("export", run.seconds("export"), "s"),
        Number("report", run.seconds("report"), "s"),
        Number("the whole run", run.wall_s / 60.0, "minutes", key="whole_run"),
    )


def _walls(calls: list[Call]) -> list[float]:
    return [call.wall_s for call in calls]


def _peak(name: str, run: Recorded, goal: Goal) -> Number:
    return Number(f"peak of memory, `{name}`", run.peak_mb, "MB", goal)


def _chart(runs: dict[str, Recorded]) -> Chart:
    curves = (Curve(name, tuple(run.memory_mb)) for name, run in runs.items())
    return Chart("Memory of a run", "iteration", "resident (MB)", tuple(curves))


def main() -> None:
    """Prints how the memory of a long run of `unet` grows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--unet-iterations", type=int, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = record(
            Path(folder),
            architecture="unet",
            iterations=given.unet_iterations,
            hyperparameters=SMALL_BATCH,
        )
    for iteration, held in run.memory_mb[NEIGHBOURS - 1 :: NEIGHBOURS]:
        print(f"iteration {iteration}: {held:.0f} MB")
    print(f"peak {run.peak_mb:.0f} MB, growth in 1,000 iterations {growth(run):.2f} %")


if __name__ == "__main__":
    main()
