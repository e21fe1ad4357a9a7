"""How the cost grows: with the batch, with the phrases' length and with the size of the data set.

    python -m benchmarks.growth voices|unet BATCHxSTEPS...
    python -m benchmarks.growth limited FILE MIB

The first is a side that works at each of the sizes in turn; the second reads batches of a data set
with no more memory for data than that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import data_sets
from benchmarks.bench import Bench
from benchmarks.results import Chart, Curve, Goal, Number, Section, median
from benchmarks.sides import Effort, answer_in_turn, started

if TYPE_CHECKING:
    from music.phrases import PhraseSet

STEPS = 32  # of the phrases that the networks are made for
ROUNDS = {"voices": 5, "unet": 3}
DEFAULT_BATCH = {"voices": 24, "unet": 64}
DATA_SIZES = (100, 1000, 10_000, 100_000)
PIECE = 1000  # phrases; larger sets have these several times
DOUBLED = Goal(2.2)  # times the time at twice the size: no more than in proportion
INPUT = Goal(2.0)  # % of an iteration
UNPACKED = Goal(0.5)  # of the unpacked data set: what is larger than memory streams
DATA_MIB = 128  # of memory for data in the limited run: half of what the set would need


class Size(NamedTuple):
    """What an iteration works on.

    Attributes:
        batch: phrases.
        steps: of a phrase.
    """

    batch: int
    steps: int


# Of both ways of growing, by the name of the side.
SIZES = {
    "voices": [Size(batch, STEPS) for batch in (8, DEFAULT_BATCH["voices"], 64, 256)],
    "voices longer": [Size(DEFAULT_BATCH["voices"], steps) for steps in (16, 64, 128)],
    "unet": [
        *(Size(batch, STEPS) for batch in (4, 16, DEFAULT_BATCH["unet"])),
        *(Size(4, steps) for steps in (16, 64, 128)),
    ],
}

Efforts = dict[str, dict[Size, list[Effort]]]


def measure(bench: Bench) -> Section:
    """Measures all three ways of growing."""
    efforts = {} if bench.quick else _iterate()
    read = _read_sets(bench.folder, (100, 10_000) if bench.quick else DATA_SIZES)
    numbers = [*_iteration_numbers(efforts), *_input_numbers(efforts, read)]
    return Section(
        "As it grows",
        "Iterations at sizes that take turns: `voices` in five rounds, `unet` in three, each after "
        "an iteration that compiles. Times of the processor are of all threads together. Data sets "
        "are random lines, or lines with a third on top (chords, for `unet`), of two bars; each is "
        "read in a process of its own, the batches of 20 iterations.",
        tuple(numbers),
        (*_iteration_charts(efforts), *_set_charts(read)),
        (
            "Quick: data sets alone."
            if bench.quick
            else "Only the measurement builds networks for other phrases than two bars: training "
            "refuses such data, because songs are answered in windows of two bars.",
        ),
    )


def _iterate() -> Efforts:
    efforts: Efforts = {}
    with started({name: (_command(name, some), None) for name, some in SIZES.items()}) as sides:
        for turn in range(max(ROUNDS.values())):
            for name, side in sides.items():
                architecture = name.split()[0]
                if turn < ROUNDS[architecture]:
                    for size in SIZES[name]:
                        found = efforts.setdefault(architecture, {})
                        found.setdefault(size, []).append(side.once())
    return efforts


def _command(name: str, sizes: Sequence[Size]) -> list[str]:
    words = [f"{size.batch}x{size.steps}" for size in sizes]
    return ["-m", "benchmarks.growth", name.split()[0], *words]


def _iteration_numbers(efforts: Efforts) -> Iterator[Number]:
    for name, by_size in efforts.items():
        for axis, curve in _axes(by_size).items():
            (less, before), (more, after) = sorted(curve.items())[-2:]
            doublings = log2(more / less)
            factors = [
                (late.cpu_s / early.cpu_s) ** (1 / doublings)
                for early, late in zip(before, after, strict=True)
            ]
            words = f"`{name}`, processor time at twice the {axis} (from {less} to {more})"
            yield median(words, factors, "times", DOUBLED)


def _axes(by_size: Mapping[Size, list[Effort]]) -> dict[str, dict[int, list[Effort]]]:
    """The efforts by batch at the usual length, and by length at the batch of the others."""
    [batch] = {size.batch for size in by_size if size.steps != STEPS}
    axes = {
        "batch": {size.batch: found for size, found in by_size.items() if size.steps == STEPS},
        "phrase": {size.steps: found for size, found in by_size.items() if size.batch == batch},
    }
    return {axis: curve for axis, curve in axes.items() if len(curve) > 1}


def _iteration_charts(efforts: Efforts) -> Iterator[Chart]:
    for axis, unit in (("batch", "phrases"), ("phrase", "steps")):
        curves = []
        for name, by_size in efforts.items():
            found = sorted(_axes(by_size).get(axis, {}).items())
            for word, field in (("processor", "cpu_s"), ("clock", "wall_s")):
                if found:
                    points = ((n, _middle([getattr(e, field) for e in some])) for n, some in found)
                    curves.append(Curve(f"{name}, {word}", tuple(points)))
        if curves:
            title = f"An iteration by the {axis}"
            yield Chart(title, f"{axis}, {unit}", "seconds", tuple(curves), "xy")


def _middle(values: Sequence[float]) -> float:
    return median("", values, "").value


Read = dict[str, dict[int, dict[str, float]]]


def _read_sets(folder: Path, sizes: Sequence[int]) -> Read:
    """Reads sets of lines and with chords of all sizes; the largest with chords also limited."""
    found: Read = {kind: {} for kind in data_sets.BATCHES}
    for kind, by_size in found.items():
        for size in sizes:
            file = folder / f"{kind}-{size}.npz"
            _write_set(file, size, chords=kind == "chords")
            by_size[size] = data_sets.measure("read", folder, file, kind)
            by_size[size]["unpacked MiB"] = size * STEPS * 4 * (2 + 16 * (kind == "chords")) / 2**20
            if size == max(sizes) and kind == "chords":
                by_size[size]["limited"] = float(_reads_limited(file))
            file.unlink()
    return found


def _write_set(file: Path, size: int, *, chords: bool) -> None:
    from music.phrase_file import write_phrases
    from music.stored import join

    some = phrase_set(min(size, PIECE), STEPS, chords=chords)
    write_phrases(join([some] * (size // len(some)), {"steps_per_beat": 4}), file)


def phrase_set(count: int, steps: int, *, chords: bool = False) -> "PhraseSet":
    """Four lines of random quarters and, of `chords`, a third on top of each but the melody."""
    import numpy as np

    from music.phrases import PhraseSet, pack_roll

    random = np.random.default_rng(0)
    shape = (count, steps // 4, 1)
    lines = [random.integers(low, high + 1, shape, np.int8) for low, high in data_sets.RANGES]
    pitch = np.concatenate(lines, axis=-1).repeat(4, axis=1)
    onset = np.zeros(pitch.shape, np.bool_)
    onset[:, ::4] = True
    roll = None
    if chords:
        every = pitch[:, :, None] == np.arange(128, dtype=np.int8)[:, None]
        every[..., 1:] |= np.roll(every[..., 1:], -4, axis=2)
        roll = pack_roll(every)
    words = {"source": "random", "tags": "", "mode": "major", "split": "train"}
    return PhraseSet(
        pitch=pitch,
        onset=onset,
        fermata=np.zeros((count, steps), np.bool_),
        tonic=np.zeros(count, np.int8),
        bar=np.zeros(count, np.int32),
        roll=roll,
        **{name: np.full(count, word) for name, word in words.items()},
    )


def _reads_limited(file: Path) -> bool:
    """Whether batches can be had with `DATA_MIB` of memory for data, the libraries' included."""
    command = [sys.executable, "-m", "benchmarks.growth", "limited", str(file), str(DATA_MIB)]
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # each further thread takes memory
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
    return done.returncode == 0


