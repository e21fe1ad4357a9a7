"""Faults of HTTP requests, and how they are told: JSON below 2 kB, never a traceback.

    RequestError    a request that is answered with an error status

`music.errors.MusicError` is answered with 400, everything that escapes with 500.
"""

import json
from collections.abc import Mapping

from starlette.responses import Response

MAX_ERROR_BYTES = 2000  # SageMaker passes 2048 on
MAX_PART = 900  # characters of message and hint each


class RequestError(Exception):
    """A request that cannot be answered.

    Attributes:
        status: the HTTP status.
        code: the kind of fault in snake case, stable for programs.
        message: one sentence for the fault.
        hint: one sentence for the cure.
        headers: to be sent with the answer, e.g. `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{message} {hint}")
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})


def describe_fault(code: str, message: str, hint: str) -> dict[str, str]:
    """Returns the JSON object of an error, short enough for SageMaker to pass on whole."""
    length = MAX_PART
    while True:
        fault = {
            "error": code,
            "message": _shorten(message, length),
            "hint": _shorten(hint, length),
        }
        if len(_dump(fault)) <= MAX_ERROR_BYTES:
            return fault
        length = length * 2 // 3  # JSON spells some characters in two or six bytes


def error_response(
    status: int, code: str, message: str, hint: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answers with an error."""
    body = _dump(describe_fault(code, message, hint))
    return Response(body, status, headers, media_type="application/json")


def _dump(fault: Mapping[str, str]) -> bytes:
    return json.dumps(fault, ensure_ascii=True).encode("ascii") + b"\n"


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
