"""Processes that outlive the command that started them, told apart from strangers.

A process number is used again after its process has ended, so a process is known by its number and
the time of its start, and that time by the boot in which it was counted.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05
_HELPER = Path(__file__).with_name("detached.py")


@dataclass(frozen=True)
class Process:
    """One process on this machine, perhaps ended.

    Attributes:
        pid: its number.
        started: when it was started; in no unit, to be compared with an equal one only.
    """

    pid: int
    started: str

    def is_alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return bool(self.started) and _start_of(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if there is still someone to receive it."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill_group(self) -> None:
        """Ends at once a process that leads a group, and all who belong to it."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Waits for its end; returns whether it has come."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def identify(pid: int) -> Process:
    """Returns the process with a number; if there is none, one that is not alive."""
    return Process(pid, _start_of(pid) or "")


def start_detached(
    command: Sequence[str], *, folder: Path, log: Path, environ: Mapping[str, str]
) -> Process:
    """Starts a command in a session of its own, so that no terminal and no parent end it.

    Args:
        command: the words of the command.
        folder: its working folder.
        log: the file that its output is added to; also says why a command could not be started.
        environ: its whole environment.
    """
    helper = subprocess.run(  # who starts it ends at once: nobody has to wait for the command
        [sys.executable, "-I", str(_HELPER), str(log), *command],
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the terminal is not for it
        check=True,
    )
    return identify(int(helper.stdout))


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Lets Ctrl-C wait for the end of the block; other threads never get it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment for a process of ours that plays a container.

    Our packages come first, whatever lies in the working folder, and what a surrounding SageMaker
    job says about itself is left out.
    """
    home = str(Path(__file__).parents[1])
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("SM_", "TRAINING_JOB_"))
    }
    path = [home, *filter(None, [environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def _start_of(pid: int) -> str | None:
    """Returns when a process was started, None if it has ended."""
    if sys.platform != "linux":
        return _start_by_ps(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19]}"  # ticks since boot, field 22 of proc(5)


def _start_by_ps(pid: int) -> str | None:
    done = subprocess.run(
        ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 (where ps is, varies)
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, start = done.stdout.strip().partition(" ")
    return start.strip() if state and not state.startswith("Z") else None
