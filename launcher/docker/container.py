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


class NotStartedError(Exception):
    """A container that did not come to run; says why."""


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
            NotStartedError: if it was not started.
        """
        words = _LastWords()
        with redirect_stdout(words):
            call = _Call(start)
            call.start()
            container = self._await_start(call, words)
            threading.Thread(target=self._stop_when_asked, args=[container], daemon=True).start()
            self._show(container)
            code = engine.wait_for(container)
            call.join(patience_s)
        return 1 if code is None else code

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _await_start(self, call: "_Call", words: "_LastWords") -> str:
        while True:
            is_over = not call.is_alive()  # asked before the engine is
            container = engine.find_container(self._folder)
            if container and engine.was_started(container):
                return container
            if is_over:
                fault = engine.fault_of(container) if container else ""
                raise NotStartedError(fault or words.text or call.fault or "it gave no reason")
            time.sleep(_POLL_S)

    def _stop_when_asked(self, container: str) -> None:
        """Waits for the first line before it sends SIGTERM.

        Before Python is up, the first process of a container is deaf to it.
        """
        self._asked.wait()
        self._spoke.wait(_DEAF_S)
        engine.stop_container(container, self._grace_s)

    def _show(self, container: str) -> None:
        with engine.follow_log(container) as log:
            for line in log.stdout or ():
                self._output.write(line.replace(b"\r\n", b"\n"))  # a terminal's ends of lines
                self._output.flush()
                self._spoke.set()


class _Call(threading.Thread):
    """Calls the SDK; what comes of it, the container tells."""

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self.fault = ""

    def run(self) -> None:
        try:
            self._function()
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"


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
