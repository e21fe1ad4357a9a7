"""A server under load: undisturbed with more and more connections, then killed, then stopped."""

import asyncio
import signal
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice
from time import perf_counter

from container.app import Settings
from tests.load.sender import Sender, Tally
from tests.load.served import Served
from tests.load.watch import Watch, wait_until_ready

STATUS = r"/invocations: (\d+)"  # in the server's log
QUEUE = Settings.queue_limit
AGAIN = 50  # one answer in so many is asked for a second time


@dataclass(frozen=True)
class Row:
    """What one number of connections came to in so many seconds."""

    connections: int
    tally: Tally
    seconds: float
    seen: Watch

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.tally.answered / self.seconds

    def latency(self, share: float) -> float:
        """The latency of all but the slowest, in ms."""
        return 1000 * quantile(self.tally.latencies, share)

    def cells(self) -> dict[str, str]:
        """The row of a table."""
        return {
            "connections": f"{self.connections}",
            "requests": f"{self.tally.answered}",
            "requests/s": f"{self.rate:.1f}",
            **{f"p{p} ms": f"{self.latency(p / 100):.0f}" for p in (50, 90, 99)},
            "max ms": f"{self.latency(1):.0f}",
            "429": f"{self.tally.refused[429]}",
            "ping p50 ms": f"{1000 * quantile(self.seen.pings, 0.5):.1f}",
            "ping p99 ms": f"{1000 * quantile(self.seen.pings, 0.99):.1f}",
            "ping max ms": f"{1000 * quantile(self.seen.pings, 1):.1f}",
            "timer late max ms": f"{1000 * quantile(self.seen.late, 1):.1f}",
            "MiB at first": f"{self.seen.memory[0]:.1f}",
            "peak": f"{max(self.seen.memory):.1f}",
            "at last": f"{self.seen.memory[-1]:.1f}",
        }


class Campaign:
    """All loads on one server, and what must never be but was.

    Args:
        served: has been started.
        seed: of all requests.
    """

    def __init__(self, served: Served, seed: int = 0) -> None:
        self.served = served
        self.faults: list[str] = []
        self.sender: Sender | None = None
        self.answered = 0
        self.stopping = False
        self._before = served.logged(STATUS).count("200")
        self._seed = seed
        self._numbers = count()

    def stop(self) -> None:
        """Lets what is on its way come back, and ends."""
        self.stopping = True
        if self.sender is not None:
            self.sender.stopping = True

    async def row(self, connections: int, requests: int, ping_s: float = 0.1) -> Row:
        """Loads an undisturbed server; then asks some of the questions again, alone."""
        await wait_until_ready(self.served)
        numbers = list(islice(self._numbers, requests))
        sender, watch = self._send(numbers), Watch(self.served)
        start = perf_counter()
        async with watch.looking():
            tally = await sender.run(connections)
        seconds = perf_counter() - start
        self._count(tally, len(numbers))
        again = [number for number in tally.digests if number % AGAIN == 0]
        alone = await self._send(again).run(1)
        self._count(alone, len(again))
        for number, digest in alone.digests.items():
            if digest != tally.digests[number]:
                self.faults.append(f"Request {number} was answered otherwise when alone.")
        if watch.silent or max(watch.pings, default=0) > ping_s:
            self.faults.append(
                f"With {connections} connections /ping was silent {watch.silent} times and took "
                f"{1000 * max(watch.pings, default=0):.0f} ms once."
            )
        if (min(connections, requests) <= QUEUE) == bool(tally.refused) and not self.stopping:
            self.faults.append(
                f"{connections} connections saw {tally.refused[429]} times 429; the server lets "
                f"{QUEUE} requests wait."
            )
        return Row(connections, tally, seconds, watch)

    async def disturbed(
        self, how: signal.Signals, connections: int, requests: int, times: int = 1
    ) -> Tally:
        """Stops the server in the middle of a load, `times` times, and starts it again."""
        await wait_until_ready(self.served)
        numbers = list(islice(self._numbers, requests))
        sender = self._send(numbers, is_disturbed=True)
        sending = asyncio.create_task(sender.run(connections))
        for part in range(1, times + 1):
            while sender.tally.answered < requests * part / (times + 1) and not sending.done():
                await asyncio.sleep(0.01)
            code = await asyncio.to_thread(self.served.stop, how)
            if code != (0 if how == signal.SIGTERM else -how):
                self.faults.append(f"After {how.name} the server's exit code is {code}.")
            self.served.start()
            await wait_until_ready(self.served)
        tally = await sending
        self._count(tally, requests)
        if not tally.lost and not self.stopping:
            self.faults.append(f"Nobody noticed {how.name}: it came too late.")
        if how == signal.SIGTERM and tally.lost["truncated"]:
            self.faults.append(f"SIGTERM cut off {tally.lost['truncated']} answers.")
        return tally

    def check_log(self) -> None:
        """Holds the server's log against what arrived; not after a SIGKILL."""
        statuses = self.served.logged(STATUS)
        sent = statuses.count("200") - self._before
        if sent != self.answered:
            self.faults.append(
                f"The server answered {sent} requests; {self.answered} of these answers arrived."
            )
        if others := sorted(set(statuses) - {"200", "429", "503"}):
            self.faults.append(f"The server also answered with {', '.join(others)}.")
        if errors := self.served.logged("(?m)^(?:ERROR|CRITICAL|Traceback).*"):
            self.faults.append(f"The server's log says: {errors[0]}")

    def _send(self, numbers: Sequence[int], *, is_disturbed: bool = False) -> Sender:
        self.sender = Sender(self.served.port, numbers, self._seed, is_disturbed=is_disturbed)
        self.sender.stopping = self.stopping
        return self.sender

    def _count(self, tally: Tally, wanted: int) -> None:
        self.answered += tally.answered
        self.faults += tally.faults
        if tally.answered != wanted and not self.stopping:
            self.faults.append(f"Of {wanted} requests {tally.answered} were answered well.")


def growth(rows: Sequence[Row]) -> float:
    """By how much the memory of the first row's end was exceeded at last, in MiB."""
    return statistics.median(rows[-1].seen.memory[-10:]) - statistics.median(
        rows[0].seen.memory[-10:]
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that a share of all do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
