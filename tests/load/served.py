"""A server's process that may be killed and started again on the same port."""

import os
import random
import re
import signal
import socket
import subprocess
from itertools import islice
from pathlib import Path

from container.server import DEADLINE_VARIABLE, HOST_VARIABLE, PORT_VARIABLE
from tests.container.processes import plain_environment, start

PATIENCE_S = 60
# Each is tried once: a server that was just started may not have taken its own yet.
_PORTS = iter(random.Random(os.getpid()).sample(range(20_000, 30_000), 10_000))
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Served:
    """`python -m container serve`, with a log that goes on from one process to the next.

    Args:
        folder: gets the log and the base folder.
        model: a model folder.
        module: takes the place of `container`.
        deadline_s: of a request; None for the server's own.
    """

    def __init__(
        self,
        folder: Path,
        model: Path,
        module: str = "container",
        deadline_s: float | None = None,
    ) -> None:
        self.port = _free_port()
        self.log = folder / "log"
        self._base = folder / "base"
        self._base.mkdir(parents=True, exist_ok=True)
        (self._base / "model").symlink_to(model.resolve(), target_is_directory=True)
        self._module = module
        self._deadline = "" if deadline_s is None else f"{deadline_s}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it; it may not be ready yet."""
        environ = {
            **plain_environment(),
            "SAGEMAKER_BASE_DIR": str(self._base),
            HOST_VARIABLE: "127.0.0.1",
            PORT_VARIABLE: str(self.port),
            DEADLINE_VARIABLE: self._deadline,
        }
        self._process = start("serve", environ, self.log, self._module)

    def stop(self, number: signal.Signals) -> int:
        """Sends a signal, waits for the end and returns the exit code."""
        if self._process is None:
            raise RuntimeError("There is no server to stop.")
        process, self._process = self._process, None
        process.send_signal(number)
        return process.wait(PATIENCE_S)

    def close(self) -> None:
        """Kills what still runs."""
        if self._process is not None:
            self.stop(signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """The number of its process; None while there is none."""
        return None if self._process is None else self._process.pid

    def memory(self) -> float | None:
        """What it holds in memory, MiB; None while there is none."""
        if self.pid is None:
            return None
        try:
            statm = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(statm.split()[1]) * PAGE_MIB

    def logged(self, pattern: str) -> list[str]:
        """What its log says of a pattern."""
        return re.findall(pattern, self.log.read_text(encoding="utf-8"))


def _free_port() -> int:
    """Finds a port from which no client calls: one might take the server's own while it is away."""
    for port in islice(_PORTS, 100):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError("None of a hundred ports is free.")
