"""Names of jobs and endpoints, as SageMaker takes them (CreateTrainingJob, API reference)."""

import re
import secrets
import unicodedata
from datetime import datetime

from launcher.errors import LauncherError

MAX_LENGTH = 63
ANYWHERE_IN_AWS = "ml"  # as an instance type, which matters to what is new only
RESERVED = frozenset({"data", "endpoints"})  # folders beside those of the jobs

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
_SUFFIX_LENGTH = 4


def is_name(text: str) -> bool:
    """Whether SageMaker would take the name."""
    return len(text) <= MAX_LENGTH and _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """Returns a name that a user chose.

    Raises:
        LauncherError: `bad_name` if SageMaker would refuse it, with the nearest good one.
    """
    if is_name(text) and text not in RESERVED:
        return text
    fault = "is reserved" if text in RESERVED else "has other characters, or hyphens at an end"
    if len(text) > MAX_LENGTH:
        fault = f"has {len(text)} characters"
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise LauncherError(
        "bad_name",
        f"A name has 1 to {MAX_LENGTH} letters, digits and inner hyphens; {shown!r} {fault}.",
        f"A good one would be {_fit(text, MAX_LENGTH)}.",
    )


def generate_name(base: str, now: datetime) -> str:
    """Makes a new name from any text, e.g. `bach-20261121-013622-x7f3`.

    Args:
        base: what the name shall begin with; what a name cannot hold is left out.
        now: the time, to the second; four random letters keep two jobs of one second apart.
    """
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(_SUFFIX_LENGTH))
    end = f"-{now:%Y%m%d-%H%M%S}-{suffix}"
    return _fit(base, MAX_LENGTH - len(end)) + end


def _fit(text: str, length: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^a-zA-Z0-9]+", "-", plain).strip("-")[:length].strip("-")
    return name if name and name not in RESERVED else "accompanist"
