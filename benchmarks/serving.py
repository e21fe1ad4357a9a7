"""How fast one request is answered, how soon a server is there, and what it holds in memory."""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks import questions
from benchmarks.bench import Bench
from benchmarks.flops import phrase_flops
from benchmarks.models import model_folder, run_module
from benchmarks.results import Goal, Number, Section, median
from tests.container.serving_process import Wire
from tests.load.campaign import quantile
from tests.load.served import Served
from tests.load.watch import wait_until_ready

OURS = "container"
SAVED_MODEL = "benchmarks.peers.savedmodel_server"
ONNX = "benchmarks.peers.onnx_server"
PEERS = {SAVED_MODEL: "SavedModel", ONNX: "ONNX Runtime"}

BLOCKS = 5  # rounds: a median of medians
SONG_BARS = 64
PAUSE_S = 0.005  # between requests
# Thread pools spin after their work, ONNX Runtime's for 41 ms: a core that whoever is asked next
# would not have. So each server is asked alone for a while, and not before the others are quiet.
QUIET_S = 0.2
AGAIN_S = 0.002  # a server that is not there yet, or has no model yet, is asked again

READY_S = 180.0  # TensorFlow takes ten of the processor

Times = dict[str, list[float]]


def measure(bench: Bench) -> Section:
    """Measures ours beside TensorFlow's SavedModel and ONNX Runtime, behind the same routes."""
    modules = [OURS, SAVED_MODEL] if bench.quick else [OURS, SAVED_MODEL, ONNX]
    voices = model_folder(bench, "voices")
    prepare(voices, modules)
    numbers = [*_voices(bench, voices, modules)]
    if not bench.quick:
        unet = model_folder(bench, "unet")
        prepare(unet, modules)
        numbers += _unet(bench, unet, modules)
    numbers += _cold_starts(bench, voices, modules)
    return Section(
        "Serving",
        "Each side is a server process of its own on 127.0.0.1: the image's, and the same one with "
        "another library in the place of LiteRT. A client over one connection sends melodies of "
        "Bach's chorales as MIDI, each with its own seed, 5 ms after the last answer, and gets "
        "MIDI. In each of 5 rounds every side is asked alone, all of them the same. `voices` was "
        "trained for 60 iterations; `unet` was not, but set to as many notes as music has. A cold "
        "start is from the start of the process to the first answered request.",
        tuple(numbers),
        remarks=("Quick: without `unet` and ONNX Runtime, `voices` less trained.",)
        if bench.quick
        else (),
    )


def prepare(model: Path, modules: Sequence[str]) -> None:
    """Converts a model for who needs that."""
    if ONNX in modules:
        run_module("benchmarks.peers.onnx_model", str(model))


def _voices(bench: Bench, model: Path, modules: Sequence[str]) -> Iterator[Number]:
    asked = questions.phrases(100 if bench.quick else 500)
    sung = questions.songs(5 if bench.quick else 15, SONG_BARS)
    with serving(bench.folder, model, modules) as servers:
        times = take_turns(servers, asked)
        songs = take_turns(servers, sung)
        memory = {module: memory_of(server) for module, server in servers.items()}
        most = memory_of(servers[OURS], "VmHWM")
    p50 = {module: _blocks(found) for module, found in times.items()}
    goal = Goal(12.0)
    yield median("`voices`, a phrase of two bars, p50", p50[OURS], "ms", goal, key="phrase_p50")
    yield Number(
        "`voices`, a phrase of two bars, p99",
        1000 * quantile(times[OURS], 0.99),
        "ms",
        Goal(30.0),
        key="phrase_p99",
    )
    yield from _against("`voices`, a phrase", p50)
    if not bench.quick:
        yield from _rates(bench, "voices", p50[OURS])
    songs_ms = {module: [1000 * took for took in found] for module, found in songs.items()}
    name = f"`voices`, a song of {SONG_BARS} bars"
    yield median(name, songs_ms[OURS], "ms", Goal(150.0), key="song_64")
    yield from _against(name, songs_ms, key="song")
    yield Number("memory after these requests", memory[OURS], "MB", Goal(180.0), key="server_rss")
    yield Number("memory at most", most, "MB")
    for module, now in memory.items():
        if module != OURS:
            yield Number(f"memory of {PEERS[module]} after these requests", now, "MB")


def _unet(bench: Bench, model: Path, modules: Sequence[str]) -> Iterator[Number]:
    with serving(bench.folder, model, modules) as servers:
        times = take_turns(servers, questions.phrases(50))
    p50 = {module: _blocks(found) for module, found in times.items()}
    yield median("`unet`, a phrase of two bars, p50", p50[OURS], "ms", key="unet_phrase_p50")
    goals = {SAVED_MODEL: Goal(1.0, at_least=True)}
    yield from _against("`unet`, a phrase", p50, goals, key="unet_phrase")
    yield from _rates(bench, "unet", p50[OURS])


