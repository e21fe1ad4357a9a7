"""The server of the image for as long as a block lasts: on a free port of 127.0.0.1."""

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LauncherError
from launcher.http_client import answers
from launcher.local_endpoints import GRACE_S, HOST, READY_S

_POLL_S = 0.05
_LOG_LINES = 5
_LISTENING = re.compile(rf"Listening on (http://{re.escape(HOST)}:\d+)\.")
_ERROR = re.compile(r"^(?:ERROR|CRITICAL) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TrialServer:
    """A server that answers.

    Attributes:
        url: without a path, as in `http://127.0.0.1:49152`.
        cold_start_s: from the start of its process until it was ready.
        pid: of its process.
        log: the file of its log.
    """

    url: str
    cold_start_s: float
    pid: int
    log: Path

    def peak_memory(self) -> int | None:
        """The most memory it has held so far, in bytes; now, where the system tells no more."""
        if sys.platform == "linux":
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        else:
            words = ["ps", "-o", "rss=", "-p", str(self.pid)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            found = re.match(r"\s*(\d+)", done.stdout)
        return int(found[1]) * 1024 if found else None

    def last_error(self) -> str:
        """The last error of its log, empty if there is none."""
        return _last_error(self.log)


@contextlib.contextmanager
def running(
    container: Sequence[str], base: Path, environ: Mapping[str, str]
) -> Iterator[TrialServer]:
    """Starts a server, yields it when it is ready, and always ends it.

    It stays in the terminal's process group: Ctrl-C reaches it even where we do not.

    Args:
        container: the command that plays the image; the verb follows.
        base: holds the folder `model`; its log is written there.
        environ: the environment.

    Raises:
        LauncherError: `no_server` if it ends, or is not ready in time: with its own reason.
    """
    log = base / "log.txt"
    environ = {
        **environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": "0",  # a free one
        "ACCOMPANIST_HOST": HOST,
    }
    with log.open("wb") as output:
        start = time.monotonic()
        server = subprocess.Popen(
            [*container, "serve"],
            cwd=base,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _wait_until_ready(server, log, start + READY_S)
        yield TrialServer(url, time.monotonic() - start, server.pid, log)
    finally:
        _end(server)


def _wait_until_ready(server: "subprocess.Popen[bytes]", log: Path, deadline: float) -> str:
    url = None
    while True:
        if url is None and (found := _LISTENING.search(_read(log))):
            url = found[1]
        if url is not None and answers(f"{url}/ping"):
            return url
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise _no_server(f"ended {_how(server.wait(_POLL_S))} before it was ready", log)
        if time.monotonic() > deadline:
            raise _no_server(f"was not ready after {READY_S:.0f} s", log)


def _end(server: "subprocess.Popen[bytes]") -> None:
    try:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(GRACE_S)
    finally:  # a second Ctrl-C spares it nothing
        server.kill()
        server.wait()


def _how(code: int) -> str:
    return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def _no_server(fault: str, log: Path) -> LauncherError:
    if error := _last_error(log):
        return LauncherError("no_server", f"The server {fault}: {error}", "")  # has its own hint
    lines = _read(log).splitlines()[-_LOG_LINES:]
    said = " ".join(lines)[:500] or "nothing"
    hint = "Check another model; if that works, export this one again."
    return LauncherError("no_server", f"The server {fault}. Its log says: {said}", hint)


def _last_error(log: Path) -> str:
    found = _ERROR.findall(_read(log))
    return found[-1][:1000] if found else ""


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
