"""How long the launcher's commands take beside their work."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.models import model_folder
from benchmarks.results import Goal, Section, median
from benchmarks.serving import OURS, serving
from launcher.asking import ask
from launcher.processes import identify
from launcher.records import Endpoint, now
from music.melodies import melody
from music.midi import write_midi
from tests.load.served import Served

ROUNDS = 7
MELODY = "twinkle"
ENDPOINT = "measured"


def measure(bench: Bench) -> Section:
    """Measures `--help`, and `invoke` beside the request that it sends."""
    runs = bench.folder / "runs"
    midi = write_midi(melody(MELODY))
    tune = bench.folder / "melody.mid"
    tune.write_bytes(midi)
    body = json.dumps({"midi": base64.b64encode(midi).decode("ascii")}).encode()
    with serving(bench.folder / "commands", model_folder(bench, "voices"), [OURS]) as servers:
        endpoint = record(servers[OURS], runs)
        found = _take_turns(
            {
                "help": lambda: _launch("launcher", "--help"),
                "train": lambda: _launch("launcher.train", "--help"),
                "invoke": lambda: invoke(tune, runs, bench.folder / "song.mid"),
                "request": lambda: ask(f"{endpoint.url}invocations", body, ENDPOINT),
            },
            3 if bench.quick else ROUNDS,
        )
    more = [whole - alone for whole, alone in zip(found["invoke"], found["request"], strict=True)]
    return Section(
        "Commands",
        "Each command is a process, from its start to its end; they take turns. `invoke` sends "
        "eight bars to a server on this machine, beside the same request from a process that "
        "runs already.",
        (
            median("`python -m launcher --help`", found["help"], "s", Goal(0.4), key="help_s"),
            median("`python -m launcher.train --help`", found["train"], "s", key="train_help_s"),
            median("`invoke` more than its request", more, "s", Goal(0.3), key="invoke_more_s"),
            median("the request alone", [1000 * s for s in found["request"]], "ms"),
        ),
    )


def record(server: Served, runs: Path) -> Endpoint:
    """Writes what `launcher.deploy` would have written about a server."""
    folder = runs / "endpoints" / ENDPOINT
    folder.mkdir(parents=True)
    return Endpoint(
        folder,
        ENDPOINT,
        instance="local",
        status="InService",
        source="",
        url=f"http://127.0.0.1:{server.port}/",
        port=server.port,
        created=now(),
        server=identify(server.pid),
    ).save()


def invoke(tune: Path, runs: Path, song: Path) -> None:
    """Accompanies a melody by the command line."""
    _launch("launcher.invoke", ENDPOINT, str(tune), "-o", str(song), "--root", str(runs))


def _launch(module: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, "COLUMNS": "100"},
    )


def _take_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds that each takes, round by round, after a warm-up."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(1 + rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                found[name].append(time.perf_counter() - start)
    return found
