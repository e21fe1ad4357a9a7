"""A server under load: throughput against latency, and whether it keeps its promises meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks import questions
from benchmarks.bench import Bench
from benchmarks.models import model_folder
from benchmarks.pings import pinging
from benchmarks.results import Chart, Curve, Goal, Number, Section
from benchmarks.serving import OURS, PEERS, SAVED_MODEL, memory_of, serving
from tests.load.campaign import QUEUE, quantile
from tests.load.client import Client, NoReplyError
from tests.load.served import Served
from tests.load.watch import wait_until_ready

CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)
QUICK_CONNECTIONS = (1, 8, 64)
BEYOND = 128  # more than the server lets wait
PEER_CONNECTIONS = (1, 8, 64)
SECONDS = 5.0  # for each number of connections
NONE = Goal(0.0)

# Far more than can be done in that time.
HEAVY = 16  # requests
HEAVY_BARS = 128
HEAVY_TAKES, HEAVY_DEADLINE_S = 16, 10.0
QUICK_TAKES, QUICK_DEADLINE_S = 8, 5.0
HEAVY_SECONDS = 1.0  # each is sent once: none is answered so soon
LIGHT = 4  # connections that ask for phrases meanwhile


@dataclass
class Load:
    """What one number of connections saw.

    Attributes:
        connections: that each wait for one answer at a time.
        latencies: seconds until the right answer.
        statuses: of the answers that were none.
        wrong: answers that are another request's, or not what the same request got alone.
        lost: connections that ended without an answer.
        late: answers that did not come in time, 504 or none at all.
        pings: seconds.
        seconds: that it took.
    """

    connections: int
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0
    late: int = 0
    pings: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def latency_ms(self, share: float) -> float:
        """That all but the slowest keep."""
        return 1000 * quantile(self.latencies, share)


def measure(bench: Bench) -> Section:
    """Loads ours, then the SavedModel server, then ours with heavy requests."""
    model = model_folder(bench, "voices")
    seconds = SECONDS / 4 if bench.quick else SECONDS
    numbers = QUICK_CONNECTIONS if bench.quick else CONNECTIONS
    asked = questions.phrases(BEYOND)
    with serving(bench.folder / "load", model, [OURS]) as servers:
        found = asyncio.run(load_all(servers[OURS], asked, (*numbers, BEYOND), seconds))
        memory = memory_of(servers[OURS])
    *loads, beyond = found
    peer: list[Load] = []
    if not bench.quick:
        with serving(bench.folder / "load", model, [SAVED_MODEL]) as servers:
            peer = asyncio.run(load_all(servers[SAVED_MODEL], asked, PEER_CONNECTIONS, seconds))
    takes, deadline_s = (
        (QUICK_TAKES, QUICK_DEADLINE_S) if bench.quick else (HEAVY_TAKES, HEAVY_DEADLINE_S)
    )
    server = Served(bench.folder / "heavy", model, deadline_s=deadline_s)
    with closing(server):
        heavy, light = asyncio.run(load_heavily(server, asked[:LIGHT], takes, deadline_s))
    return Section(
        "Under load",
        f"`voices` in the image's server; {numbers[0]} to {numbers[-1]} connections ask "
        f"for {seconds:g} s each, a phrase of two bars and its seed again and again, all of them "
        f"different, and the answer must be what the same request got alone, byte for byte. "
        f"{BEYOND} connections are more than the {QUEUE} requests that may wait. /ping is asked "
        "all along by a process of its own. Clients and server share the machine's cores. The "
        f"{HEAVY} songs are sent at once to a server whose deadline is {deadline_s:g} s.",
        (
            *_speed(loads, peer),
            *_promises(loads, beyond),
            Number("memory at last", memory, "MB"),
            *_heavy_promises(heavy, light, takes),
        ),
        charts=(_chart(loads, peer),),
        remarks=("Quick: without SavedModel.",) if bench.quick else (),
    )


def _speed(loads: Sequence[Load], peer: Sequence[Load]) -> list[Number]:
    one, most = loads[0], loads[-1]
    numbers = [
        Number("1 connection", one.rate, "answers/s"),
        Number(f"{most.connections} connections", most.rate, "answers/s", key="load_rate"),
        Number("throughput of these over 1 connection's", most.rate / one.rate, "times"),
        Number(f"{most.connections} connections, p50", most.latency_ms(0.5), "ms"),
        Number(f"{most.connections} connections, p99", most.latency_ms(0.99), "ms", key="load_p99"),
    ]
    ours = {load.connections: load for load in loads}
    for load in peer:
        name = f"{load.connections} connections: throughput over {PEERS[SAVED_MODEL]}'s"
        key = f"load_savedmodel_{load.connections}"
        numbers.append(Number(name, ours[load.connections].rate / load.rate, "times", key=key))
    return numbers


def _promises(loads: Sequence[Load], beyond: Load) -> list[Number]:
    every = (*loads, beyond)
    broken = sum(load.wrong + load.lost for load in every)
    refused = sum(load.statuses[429] for load in loads)
    others = sum(load.statuses.total() - load.statuses[429] for load in every)
    slowest = 1000 * max(max(load.pings, default=float("inf")) for load in every)
    return [
        Number("slowest /ping", slowest, "ms", Goal(100.0), key="load_ping"),
        Number("answers lost or mixed up", broken, "", NONE, key="load_lost"),
        Number("time-outs", sum(load.late for load in every), "", NONE, key="load_timeouts"),
        Number(f"429 at {loads[-1].connections} connections and fewer", refused, "", NONE),
        Number(f"429 at {BEYOND} connections", beyond.statuses[429], "", Goal(1, at_least=True)),
        Number("other errors", others, "", NONE),
    ]


def _heavy_promises(heavy: Load, light: Load, takes: int) -> list[Number]:
    name = f"{HEAVY} songs of {HEAVY_BARS} bars, {takes} takes each"
    others = (heavy.statuses + light.statuses).total() - heavy.statuses[429]
    broken = heavy.wrong + heavy.lost + light.wrong + light.lost
    return [
        Number(f"{name}: answered", len(heavy.latencies), "", Goal(1, at_least=True)),
        Number("429 among them", heavy.statuses[429], "", Goal(1, at_least=True)),
        Number("time-outs among them", heavy.late, "", NONE, key="heavy_timeouts"),
        Number("other errors, and answers lost or mixed up meanwhile", others + broken, "", NONE),
        Number("a phrase meanwhile, p50", light.latency_ms(0.5), "ms", key="heavy_phrase_p50"),
        Number("a phrase meanwhile, the slowest", light.latency_ms(1), "ms"),
    ]


def _chart(loads: Sequence[Load], peer: Sequence[Load]) -> Chart:
    curves = [
        Curve(f"{name}, {label}", tuple((load.rate, load.latency_ms(share)) for load in some))
        for name, some in (("ours", loads), (PEERS[SAVED_MODEL], peer))
        for label, share in (("p50", 0.5), ("p99", 0.99))
        if some
    ]
    title = f"{loads[0].connections} to {loads[-1].connections} connections"
    return Chart(title, "answers a second", "latency, ms", tuple(curves), "y")


async def load_all(
    server: Served, asked: Sequence[bytes], numbers: Sequence[int], seconds: float
) -> list[Load]:
    """Asks each question alone, then as many of them at a time as there are connections."""
    client = Client(server.port)
    alone = [(await client.send(question)).body for question in asked[: max(numbers)]]
    await client.close()
    await load_one(server, asked, alone, max(min(numbers), QUEUE // 2), seconds / 4)  # to warm up
    return [await load_one(server, asked, alone, number, seconds) for number in numbers]


async def load_heavily(
    server: Served, asked: Sequence[bytes], takes: int, seconds: float
) -> tuple[Load, Load]:
    """Sends heavy requests all at once, and others meanwhile; returns what either saw.

    Args:
        server: that is asked.
        asked: questions, one for each connection that asks so many seconds.
        takes: of each heavy request.
        seconds: after which whoever asked first has an answer.
    """
    await wait_until_ready(server)
    songs = questions.songs(HEAVY, HEAVY_BARS, takes)
    client = Client(server.port)
    alone = [(await client.send(question)).body for question in asked]
    await client.close()
    heavy = load_one(server, songs, [None] * HEAVY, HEAVY, HEAVY_SECONDS)
    light = load_one(server, asked, alone, len(asked), seconds)
    return await asyncio.gather(heavy, light)


async def load_one(
    server: Served,
    asked: Sequence[bytes],
    alone: Sequence[bytes | None],
    connections: int,
    seconds: float,
) -> Load:
    """Lets each of so many connections ask its own question until the time is over.

    Args:
        server: that is asked.
        asked: questions.
        alone: the answers that they get; None if any will do.
        connections: how many of the questions are asked.
        seconds: the time in which they are sent.
    """
    load = Load(connections)
    with pinging(server.port) as pings:
        start = perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for question, answer in zip(asked[:connections], alone[:connections], strict=True):
                tasks.create_task(_ask(server.port, question, answer, start + seconds, load))
        load.seconds = perf_counter() - start
    load.pings = pings
    return load


async def _ask(port: int, question: bytes, answer: bytes | None, end: float, load: Load) -> None:
    """One connection, which asks the same again and again."""
    client = Client(port)
    while (start := perf_counter()) < end:
        try:
            reply = await client.send(question)
        except TimeoutError:
            load.late += 1
        except NoReplyError:
            load.lost += 1
            await asyncio.sleep(0.05)
        else:
            if reply.status == 200:
                load.latencies.append(perf_counter() - start)
                load.wrong += answer not in (None, reply.body)
                continue
            load.statuses[reply.status] += 1
            load.late += reply.status == 504
            await asyncio.sleep(min(float(reply.headers.get("retry-after", 0)), end - start))
    await client.close()
