"""Looks at a server while it works: does it answer /ping, and what does it hold in memory?"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import perf_counter

from tests.load.client import Client, NoReplyError
from tests.load.served import Served

EVERY_S = 0.1
PING = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Watch:
    """What was seen.

    Attributes:
        pings: seconds until /ping answered 200.
        silent: how often it did not.
        late: seconds by which our own timer was late: what the machine adds to all of this.
        memory: MiB.
    """

    def __init__(self, served: Served) -> None:
        self.pings: list[float] = []
        self.silent = 0
        self.late: list[float] = []
        self.memory: list[float] = []
        self._served = served

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Looks for as long as the block lasts."""
        self._weigh()
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        client = Client(self._served.port)
        try:
            while True:
                start = perf_counter()
                if await is_ready(client):
                    self.pings.append(perf_counter() - start)
                else:
                    self.silent += 1
                self._weigh()
                start = perf_counter()
                await asyncio.sleep(EVERY_S)
                self.late.append(perf_counter() - start - EVERY_S)
        finally:
            await client.close()

    def _weigh(self) -> None:
        memory = self._served.memory()
        if memory is not None:
            self.memory.append(memory)


async def is_ready(client: Client) -> bool:
    """Asks for /ping."""
    try:
        return (await client.send(PING)).status == 200
    except (NoReplyError, TimeoutError, ValueError):
        return False


async def wait_until_ready(served: Served, seconds: float = 60.0) -> None:
    """Waits for a server.

    Raises:
        TimeoutError: if it is not ready in time.
    """
    client = Client(served.port)
    async with asyncio.timeout(seconds):
        while not await is_ready(client):
            await asyncio.sleep(0.02)
    await client.close()
