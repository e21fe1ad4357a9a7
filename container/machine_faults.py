"""Faults of the machine under a job: disks that are full, folders that are not writable, memory.

They surface in any line that touches a file, so they are recognised where the job ends, not where
they arise. Errors of TensorFlow and HDF5 carry the system's words instead of its number.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from container.errors import JobError
from container.paths import TrainingPaths


def explain(error: BaseException, paths: TrainingPaths) -> JobError | None:
    """Explains an error that the machine is behind, and says what to do.

    Args:
        error: what ended the job.
        paths: the job's files.

    Returns:
        The fault in two sentences; None if the machine is not to blame.
    """
    if isinstance(error, MemoryError) or "OOM when allocating" in str(error):
        return _memory()
    for cause in (error, error.__cause__):
        if isinstance(cause, OSError) and (fault := _of_number(cause, paths)):
            return fault
    number = next((n for n in _DISK if os.strerror(n) in str(error)), None)
    return None if number is None else _DISK[number]("A file", paths)


def _of_number(error: OSError, paths: TrainingPaths) -> JobError | None:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
    what = name or "A file"
    if error.errno in _DISK:
        return _DISK[error.errno](what, paths)
    if error.errno == errno.ENOMEM:
        return _memory()
    if error.errno in (errno.EIO, errno.ESTALE, errno.ENOTCONN):
        return JobError(
            "storage_lost",
            f"{what} can no longer be read or written: {os.strerror(error.errno)}.",
            "Run the job again; if the channel is streamed (FastFile), use the input mode File.",
        )
    if error.errno == errno.ENOENT and name and paths.channels in Path(name).parents:
        return JobError(
            "channel_vanished",
            f"{name} vanished while the job read its data.",
            "Leave the channel's files alone while a job runs, and run it again.",
        )
    return None


def _memory() -> JobError:
    return JobError(
        "no_memory",
        "The memory ran out.",
        "Lower `batch_size`, use a smaller data set, or take an instance with more memory.",
    )


def _full(what: str, _: TrainingPaths) -> JobError:
    return JobError(
        "disk_full",
        f"The disk is full: {what} could not be written.",
        "Give the job a larger volume, or keep fewer checkpoints with `keep_checkpoints`; a run "
        "with the same checkpoints continues.",
    )


def _too_large(what: str, _: TrainingPaths) -> JobError:
    return JobError(
        "file_too_large",
        f"{what} grew larger than the system lets a file be.",
        "Raise the limit on the size of files (`ulimit -f`).",
    )


def _read_only(what: str, paths: TrainingPaths) -> JobError:
    return JobError(
        "read_only",
        f"{what} lies on a file system that can only be read.",
        f"Make model, output and checkpoints below {paths.base} writable.",
    )


def _forbidden(what: str, paths: TrainingPaths) -> JobError:
    return JobError(
        "no_permission",
        f"{what} must not be read or written by the user that runs the job, number {os.getuid()}.",
        f"Give this user the right to read {paths.input} and to write model, output and "
        f"checkpoints below {paths.base}, or run the job as another.",
    )


_DISK: dict[int, Callable[[str, TrainingPaths], JobError]] = {
    errno.ENOSPC: _full,
    errno.EDQUOT: _full,
    errno.EFBIG: _too_large,
    errno.EROFS: _read_only,
    errno.EACCES: _forbidden,
    errno.EPERM: _forbidden,
}