def _input_numbers(efforts: Efforts, read: Read) -> Iterator[Number]:
    for name, kind in (("voices", "lines"), ("unet", "chords")):
        size, found = max(read[kind].items())
        iterations = efforts.get(name, {}).get(Size(DEFAULT_BATCH[name], STEPS))
        if iterations:
            shares = [found["batch ms"] / 10 / effort.wall_s for effort in iterations]
            words = f"`{name}`, input of an iteration from {size:,} phrases, of its time"
            yield median(words, shares, "%", INPUT, key=f"input_{name}")
        least, most = (read[kind][end(read[kind])]["batch ms"] for end in (min, max))
        words = f"{kind}: an iteration's batches of {size:,} phrases, beside those of 100"
        yield Number(words, most / least, "times")
    size, found = max(read["chords"].items())
    yield Number(f"{size:,} phrases with chords, unpacked", found["unpacked MiB"], "MiB")
    words = "the most memory while batches of them are read, libraries included"
    yield Number(words, found["peak MiB"], "MiB", key="set_rss")
    if size == max(DATA_SIZES):
        share = found["peak MiB"] / found["unpacked MiB"]
        yield Number("the same, beside the unpacked set", share, "times", UNPACKED)
        words = f"batches of them with {DATA_MIB} MiB of memory for data (1: all came)"
        yield Number(words, found["limited"], "", Goal(1.0, at_least=True))


