"""One container that the SDK starts: shown from its first line to its last, and stopped on request.

The SDK itself shows what Compose prints: names and colours before each line, and not always the
last ones. Here the engine is asked for the container's own lines.
"""

import io
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import FrameType

from launcher.docker import engine

_POLL_S = 0.2
_DEAF_S = 5.0
_WORDS = 5


class ContainerLostError(Exception):
    """A container that did not come to run, or is gone; says why in a sentence."""


class ShownContainer:
    """The container of one job or endpoint.

    Args:
        folder: of the job or endpoint.
        grace_s: seconds from SIGTERM to SIGKILL.
    """

    def __init__(self, folder: Path, grace_s: int) -> None:
        self._folder = folder
        self._grace_s = grace_s
        self._output = sys.stdout.buffer
        self._asked = threading.Event()
        self._spoke = threading.Event()

    def listen(self) -> None:
        """Listens to SIGTERM, which was held back until now."""
        signal.signal(signal.SIGTERM, self._handle)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def run(self, start: Callable[[], object], *, patience_s: float = 0.0) -> int:
        """Has the container started, shows what it prints, and returns its exit code.

        Args:
            start: makes the SDK start it; may return before or after the container has ended.
            patience_s: how long to wait for its return after the container has ended.

        Raises:
            ContainerLostError: if it was not started, or has been removed.
        """
        words = _LastWords()
        with redirect_stdout(words):
            call = _Call(start)
            threading.excepthook = call.fail
            call.start()
            container = self._await_start(call, words)
            threading.Thread(target=self._stop_when_asked, args=[container], daemon=True).start()
            shown = self._show(container)
            code = engine.wait_for(container)
            # Whoever follows a log is not always told its last lines.
            self._print(engine.read_log(container)[shown:])
            call.join(patience_s)
        if code is None:
            raise ContainerLostError("The container was removed, or the Docker engine has ended.")
        return code

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _await_start(self, call: "_Call", words: "_LastWords") -> str:
        while True:
            is_over = call.is_over  # asked before the engine is
            container = engine.find_container(self._folder)
            if container and engine.was_started(container):
                return container
            if is_over:
                fault = engine.fault_of(container) if container else ""
                reason = fault or words.text or call.fault or "nobody says why"
                raise ContainerLostError(f"The container could not be started: {reason}")
            time.sleep(_POLL_S)

    def _stop_when_asked(self, container: str) -> None:
        """Waits for the first line before it sends SIGTERM.

        Before Python is up, the first process of a container is deaf to it.
        """
        self._asked.wait()
        self._spoke.wait(_DEAF_S)
        engine.stop_container(container, self._grace_s)

    def _show(self, container: str) -> int:
        """Prints the log as it grows; returns how much of it, in bytes."""
        shown = 0
        with engine.follow_log(container) as log:
            for line in log.stdout or ():
                self._print(line)
                shown += len(line)
                self._spoke.set()
        return shown

    def _print(self, text: bytes) -> None:
        self._output.write(text.replace(b"\r\n", b"\n"))  # a terminal's ends of lines
        self._output.flush()


class _Call(threading.Thread):
    """Calls the SDK; what comes of it, the container tells.

    It may run Compose in a thread of its own, and go on waiting after that has failed.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._has_failed = False
        self.fault = ""

    @property
    def is_over(self) -> bool:
        return self._has_failed or not self.is_alive()

    def run(self) -> None:
        self._function()

    def fail(self, fault: threading.ExceptHookArgs) -> None:
        """Takes what ended this thread, or one of the SDK's."""
        self.fault = f"{fault.exc_type.__name__}: {fault.exc_value}"
        self._has_failed = True


class _LastWords(io.TextIOBase):
    """Keeps the last lines that Compose has printed."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_WORDS)

    def write(self, text: str) -> int:
        if text.strip():
            self._lines.append(text.strip())
        return len(text)

    @property
    def text(self) -> str:
        return " ".join(self._lines)
