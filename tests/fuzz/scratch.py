"""A folder for targets that read files: in memory where the system has such a place."""

import atexit
import functools
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it


@functools.cache
def scratch() -> Path:
    """The folder of this process; it is gone when the process ends."""
    folder = tempfile.TemporaryDirectory(
        prefix="accompanist-fuzz-",
        dir=MEMORY if MEMORY.is_dir() else None,
        ignore_cleanup_errors=True,
    )
    atexit.register(folder.cleanup)
    return Path(folder.name)
