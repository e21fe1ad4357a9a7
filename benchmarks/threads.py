"""Half a core, one, two, and sixteen threads on whatever there is: an iteration, a served phrase.

    python -m benchmarks.threads MODEL_FOLDER THREADS

is a side that trains one iteration and answers some phrases, in turn, with so many threads.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.growth import DEFAULT_BATCH, STEPS, Size, iteration
from benchmarks.results import Goal, Number, Section, median
from benchmarks.sides import Effort, answer_in_turn, started
from inference.threads import control_groups

ROUNDS = 5
PHRASES = 20  # are answered in a round
HALF, ONE, TWO, MANY = "half a core", "one core", "two cores", "sixteen threads"
WORK = ("an iteration of `voices`", "a phrase answered")
DEARER = Goal(1.15)  # times the processor time with two cores
SHARE = Goal(0.8, at_least=True)  # of the throughput that two cores have a core
CROWDED = Goal(1.5)  # times, with eight threads for each core
QUOTA_US, PERIOD_US = 50_000, 100_000  # the kernel's own period

Efforts = dict[str, dict[str, list[Effort]]]


def measure(bench: Bench) -> Section:
    """Measures all of them, as far as this machine has them."""
    from benchmarks.models import model_folder

    efforts: Efforts = {work: {} for work in WORK}
    counted: list[Number] = []
    remarks: list[str] = []
    with ExitStack() as stack:
        group = stack.enter_context(half_core())
        if group is None:
            remarks.append(
                f"{HALF.capitalize()} was not measured here: no control group could be made, which "
                "takes root and a controller of the processor's time."
            )
        else:
            counted.append(_counted("a group with half a core", group=group))
        counted.append(_counted("an affinity to one core", cores={_cores()[0]}))
        conditions = _conditions(group, quick=bench.quick)
        model = model_folder(bench, "voices")
        commands = {threads: _command(model, threads) for threads, _ in conditions.values()}
        sides = stack.enter_context(started(commands))
        for turn in range(1 + (2 if bench.quick else ROUNDS)):
            for name, (threads, within) in conditions.items():
                with within(sides[threads].pid):
                    found = {work: sides[threads].once() for work in WORK}
                for work, effort in found.items() if turn else ():
                    efforts[work].setdefault(name, []).append(effort)
    return Section(
        "Threads",
        f"Processes with one, two and sixteen threads train `voices`, and answer {PHRASES} phrases "
        "of two bars from MIDI to MIDI, in turn. Half a core is a quota of the control group, in "
        "which the process with one thread works meanwhile; one core and two are an affinity. "
        "Processor times are of all threads.",
        (*counted, *_numbers(efforts)),
        remarks=tuple(remarks),
    )


def _conditions(
    group: Path | None, *, quick: bool
) -> dict[str, tuple[int, Callable[[int], AbstractContextManager[object]]]]:
    """How many threads work under what condition; each round of a process enters and leaves it."""
    one, two = set(_cores()[:1]), set(_cores()[:2])
    found: dict[str, tuple[int, Callable[[int], AbstractContextManager[object]]]] = {
        TWO: (2, lambda pid: bound(pid, two)),
        ONE: (1, lambda pid: bound(pid, one)),
    }
    if group is not None:
        found[HALF] = (1, lambda pid: joined(pid, group))
    if not quick:
        found[MANY] = (16, lambda pid: bound(pid, two))
    return found


def _command(model: Path, threads: int) -> tuple[list[str], dict[str, str]]:
    """What starts a side with so many threads, and its environment."""
    kinds = ("INTRAOP", "INTEROP")
    return (
        ["-m", "benchmarks.threads", str(model), str(threads)],
        {f"TF_NUM_{kind}_THREADS": str(threads) for kind in kinds},
    )


def _numbers(efforts: Efforts) -> Iterator[Number]:
    for work, found in efforts.items():
        each = PHRASES if work == WORK[1] else 1
        for name, rounds in found.items():
            times = [1000 * effort.wall_s / each for effort in rounds]
            yield median(f"{work} with {name}", times, "ms")
        yield from _against_two(work, found)


def _against_two(work: str, found: Mapping[str, Sequence[Effort]]) -> Iterator[Number]:
    two = found[TWO]
    for name, share in ((HALF, 0.25), (ONE, 0.5)):
        if name in found:
            pairs = list(zip(found[name], two, strict=True))
            beside = f"{work} with {name}, beside two"
            dearer = [some.cpu_s / all_.cpu_s for some, all_ in pairs]
            yield median(f"{beside}: processor time", dearer, "times", DEARER)
            rates = [all_.wall_s / some.wall_s / share for some, all_ in pairs]
            yield median(f"{beside}: throughput a core", rates, "times", SHARE)
    if MANY in found:
        slower = [many.wall_s / few.wall_s for many, few in zip(found[MANY], two, strict=True)]
        yield median(f"{work} with {MANY} on two cores, beside two", slower, "times", CROWDED)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextmanager
def bound(pid: int, cores: set[int]) -> Iterator[None]:
    """Keeps all threads of a process on some cores for a while."""
    before = os.sched_getaffinity(pid)
    _bind(pid, cores)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):  # it has ended
            _bind(pid, before)


def _bind(pid: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setaffinity(int(thread.name), cores)


@contextmanager
def half_core() -> Iterator[Path | None]:
    """A control group within this process's own that grants half a core; None if none can be."""
    for own in _own_groups():
        group = own / f"accompanist-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            _grant_half(group)
        except OSError:
            group.rmdir()
            continue
        try:
            yield group
        finally:
            group.rmdir()
        return
    yield None


