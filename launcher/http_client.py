"""Requests to servers on this machine."""

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException

PING_S = 2.0  # what SageMaker allows for an answer

# Proxies are for other machines.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Reply:
    """What a server answered.

    Attributes:
        status: of HTTP.
        media_type: without parameters.
        body: the whole of it.
        seconds: from the request to the last byte.
    """

    status: int
    media_type: str
    body: bytes
    seconds: float


def send(url: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Reply:
    """Sends a request, POST with a body and GET without; answers of any status come back.

    Raises:
        OSError, HTTPException: if there is no whole answer.
    """
    start = time.perf_counter()
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310 (an address of ours)
    try:
        answer = OPENER.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        data = bytes(answer.read())
        kind = answer.headers.get_content_type()
        return Reply(answer.status, kind, data, time.perf_counter() - start)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 in the time that SageMaker allows."""
    try:
        return send(url, None, {}, PING_S).status == 200
    except (OSError, HTTPException):
        return False
