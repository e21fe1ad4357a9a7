"""A client that notices every byte: one connection, kept alive, one request at a time.

Libraries mend what a load test has to see, such as a connection that was closed.
"""

import asyncio
import contextlib
from dataclasses import dataclass

PATIENCE_S = 65.0  # more than the server's deadline: whoever waits so long has been forgotten


@dataclass(frozen=True)
class Reply:
    """An answer, whole; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class NoReplyError(Exception):
    """A request without a whole answer: `refused`, `closed` before its first byte, `truncated`."""


class Client:
    """A connection that is opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> Reply:
        """Sends a request and waits for the answer.

        Raises:
            NoReplyError: if there is none, or not the whole.
            TimeoutError: if it takes too long.
            ValueError: if it is no HTTP.
        """
        whole = False
        try:
            async with asyncio.timeout(PATIENCE_S):
                reply = await self._send(request)
            whole = reply.headers.get("connection", "").lower() != "close"
            return reply
        finally:
            if not whole:
                await self.close()

    async def close(self) -> None:
        """Closes the connection; the next request opens another."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send(self, request: bytes) -> Reply:
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            except ConnectionError as error:
                raise NoReplyError("refused") from error
        reader, writer = self._streams
        begun = False
        try:
            writer.write(request)
            await writer.drain()
            begin = await reader.readexactly(1)
            begun = True
            head = begin + await reader.readuntil(b"\r\n\r\n")
            status, headers = _read_head(head)
            return Reply(status, headers, await reader.readexactly(int(headers["content-length"])))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise NoReplyError("truncated" if begun else "closed") from error


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    version, status, *_ = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError(f"An answer begins with {first[:80]!r}.")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if not headers.get("content-length", "").isdecimal():
        raise ValueError(f"An answer has no length: {sorted(headers)}.")
    return int(status), headers
