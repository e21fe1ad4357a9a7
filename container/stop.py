"""Stopping: the signals that ask for it, and the trainer's flag that remembers them."""

import os
import signal
import threading
import time
from types import FrameType

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def hold_signals() -> None:
    """Lets signals wait until someone listens; children inherit this."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def release_signals() -> None:
    """Lets the signals through that were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def ignore_signals() -> None:
    """Lets no signal spoil the exit code of a process whose work is done.

    While Python shuts down it restores the default handlers, and the default of SIGTERM is to die.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave_threads_behind(code: int, patience_s: float) -> None:
    """Ends the process at once if other threads go on for longer; else returns.

    Python itself would wait for them, and a thread that computes cannot be stopped.
    """
    end = time.monotonic() + patience_s
    others = [t for t in threading.enumerate() if t is not threading.current_thread()]
    for thread in others:
        thread.join(max(0.0, end - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        import logging  # not above: this module is loaded while signals may still end the process

        logging.getLogger(__name__).warning("The process ends although it is still at work.")
        logging.shutdown()
        os._exit(code)


class StopFlag:
    """Answers whether the run has been asked to stop, by a signal or by its supervisor's death.

    A further signal changes nothing. Where the supervisor is killed, the trainer stops as well,
    so that it never writes into a folder in which the next run has already begun.
    """

    def __init__(self) -> None:
        self._requested = False
        self._parent = os.getppid()

    def __call__(self) -> bool:
        """Returns whether the run shall stop."""
        return self._requested or os.getppid() != self._parent

    def install(self) -> None:
        """Listens to the signals, and lets through those that the supervisor held back."""
        for number in SIGNALS:
            signal.signal(number, self._handle)
        release_signals()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