def _set_charts(read: Read) -> Iterator[Chart]:
    for title, unit, value in (
        ("Batches of an iteration", "ms", lambda found: found["batch ms"]),
        ("Opening a data set", "seconds", lambda found: found["load s"] + found["first batch s"]),
        ("Memory of reading a data set", "MiB", lambda found: found["peak MiB"]),
    ):
        curves = [_set_curve(kind, by_size, value) for kind, by_size in read.items()]
        if unit == "MiB":
            unpacked = _set_curve("chords, unpacked", read["chords"], lambda f: f["unpacked MiB"])
            curves.append(unpacked)
        yield Chart(title, "data set, phrases", unit, tuple(curves), "xy")


def _set_curve(
    name: str, by_size: dict[int, dict[str, float]], value: Callable[[dict[str, float]], float]
) -> Curve:
    return Curve(name, tuple((size, value(found)) for size, found in by_size.items()))


def iteration(architecture: str, size: Size) -> Callable[[], object]:
    """An iteration of a run's middle, with the default hyperparameters but for the batch."""
    from training.batches import Batches
    from training.hyperparameters import Hyperparameters
    from training.run import build_gan

    values = Hyperparameters(architecture=architecture, batch_size=size.batch)
    phrases = phrase_set(512, size.steps)
    gan = build_gan(values, phrases)
    batches = Batches(
        phrases,
        seed=0,
        batch_size=size.batch,
        updates=values.critic_updates,
        condition_track=0,
        tonic_normalized=gan.tonic_normalized,
    ).at(0)

    def work() -> None:
        for term in gan.iterate(batches, seed=(0, 0), done=0.5).values():
            float(term)  # all of them are there

    return work


def _limited(file: Path, mib: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (mib << 20, mib << 20))
    print(json.dumps(data_sets.read(file.parent, file, "chords")))


def main(what: str, *words: str) -> None:
    """Works as a side, or reads with little memory."""
    if what == "limited":
        _limited(Path(words[0]), int(words[1]))
        return
    sizes = [Size(*map(int, word.split("x"))) for word in words]
    answer_in_turn([iteration(what, size) for size in sizes])


if __name__ == "__main__":
    main(*sys.argv[1:])
