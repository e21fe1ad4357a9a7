"""State files and locks: how commands know of processes that others have started.

A process holds a lock on a file in its folder as long as it lives, inherited from the command that
started it, so there is no moment in which it runs without. A lock cannot outlive its process nor
be mistaken for another's, as a process number can.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOCK = ".lock"


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a state file, whole or not at all."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read_state(path: Path) -> dict[str, Any] | None:
    """Reads a state file; None if there is none."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return state if isinstance(state, dict) else None


def is_running(folder: Path) -> bool:
    """Whether the process of `folder` lives."""
    lock = _lock(folder)
    if lock is None:
        return (folder / LOCK).exists()
    os.close(lock)
    return False


def start_detached(
    arguments: Sequence[str], folder: Path, log: Path, variables: Mapping[str, str]
) -> int | None:
    """Starts a Python process that outlives this one and holds the lock of `folder`.

    Args:
        arguments: of the interpreter, e.g. `-m container serve`.
        folder: whose lock it holds.
        log: gets its output, appended.
        variables: of the environment, beside the caller's own.

    Returns:
        The number of the process, None if another one holds the lock.
    """
    lock = _lock(folder)
    if lock is None:
        return None
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                start_new_session=True,
            )
    finally:
        os.close(lock)
    return process.pid


def send_signal(folder: Path, pid: int, number: signal.Signals) -> bool:
    """Signals the process of `folder`; False if it does not live any more."""
    if not is_running(folder):
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def _lock(folder: Path) -> int | None:
    """Takes the lock of `folder`, None if another process has it; closing it gives it back."""
    if not folder.is_dir():
        return None
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
