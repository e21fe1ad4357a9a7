"""The failure file: SageMaker shows its first 1,024 characters as the reason of a failed job."""

import contextlib
import traceback
from pathlib import Path

LIMIT = 1024
ROOM_BYTES = 4096  # as many as 1,024 characters of UTF-8 take


def prepare(path: Path) -> None:
    """Makes ready for a run: success shall leave no reason, and failure have room for one.

    What an earlier run left is deleted, and a hidden file keeps room on the disk, because the
    reason may be that the disk is full. A folder that cannot be written to is found out, and
    named, by the job's own first write.
    """
    if not path.parent.parent.is_dir():
        return
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        _room(path).write_bytes(bytes(ROOM_BYTES))


def give_up_room(path: Path) -> None:
    """Deletes the file that keeps the room."""
    with contextlib.suppress(OSError):
        _room(path).unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Writes the reason, cut to what is shown.

    A base folder that is not there is not made: nobody would look for the file. A folder that
    cannot be written to is no further fault, the reason stands in the log as well.
    """
    base = path.parent.parent
    if not base.is_dir():
        return
    give_up_room(path)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text[:LIMIT], encoding="utf-8")


def describe(error: BaseException) -> str:
    """Describes an error that nobody expected: its cause first, then the end of its traceback.

    The innermost calls come last in a traceback, so its beginning is what is left out.
    """
    cause = f"{type(error).__name__}: {error}".strip()
    room = LIMIT - len(cause) - len("\n\n...")
    trace = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    if room < 100 or not trace:  # a scrap of a traceback helps nobody
        return cause[:LIMIT]
    return f"{cause}\n\n{trace}" if len(trace) <= room else f"{cause}\n\n...{trace[-room:]}"


def _room(path: Path) -> Path:
    return path.with_name(".room-for-failure")
