"""The costs of a run are told as they were, of records written by hand."""

import time
from dataclasses import replace

import pytest

from benchmarks.recorded_run import TIMED, Call, Evaluation, Recorded, Watch, record
from benchmarks.run_costs import beside_share, growth, input_share


def run_of(iterations=400, *, memory=lambda _: 1000.0):
    """Iterations of .2 s, of which the first is compiled; evaluations after 100 and at the end.

    The first evaluation takes 3 s, and the twelve iterations beside it .25.
    """
    calls = {name: [] for name, *_ in TIMED}
    ended = 0.0
    for number in range(1, iterations + 1):
        wall = 20.0 if number == 1 else 0.25 if 100 < number <= 112 else 0.2
        ended += wall
        calls["iteration"].append(Call(number, ended, wall, 0.1))
    first = calls["iteration"][99].at_s + 0.01
    calls["evaluation"] = [Call(112, first + 2.98, 2.98, 0.0)]
    calls["evaluation"].append(Call(iterations, ended + 2.0, 2.0, 0.0))
    calls["beginning"] = [Call(100, first, 0.01, 0.0), Call(iterations, ended, 0.01, 0.0)]
    calls["taking over"] = [Call(112, first + 3.1, 0.08, 0.0), Call(iterations, ended, 2.0, 0.0)]
    calls["batches"] = [Call(n, 0.0, 0.001, 0.0) for n in range(iterations)]
    calls["tensors"] = [Call(n, 0.0, 0.002, 0.0) for n in range(iterations)]
    calls["judge"] = [Call(100, 0.0, 1.0, 0.0)]  # a part of the evaluation
    calls["checkpoint"] = [Call(iterations, 0.0, 0.5, 0.0)]
    calls["last evaluation"] = [Call(iterations, 0.0, 2.5, 0.0)]
    calls["export"] = [Call(iterations, 0.0, 7.0, 0.0)]
    held = [(n + 1, memory(n + 1)) for n in range(iterations)]
    return Recorded(160.0, 300.0, 1200.0, calls, held, [Evaluation(50.0, 100, 61.5, True)])


def test_input_is_a_share_of_an_iteration_that_compiles_nothing():
    assert input_share(run_of()) == pytest.approx(1.5)


def test_what_is_beside_counts_once_and_without_the_export():
    """What is waited for, and twelve times .05 s by which iterations are longer."""
    waited = 2 * 0.01 + 2.08 + 0.5 + 2.5
    assert beside_share(run_of()) == pytest.approx(100 * (waited + 12 * 0.05) / 160.0)


def test_growth_is_told_for_a_thousand_iterations_from_the_first_evaluation_on():
    assert growth(run_of(memory=lambda n: 500.0 if n <= 112 else 1000.0)) == 0.0
    # From 137.5 to 375.5 on average it grows by 238 of 1,000 MB.
    leaking = run_of(memory=lambda n: 1000.0 + n - 137.5)
    assert growth(leaking) == pytest.approx(100.0)


def test_growth_of_few_iterations_is_not_told():
    with pytest.raises(ValueError, match="too few to tell growth from"):
        growth(run_of(iterations=150))


@pytest.mark.parametrize("last", [None, Evaluation(159.0, 400, 75.5, False)])
def test_a_record_is_read_as_it_was_written(tmp_path, last):
    run = replace(run_of(), last=last)
    seen = {"calls": run.calls, "memory_mb": run.memory_mb, "evaluations": run.evaluations}
    Watch(time.monotonic(), **seen, last=last).write(tmp_path / "record.json")
    read = Recorded.read(tmp_path / "record.json")
    assert replace(read, wall_s=160.0, cpu_s=300.0, peak_mb=1200.0) == run
    assert 0 <= read.wall_s < 60
    assert read.peak_mb > 20  # of this process


def test_a_headline_counts_if_all_gates_hold():
    watch = Watch(0.0, evaluations=[Evaluation(50.0, 100, 61.5, True)])
    assert not watch.reached(60.0)
    watch.evaluations.append(Evaluation(90.0, 200, 60.5, False))
    assert watch.reached(60.0)
    assert not watch.reached(61.0)


def test_a_run_that_is_ended_leaves_its_record_and_no_model(tmp_path):
    run = record(tmp_path, stop_after_seconds=0)
    assert run.calls["iteration"] == run.calls["export"] == []
    assert run.last is None
    assert not (tmp_path / "model").exists()
