"""Time to quality: how soon a run with the defaults sounds as it should."""

import statistics

from benchmarks.bench import Bench
from benchmarks.recorded_run import Recorded, default_run, record
from benchmarks.results import Chart, Curve, Goal, Number, Section, median

OTHER_SEEDS = (1, 2)  # than the default run's
GOALS_S = {60: 180.0, 75: 600.0}  # HEADLINE: seconds
LAST = max(GOALS_S)
UNET_SAMPLE_EVERY = 6


def measure(bench: Bench) -> Section:
    """Trains three seeds until they score enough, and `unet` for as long."""
    if bench.quick:
        return Section(
            "Time to quality",
            "The short run whose costs were measured; it only shows that music is measured.",
            (),
            (_chart([default_run(bench)], None),),
        )
    runs = [default_run(bench), *(_shorter(bench, seed) for seed in OTHER_SEEDS)]
    reached = {goal: [_reached(run, goal) for run in runs] for goal in GOALS_S}
    long_enough = max(map(min, reached[LAST], (run.wall_s for run in runs)))
    unet = record(
        bench.folder / "clock-unet",
        architecture="unet",
        sample_every=UNET_SAMPLE_EVERY,
        stop_after_seconds=long_enough,
    )
    heard = [each.headline for each in unet.evaluations if each.wall_s <= long_enough]
    return Section(
        "Time to quality",
        "Runs with the defaults on the Bach chorales, from the start of the process, its imports "
        "and evaluations among it, to the first of the run's own evaluations (one every 250 "
        "iterations, on the validation melodies, all gates held) that reaches the score. Seed 0 "
        "goes on to its end, the others stop there; `unet` has the time of the slowest.",
        (
            *(
                median(
                    f"`voices`: time to HEADLINE {goal}, {len(runs)} seeds",
                    seconds,
                    "s",
                    Goal(GOALS_S[goal]),
                    key=f"voices_to_{goal}",
                )
                for goal, seconds in reached.items()
            ),
            Number(
                f"`voices`: HEADLINE then, {len(runs)} seeds",
                statistics.median(_score(run, LAST) for run in runs),
                "",
            ),
            Number("`voices`: HEADLINE at the end of the run of seed 0", _last(runs[0]), ""),
            Number(
                f"`unet`: best HEADLINE within {long_enough:.0f} s",
                max(heard, default=0.0),
                "",
            ),
        ),
        (_chart(runs, unet),),
    )


def _shorter(bench: Bench, seed: int) -> Recorded:
    return record(bench.folder / f"clock-{seed}", seed=seed, stop_at_headline=LAST)


def _reached(run: Recorded, headline: float) -> float:
    """Seconds to the first evaluation with that score; infinite if there is none."""
    return min(
        (each.wall_s for each in run.evaluations if each.headline >= headline and not each.gated),
        default=float("inf"),
    )


def _score(run: Recorded, headline: float) -> float:
    """What the evaluation said that reached that score."""
    at = _reached(run, headline)
    return next((each.headline for each in run.evaluations if each.wall_s == at), 0.0)


def _last(run: Recorded) -> float:
    return run.last.headline if run.last else max(each.headline for each in run.evaluations)


def _chart(runs: list[Recorded], unet: Recorded | None) -> Chart:
    named = [(f"voices, seed {seed}", run) for seed, run in enumerate(runs)]
    named += [("unet", unet)] if unet else []
    return Chart(
        "How good the music is, by time",
        "wall time (s)",
        "HEADLINE",
        tuple(
            Curve(name, tuple((each.wall_s, each.headline) for each in run.evaluations))
            for name, run in named
        ),
    )
