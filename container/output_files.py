"""What a job has written so far, fit to be shown elsewhere: whole files, whole lines of logs."""

import contextlib
import os
import stat
from pathlib import Path

HIDDEN = ("draft-", ".")  # files get their names when they are whole
GROWING = ".jsonl"  # a line at a time; every other file is replaced as a whole

# When a file was written, its size and its inode: what differs has changed.
Stamp = tuple[int, int, int]

_CONTENT_TYPES = {
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".mid": "audio/midi",
    ".mp4": "video/mp4",
    ".png": "image/png",
}


def list_files(folder: Path) -> dict[str, Stamp]:
    """Finds the files below a folder, drafts and links left out.

    Returns:
        The stamps, by path relative to the folder with `/` between its parts.
    """
    found: dict[str, Stamp] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(HIDDEN):
                continue
            path = Path(parent, name)
            with contextlib.suppress(OSError):  # replaced or deleted just now
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                    found[path.relative_to(folder).as_posix()] = stamp
    return found


def read_whole(path: Path) -> bytes:
    """Reads a file; of one that grows, the lines that are whole.

    Raises:
        OSError: if it cannot be read, or is gone.
    """
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1] if path.suffix == GROWING else data


def content_type(name: str) -> str:
    """Returns what a browser is to take a file for."""
    return _CONTENT_TYPES.get(Path(name).suffix, "application/octet-stream")
