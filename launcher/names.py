"""Names of jobs and endpoints: SageMaker's rules on every target, so that a name fits them all."""

import re
import secrets
from datetime import UTC, datetime

from launcher.errors import LauncherError

LONGEST = 63
PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # API reference, TrainingJobName


def unique_name(base: str) -> str:
    """Makes a valid name out of any words: the base, the time and four random characters.

    Two names of one second differ, and names of one base sort by time.
    """
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    words = re.sub(r"[^a-zA-Z0-9]+", "-", base)[: LONGEST - len(stamp) - 1].strip("-")
    return f"{words}-{stamp}" if words else f"accompanist-{stamp}"


def check_name(name: str) -> str:
    """Returns a name that SageMaker would take.

    Raises:
        LauncherError: if it would not.
    """
    if len(name) > LONGEST or not PATTERN.fullmatch(name):
        raise LauncherError(
            f"{name!r} is no name for a job or an endpoint.",
            f"Use 1 to {LONGEST} letters, digits and hyphens, a letter or digit at both ends.",
        )
    return name
