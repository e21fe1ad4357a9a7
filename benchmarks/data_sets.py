"""Measures time and memory of data sets of 100 to 100,000 phrases, of lines and with chords.

    python -m benchmarks.data_sets [--sizes 100 1000 10000 100000] [--json]

For each size a folder of MIDI files is made up, 20 phrases a file, and built into a data set; then
another process opens the set and asks for batches. Both stages are processes of their own, because
the peak of memory (resident, with all libraries, as the kernel counts it) is that of a process. The
batches are those of the default runs: 24 phrases for lines, five times 64 with chords.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine, peak_bytes

TICKS = 480
BARS = 21  # of a song: 20 phrases
RANGES = ((67, 79), (60, 67), (53, 60), (41, 53))
BATCHES = {"lines": (24, 1), "chords": (64, 5)}
ITERATIONS = 20


def write_folder(folder: Path, phrases: int, kind: str) -> None:
    """Writes songs in four tracks of quarters and eighths, with thirds on top for `chords`."""
    from music.midi import write_midi
    from music.song import Note, Song, TimeSignature, Track

    for number in range(-(-phrases // (BARS - 1))):
        dice = random.Random(number)  # noqa: S311, music
        tracks = []
        for low, high in RANGES:
            length = TICKS // dice.choice((1, 2))
            starts = range(0, BARS * 4 * TICKS, length)
            notes = [Note(at, at + length, dice.randint(low, high)) for at in starts]
            if kind == "chords" and tracks:
                notes += [Note(n.start, n.end, n.pitch + 16) for n in notes]
            tracks.append(Track("", 0, tuple(sorted(notes, key=lambda n: (n.start, n.pitch)))))
        song = Song(TICKS, tuple(tracks), time_signatures=(TimeSignature(0, 4, 4),))
        place = folder / f"{number // 1000:02d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:05d}.mid").write_bytes(write_midi(song))


def build(folder: Path, file: Path, kind: str) -> dict[str, float]:
    """Builds and saves the set."""
    del kind
    from music.collection import build_collection
    from music.phrase_file import write_phrases

    began = time.perf_counter()
    write_phrases(build_collection(folder).require(), file)
    return {"seconds": time.perf_counter() - began, "file MB": file.stat().st_size / 1e6}


def read(folder: Path, file: Path, kind: str) -> dict[str, float]:
    """Opens the set and asks for batches."""
    del folder
    from music.phrase_file import read_phrases
    from training.batches import Batches

    size, updates = BATCHES[kind]
    began = time.perf_counter()
    phrases = read_phrases(file)
    loaded = time.perf_counter()
    batches = Batches(
        phrases.part("train"),
        seed=0,
        batch_size=size,
        updates=updates,
        condition_track=0,
        tonic_normalized=kind == "lines",
    )
    batches.at(0)
    first = time.perf_counter()
    for iteration in range(1, 1 + ITERATIONS):
        batches.at(iteration)
    each = (time.perf_counter() - first) / ITERATIONS
    return {"load s": loaded - began, "first batch s": first - loaded, "batch ms": 1000 * each}


STAGES = {"build": build, "read": read}


def measure(stage: str, folder: Path, file: Path, kind: str) -> dict[str, float]:
    """Runs a stage in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.data_sets", "--stage", stage]
    command += [str(folder), str(file), kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def table(sizes: list[int]) -> list[dict[str, object]]:
    """Measures all stages for lines and chords of these sizes."""
    rows: list[dict[str, object]] = []
    for kind in BATCHES:
        for size in sizes:
            with tempfile.TemporaryDirectory() as place:
                folder, file = Path(place, "songs"), Path(place, "phrases.npz")
                write_folder(folder, size, kind)
                row: dict[str, object] = {"kind": kind, "phrases": size}
                for stage in STAGES:
                    found = measure(stage, folder, file, kind)
                    row |= {f"{stage} {key}": round(value, 2) for key, value in found.items()}
                rows.append(row)
                print(" ".join(map(str, row.values())), file=sys.stderr, flush=True)
    return rows


def _stage(stage: str, folder: str, file: str, kind: str) -> None:
    found = STAGES[stage](Path(folder), Path(file), kind)
    print(json.dumps({**found, "peak MiB": peak_bytes() / 2**20}))


def main() -> None:
    """Prints the machine and the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stage", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage is not None:
        _stage(*given.stage)
        return
    rows = table(given.sizes)
    if given.json:
        print(json.dumps({"machine": machine(), "rows": rows}, indent=2))
        return
    names = list(rows[0])
    print(f"{machine()}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        print(f"| {' | '.join(str(row.get(name, '')) for name in names)} |")


if __name__ == "__main__":
    main()
