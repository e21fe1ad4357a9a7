"""Many clients at once that ask until everything is answered."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from tests.load.asks import Ask
from tests.load.client import Client, NoReplyError

PAUSE_S = 0.05  # before a server that has gone is asked again
TRIES = 2000


@dataclass
class Tally:
    """What came back.

    Attributes:
        answered: requests with a good answer.
        latencies: seconds from sending to the whole answer, of those that were not refused.
        refused: how often each status sent a client away for a while, 429 and 503.
        lost: how often a connection ended without a whole answer, and how.
        faults: what must never be, a sentence each.
        digests: of the answers, by the number of the request.
    """

    answered: int = 0
    latencies: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)


class Sender:
    """Sends requests through connections that each wait for one answer at a time.

    Args:
        port: of the server, on 127.0.0.1.
        numbers: of the requests.
        campaign: see `Ask`.
        is_disturbed: whether the server is stopped meanwhile; only then connections may end.
    """

    def __init__(
        self, port: int, numbers: Sequence[int], campaign: int = 0, *, is_disturbed: bool = False
    ) -> None:
        self.tally = Tally()
        self.wanted = len(numbers)
        self.stopping = False
        self._port = port
        self._numbers = iter(numbers)
        self._campaign = campaign
        self._is_disturbed = is_disturbed

    async def run(self, connections: int) -> Tally:
        """Sends everything, or what there is time for until `stopping`."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(self._work())
        return self.tally

    async def _work(self) -> None:
        client = Client(self._port)
        for number in self._numbers:
            if self.stopping:
                break
            await self._ask(client, Ask(number, self._campaign))
        await client.close()

    async def _ask(self, client: Client, ask: Ask) -> None:
        request, tally = ask.request(), self.tally
        for _ in range(TRIES):
            start = perf_counter()
            try:
                reply = await client.send(request)
            except NoReplyError as error:
                tally.lost[str(error)] += 1
                if not self._is_disturbed:
                    tally.faults.append(f"Request {ask.number} was {error}.")
                await asyncio.sleep(PAUSE_S)
                continue
            except (TimeoutError, ValueError) as error:
                tally.faults.append(f"Request {ask.number}: {type(error).__name__} {error}")
                return
            took = perf_counter() - start
            after = reply.headers.get("retry-after", "")
            if reply.status in self._may_refuse() and after.isdecimal():
                tally.refused[reply.status] += 1
                await asyncio.sleep(int(after))
                continue
            faults = [f"Request {ask.number}: {fault}." for fault in ask.faults(reply)]
            tally.faults += faults
            if not faults:
                tally.answered += 1
                tally.latencies.append(took)
            tally.digests[ask.number] = hashlib.sha256(reply.body).hexdigest()
            return
        tally.faults.append(f"Request {ask.number} was never answered.")

    def _may_refuse(self) -> tuple[int, ...]:
        return (429, 503) if self._is_disturbed else (429,)
