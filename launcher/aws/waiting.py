"""Waits until SageMaker has done what it was asked for."""

import time
from collections.abc import Callable
from typing import TypeVar

from launcher.errors import LauncherError
from launcher.following import PASSING

POLL_S = 5.0  # describing more often is throttled
PATIENCE = 20  # looks in a row that may fail, each after half a minute of tries

Seen = TypeVar("Seen")


def watch(
    look: Callable[[], Seen], is_over: Callable[[Seen], bool], tell: Callable[[str], object]
) -> Seen:
    """Looks again and again until something is over, also after a lost connection.

    Args:
        look: returns what is seen.
        is_over: whether that is the end.
        tell: called once with a sentence when AWS cannot be asked for a while.

    Returns:
        What was seen last.

    Raises:
        LauncherError: as `look` raises, if it does not pass.
    """
    missed = 0
    while True:
        try:
            seen = look()
            missed = 0
        except LauncherError as error:
            if error.code not in PASSING or missed >= PATIENCE:
                raise
            if not missed:
                tell(f"{error.message} Trying again; what runs in AWS goes on.")
            missed += 1
        else:
            if is_over(seen):
                return seen
        time.sleep(POLL_S)
