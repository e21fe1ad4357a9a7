"""Reads the body of a request, with bounds in size, time and memory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from container.faults import RequestError

# A client that is still sending does not read the refusal. So somewhat more than the limit is read
# and thrown away before it is sent; who sends more than that finds the connection closed.
DRAIN = 4


class Room:
    """The memory that all bodies together may take, from their first byte to their answer.

    Attributes:
        max_bytes: of all bodies.
        taken: bytes of them now.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.taken = 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Gives room to one body; it is free again at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.clear()


class Share:
    """What one body takes of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0

    def take(self, size: int) -> bool:
        """Takes so many bytes more; returns whether they were free."""
        if self._room.taken + size > self._room.max_bytes:
            return False
        self._room.taken += size
        self._taken += size
        return True

    def clear(self) -> None:
        """Gives all back."""
        self._room.taken -= self._taken
        self._taken = 0


async def read_body(
    request: Request,
    max_bytes: int,
    deadline: float,
    *,
    share: Share | None = None,
    fault: RequestError | None = None,
) -> bytes:
    """Reads the whole body.

    Args:
        request: nothing of its body has been read.
        max_bytes: of the body.
        deadline: in the time of the event loop.
        share: room for the body; None if it matters to nobody.
        fault: why the request will be refused whatever its body: then the body is not kept.

    Raises:
        RequestError: `fault`, 413 `too_large`, 408 `slow_body`, 429 `busy`.
        ClientDisconnect: the client is gone.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 19 and int(length) > max_bytes:
        fault = _too_large(max_bytes)
    if fault and "100-continue" in request.headers.get("expect", "").lower():
        raise fault  # the client has sent nothing and waits for this
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in request.stream():
                size += len(chunk)
                if fault is None:
                    fault = _refusal(size, max_bytes, len(chunk), share)
                if fault is None:
                    body += chunk
                    continue
                body.clear()
                if share:
                    share.clear()
                if size > DRAIN * max_bytes:
                    fault.headers["Connection"] = "close"
                    break
    except TimeoutError as error:
        raise fault or RequestError(
            408,
            "slow_body",
            "The body did not arrive in time.",
            "Send it faster, or send less.",
        ) from error
    if fault:
        raise fault
    return bytes(body)


def _refusal(size: int, max_bytes: int, more: int, share: Share | None) -> RequestError | None:
    """Says why a body of `size` bytes, `more` of which are new, is not kept; None if it is."""
    if size > max_bytes:
        return _too_large(max_bytes)
    if share is None or share.take(more):
        return None
    return RequestError(
        429,
        "busy",
        "Other large bodies take all the memory that there is for them.",
        "Try again in a second, or send less at a time.",
        {"Retry-After": "1"},
    )


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        413,
        "too_large",
        f"The body is larger than {max_bytes} bytes.",
        "Send a shorter melody, or split the batch.",
    )


async def wait_for_disconnect(request: Request) -> None:
    """Returns when the client of a request, whose body has been read, is gone."""
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except ClientDisconnect:
        pass