def _rates(bench: Bench, architecture: str, phrase_ms: Sequence[float]) -> Iterator[Number]:
    """What the whole answer computes a second, HTTP and music in its time."""
    gflop = phrase_flops(architecture) / 1e9
    yield Number(f"`{architecture}`, products of a phrase", 1000 * gflop, "MFLOP")
    limit = bench.rates.get(f"convolution of {architecture}")
    if limit:
        shares = [100 * gflop / (took / 1000) / limit for took in phrase_ms]
        words = "of the best convolutions of an iteration"
        yield median(f"`{architecture}`, a phrase: its rate, {words}", shares, "%")


def _cold_starts(bench: Bench, model: Path, modules: Sequence[str]) -> Iterator[Number]:
    first = questions.phrases(1)[0]
    times: Times = {module: [] for module in modules}
    for turn in range(1 if bench.quick else BLOCKS):  # all have been started before, for requests
        for module in modules:
            took = cold_start(bench.folder / f"cold-{module}-{turn}", model, module, first)
            times[module].append(took)
    yield median("cold start", times[OURS], "s", Goal(1.2), key="cold_start")
    goals = {SAVED_MODEL: Goal(6.0, at_least=True)}
    yield from _against("cold start", times, goals, key="cold_start")


def _against(
    name: str, sides: Times, goals: Mapping[str, Goal] | None = None, key: str = "phrase"
) -> Iterator[Number]:
    """How many times longer the peers take, round by round."""
    for module, found in sides.items():
        if module == OURS:
            continue
        ratios = [other / ours for other, ours in zip(found, sides[OURS], strict=True)]
        yield median(
            f"{name}: {PEERS[module]} takes",
            ratios,
            "times as long",
            (goals or {}).get(module),
            key=f"{key}_{PEERS[module].split()[0].lower()}",
        )


@contextmanager
def serving(folder: Path, model: Path, modules: Sequence[str]) -> Iterator[dict[str, Served]]:
    """Starts servers and waits until all are ready; ends them after the block."""
    with ExitStack() as stack:
        servers = {}
        for module in modules:
            place = folder / f"{module}-{model.parent.name}"
            servers[module] = stack.enter_context(closing(Served(place, model, module)))
        for server in servers.values():
            asyncio.run(wait_until_ready(server, READY_S))
        yield servers


def take_turns(servers: Mapping[str, Served], requests: Sequence[bytes]) -> Times:
    """The seconds in which each server answers each request.

    In each round all servers in turn are asked the same part of the requests, the first of which
    are a warm-up before and come again.

    Raises:
        RuntimeError: if an answer is none.
    """
    times: Times = {module: [] for module in servers}
    size = max(1, len(requests) // BLOCKS)
    with ExitStack() as stack:
        wires = {m: stack.enter_context(Wire(server.port)) for m, server in servers.items()}
        for place in range(0, len(requests), size):
            part = requests[place : place + size]
            warm_up = part[: 1 + size // 10]
            for module, wire in wires.items():
                time.sleep(QUIET_S)
                took = [_ask(module, wire, request) for request in (*warm_up, *part)]
                times[module] += took[len(warm_up) :]
    return times


def _ask(module: str, wire: Wire, request: bytes) -> float:
    time.sleep(PAUSE_S)
    start = time.perf_counter()
    answer = wire.send(request).answer()
    took = time.perf_counter() - start
    if answer.status != 200:
        raise RuntimeError(f"{module} answered {answer.status}: {answer.body[:500]!r}")
    return took


def cold_start(folder: Path, model: Path, module: str, request: bytes) -> float:
    """Seconds from the start of a server's process until it has answered a request."""
    start = time.perf_counter()
    with closing(Served(folder, model, module)) as server:
        while not _is_answered(server.port, request):
            time.sleep(AGAIN_S)
        return time.perf_counter() - start


def _is_answered(port: int, request: bytes) -> bool:
    try:
        with Wire(port) as wire:
            return wire.send(request).answer().status == 200
    except ConnectionError:
        return False


def _blocks(seconds: Sequence[float]) -> list[float]:
    """The medians of equal parts, ms."""
    size = len(seconds) // BLOCKS
    parts = (seconds[place : place + size] for place in range(0, size * BLOCKS, size))
    return [1000 * statistics.median(part) for part in parts]


def memory_of(server: Served, field: str = "VmRSS") -> float:
    """What a server holds now, or with `VmHWM` held at most, MB; Linux alone tells.

    Raises:
        RuntimeError: if its process does not run.
    """
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"A server does not run: {server.log.read_text()[-500:]}")
    return int(found[1]) * 1024 / 1e6
