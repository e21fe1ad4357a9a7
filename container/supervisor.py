"""The parent of the trainer: passes signals on, reaps children, and explains sudden deaths.

It is small on purpose. A trainer that runs out of memory or meets an instruction that its processor
lacks cannot say so itself; this process outlives it and writes the failure file.
"""

import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from container import failure
from container.paths import TrainingPaths
from container.stop import SIGNALS, hold_signals, ignore_signals, release_signals

logger = logging.getLogger(__name__)

# What usually stands behind a death by signal, and what to do about it.
_HINTS = {
    signal.SIGKILL: "Most likely the memory ran out: lower `batch_size` or take an instance with "
    "more memory.",
    signal.SIGILL: "The processor lacks an instruction that TensorFlow was built for: take a "
    "newer instance type.",
    signal.SIGSEGV: "A native library crashed: see the end of the log, and run the job again.",
    signal.SIGBUS: "Most likely the disk or the shared memory is full: take a larger volume.",
    signal.SIGABRT: "A native library gave up: see the end of the log for its reason.",
}


def supervise(command: Sequence[str], paths: TrainingPaths, environ: Mapping[str, str]) -> int:
    """Runs the trainer to its end.

    Args:
        command: starts the trainer; it must let through SIGTERM and SIGINT, which it inherits
            blocked, once it can handle them.
        paths: where the failure file belongs.
        environ: the trainer's environment.

    Returns:
        The exit code for this process: the trainer's own, or 128 + the signal it died of.
    """
    failure.prepare(paths.failure)
    # Held back until the trainer listens: a signal during its start would kill it with no trace.
    hold_signals()
    child = subprocess.Popen(command, env=dict(environ), stdin=subprocess.DEVNULL)
    _forward_signals(child)
    release_signals()
    code = _reap_until(child)
    ignore_signals()
    if code < 0:
        code = 128 - code
    if code:
        _explain(code, paths)
    failure.give_up_room(paths.failure)
    return code


def _forward_signals(child: "subprocess.Popen[bytes]") -> None:
    def forward(number: int, _frame: FrameType | None) -> None:
        # `Popen.send_signal` would reap a child that has just ended, and leave none to wait for.
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)

    for number in SIGNALS:
        signal.signal(number, forward)


def _reap_until(child: "subprocess.Popen[bytes]") -> int:
    """Waits for the trainer's end; as the first process of a container it also reaps strangers."""
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode


def _explain(code: int, paths: TrainingPaths) -> None:
    """Writes why the trainer ended, where it could not do so itself."""
    if paths.failure.exists():
        return
    if code > 128:
        name, hint = _signal(code - 128)
        text = f"The training process was ended by {name} (exit code {code}). {hint}"
    else:
        text = f"The training process ended with exit code {code}. See the end of the log."
    logger.error(text)
    failure.write(paths.failure, text)


def _signal(number: int) -> tuple[str, str]:
    default = "See the end of the log."
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}", default
    return known.name, _HINTS.get(known, default)
