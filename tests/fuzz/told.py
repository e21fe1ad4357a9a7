"""What every refusal owes to whoever gets it."""

import json
import re

from container.faults import MAX_ERROR_BYTES, RequestError, error_response
from launcher.errors import LauncherError
from music.errors import MusicError

CODE = re.compile("[a-z]+(_[a-z]+)*")


def check_told(error: MusicError | RequestError | LauncherError) -> None:
    """A code for programs, a sentence for the fault and one for the cure, and an answer of HTTP."""
    assert CODE.fullmatch(error.code), error.code
    assert error.message.strip()
    assert error.hint.strip()
    status = getattr(error, "status", 400)
    assert 400 <= status < 500, status
    body = error_response(status, error.code, error.message, error.hint).body
    assert len(body) <= MAX_ERROR_BYTES
    assert json.loads(body)["error"] == error.code
