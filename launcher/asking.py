"""A request to a server of ours by HTTP, and its refusals in our words."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException

from launcher.errors import LauncherError
from launcher.http_client import OPENER

TIMEOUT_S = 70.0  # SageMaker allows an answer 60
JSON = "application/json"


def ask(url: str, body: bytes, name: str) -> bytes:
    """Sends JSON and returns JSON.

    Args:
        url: of `/invocations`.
        body: the request.
        name: of the endpoint.

    Raises:
        LauncherError: what the server refuses, with its own code; `no_answer`, `endpoint_error`.
    """
    headers = {"Content-Type": JSON, "Accept": JSON}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (an address of our own)
    try:
        with OPENER.open(request, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise refusal(_read(error), error.code, name) from error
    except (OSError, HTTPException) as error:  # refused, reset, timed out, cut short
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise LauncherError(
            "no_answer",
            f"The endpoint {name} gave no answer: {reason}.",
            f"`python -m launcher.status {name}` shows whether it runs, and its log.",
        ) from error


def refusal(body: bytes, status: int, name: str) -> LauncherError:
    """Returns what a server says in an error's body, or at least its HTTP status."""
    try:
        content = json.loads(body)
        return LauncherError(content["error"], content["message"], content["hint"])
    except (ValueError, KeyError, TypeError):
        return LauncherError(
            "endpoint_error",
            f"The endpoint {name} answered with the HTTP status {status}.",
            f"`python -m launcher.status {name}` shows where its log is.",
        )


def _read(error: urllib.error.HTTPError) -> bytes:
    try:
        return bytes(error.read())
    except OSError:
        return b""
