"""Reads the body of a request, with bounds in size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from container.faults import RequestError

# A client that is still sending does not read the refusal. So somewhat more than the limit is read
# and thrown away before it is sent; who sends more than that finds the connection closed.
DRAIN = 4


async def read_body(request: Request, max_bytes: int, deadline: float) -> bytes:
    """Reads the whole body.

    Args:
        request: nothing of its body has been read.
        max_bytes: of the body.
        deadline: in the time of the event loop.

    Raises:
        RequestError: 413 `too_large`, 408 `slow_body`.
        ClientDisconnect: the client is gone.
    """
    length = request.headers.get("content-length", "")
    claimed = int(length) if length.isdecimal() and len(length) < 19 else 0
    refused = RequestError(
        413,
        "too_large",
        f"The body is larger than {max_bytes} bytes.",
        "Send a shorter melody, or split the batch.",
    )
    if claimed > max_bytes and "100-continue" in request.headers.get("expect", "").lower():
        raise refused  # the client has sent nothing and waits for this
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in request.stream():
                size += len(chunk)
                if max(size, claimed) <= max_bytes:
                    chunks.append(chunk)
                elif size > DRAIN * max_bytes:
                    break
                else:
                    chunks.clear()
    except TimeoutError as error:
        raise RequestError(
            408,
            "slow_body",
            "The body did not arrive in time.",
            "Send it faster, or send less.",
        ) from error
    if max(size, claimed) > max_bytes:
        raise refused
    return b"".join(chunks)


async def wait_for_disconnect(request: Request) -> None:
    """Returns when the client of a request, whose body has been read, is gone."""
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except ClientDisconnect:
        pass
