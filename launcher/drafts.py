"""Files and folders that are whole or absent, and one writer at a time."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from launcher.errors import LauncherError

PREFIX = ".draft-"


def draft_of(path: Path) -> Path:
    """Returns a free path beside `path`, to be written and then renamed to it."""
    return path.with_name(f"{PREFIX}{secrets.token_hex(4)}-{path.name}")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a draft that takes the place of `path` at the end, or is deleted after an error."""
    draft = draft_of(path)
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file at once: a reader sees the old content or the new."""
    with whole_file(path) as draft:
        draft.write_bytes(data)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds a folder for this process: two starters of one job would mix their files.

    The operating system lets go of it when the process ends, however it ends.

    Raises:
        LauncherError: `busy` if another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LauncherError(
                "busy",
                f"Another command is at work on {folder.name}.",
                "Wait until it is done, then try again.",
            ) from error
        yield
    finally:
        os.close(handle)