def _own_groups() -> Iterator[Path]:
    for folder in control_groups():
        try:
            members = (folder / "cgroup.procs").read_text(encoding="utf-8").split()
        except OSError:
            continue
        if str(os.getpid()) in members:
            yield folder


def _grant_half(group: Path) -> None:
    """Sets the quota, of version 2 or 1; a file that is not there must not be made."""
    settings = {
        "cpu.max": f"{QUOTA_US} {PERIOD_US}",
        "cpu.cfs_period_us": str(PERIOD_US),
        "cpu.cfs_quota_us": str(QUOTA_US),
    }
    files = {name: group / name for name in settings if (group / name).exists()}
    if not files:
        raise FileNotFoundError(group)
    for name, file in files.items():
        file.write_text(settings[name])


@contextmanager
def joined(pid: int, group: Path) -> Iterator[None]:
    """Has a process in a control group for a while, then in the one around it."""
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it has ended
            (group.parent / "cgroup.procs").write_text(str(pid))


def _counted(where: str, *, group: Path | None = None, cores: set[int] | None = None) -> Number:
    """How many threads our processes take there."""
    waits = "from inference.threads import usable_threads; input(); print(usable_threads())"
    process = subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with (
        process,
        joined(process.pid, group) if group else nullcontext(),
        bound(process.pid, cores) if cores else nullcontext(),
    ):
        told, _ = process.communicate("\n")
    return Number(f"threads taken within {where}", int(told), "", Goal(1))


def phrases(model: Path, threads: int) -> Callable[[], object]:
    """Answers some phrases, from MIDI to MIDI, as the server does."""
    from inference.arranger import Arranger
    from inference.options import Options
    from inference.predictor import Predictor
    from music.midi import read_midi, write_midi
    from music.song import Note, Song, Track

    arranger = Arranger(Predictor(model, threads))
    tune = [60, 62, 64, 65, 67, 69, 67, 65]
    notes = tuple(Note(480 * at, 480 * (at + 1), pitch) for at, pitch in enumerate(tune))
    asked = write_midi(Song(480, (Track("Melody", 0, notes),)))

    def work() -> None:
        for seed in range(PHRASES):
            write_midi(arranger.arrange(read_midi(asked), Options(seed=seed)).song)

    return work


def main(model: str, threads: str) -> None:
    """Works as a side."""
    an_iteration = iteration("voices", Size(DEFAULT_BATCH["voices"], STEPS))
    answer_in_turn([an_iteration, phrases(Path(model), int(threads))])


if __name__ == "__main__":
    main(*sys.argv[1:])
