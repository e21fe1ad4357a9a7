"""Runs `python -m container serve` as a process, and talks to it, also byte by byte."""

import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from container.paths import BASE_VARIABLE
from container.server import HOST_VARIABLE, PORT_VARIABLE
from tests.container.http_server import wait_until
from tests.container.processes import ROOT, plain_environment

HOST = "127.0.0.1"
GATE = Path(__file__).parent / "gate"
PATIENCE_S = 60  # of a loaded machine
WARM_UP = 9  # calls of the generator until the server is ready, or fewer


@dataclass(frozen=True)
class Answer:
    """An HTTP response, the names of its headers in lower case."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def fault(self):
        """The code of the error in the body; checks all that errors have in common."""
        assert self.headers["content-type"] == "application/json"
        assert len(self.body) < 2048
        assert b"Traceback" not in self.body
        told = json.loads(self.body)
        assert list(told) == ["error", "message", "hint"]
        return told["error"]


class Wire:
    """One connection, over which bytes go as they are."""

    def __init__(self, port, **options):
        self.socket = socket.socket()
        for name, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        self.socket.settimeout(PATIENCE_S)
        try:
            self.socket.connect((HOST, port))
        except OSError:
            self.socket.close()
            raise
        self._file = self.socket.makefile("rb")

    def send(self, *pieces):
        for piece in pieces:
            self.socket.sendall(piece)
        return self

    def answer(self, *, has_body=True):
        """Reads one response."""
        first = self._file.readline()
        if not first:
            raise ConnectionResetError("the connection ended before an answer")
        status = int(first.split()[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode("ascii").partition(":")
            headers[name.lower()] = value.strip()
        body = self._file.read(int(headers.get("content-length", 0)) if has_body else 0)
        return Answer(status, headers, body)

    def is_ended(self):
        """Waits for the end of the connection; False if something comes instead."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self._file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Caller:
    """Asks a server on 127.0.0.1.

    Attributes:
        port: where it listens; 0 while that is not known.
    """

    port = 0

    def wait_until_ready(self):
        wait_until(lambda: self.ask("GET", "/ping").status == 200, PATIENCE_S)

    def wire(self, **options):
        return Wire(self.port, **options)

    def ask(self, method, path, body=b"", **headers):
        """Sends a request over a connection of its own; underscores in names are hyphens."""
        with self.wire() as wire:
            wire.send(request(method, path, body, **headers))
            return wire.answer(has_body=method != "HEAD")

    def invoke(self, body, **headers):
        return self.ask("POST", "/invocations", body, **headers)

    def is_full(self):
        """Whether a request would be refused because too many wait; none is sent."""
        with self.wire() as wire:
            wire.send(request("POST", "/invocations", Content_Length=9, Expect="100-continue"))
            return {100: False, 429: True}[wire.answer().status]


class Server(Caller):
    """A server process.

    Attributes:
        process: what was started.
    """

    def __init__(self, process, log_file):
        self.process = process
        self._log_file = log_file

    @property
    def log(self):
        return self._log_file.read_text(encoding="utf-8")

    def wait_for_port(self):
        def find():
            assert self.process.poll() is None, self.log
            return re.search(r"Listening on http://127\.0\.0\.1:(\d+)\.", self.log)

        wait_until(find, PATIENCE_S)
        self.port = int(find()[1])

    def status_field(self, name):
        """A number of /proc/PID/status: memory in kB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])

    def connections(self):
        """The ports of the clients whose connections the server holds."""
        table = Path(f"/proc/{self.process.pid}/net/tcp").read_text().splitlines()[1:]
        rows = [line.split() for line in table]
        return [
            int(remote.rpartition(":")[2], 16)
            for _, local, remote, state, *_, inode in (row[:10] for row in rows)
            if local.endswith(f":{self.port:04X}") and state != "0A" and inode != "0"
        ]

    def end(self):
        """Waits for the end; returns the exit code and what was logged."""
        return self.process.wait(PATIENCE_S), self.log


class Gate:
    """Before it the generator waits, see `gate/sitecustomize.py`."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("arrivals", "tickets"):
            os.mkfifo(folder / name)
        self._arrivals, self._tickets = (
            os.open(folder / name, os.O_RDWR) for name in ("arrivals", "tickets")
        )

    def has_arrival(self, within_s=0.0):
        """Whether the generator has been called again."""
        arrived = bool(select.select([self._arrivals], [], [], within_s)[0])
        if arrived:
            os.read(self._arrivals, 1)
        return arrived

    def wait_for_arrival(self):
        assert self.has_arrival(PATIENCE_S), "nobody came to the gate"

    def let_pass(self, count=1):
        os.write(self._tickets, b"." * count)

    def let_fail(self):
        os.write(self._tickets, b"!")

    def count_arrivals(self):
        """How often the generator has been called since this was last asked."""
        count = 0
        while self.has_arrival():
            count += 1
        return count

    def forget(self):
        """Takes back what has been let pass and not come, and what has come."""
        while select.select([self._tickets], [], [], 0)[0]:
            os.read(self._tickets, 1 << 16)
        self.count_arrivals()

    def close(self):
        os.close(self._arrivals)
        os.close(self._tickets)


def request(method, path, body=b"", **headers):
    """Writes a request; underscores in the names of headers are hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST" and "Transfer_Encoding" not in headers and "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@contextmanager
def serving(base, folder, *, wrap=(), gate=None, constants=None, ready=True, **variables):
    """Starts a server on a free port; kills it at the end if it still runs.

    Args:
        base: the base folder.
        folder: a new file `log` goes there.
        wrap: words before the command.
        gate: a `Gate`, if the generator shall wait.
        constants: see `gate/sitecustomize.py`.
        ready: whether to wait for /ping; None does not even wait for the port.
        variables: of the environment.
    """
    environ = {
        **plain_environment(),
        BASE_VARIABLE: str(base),
        HOST_VARIABLE: HOST,
        PORT_VARIABLE: "0",
        **variables,
    }
    if gate or constants:
        environ |= {"PYTHONPATH": str(GATE), "CONSTANTS": json.dumps(constants or {})}
    if gate:
        environ["GATE"] = str(gate.folder)
    log = Path(folder, "log")
    command = [*wrap, sys.executable, "-m", "container", "serve"]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, env=environ, cwd=ROOT, stderr=file) as process,
    ):
        server = Server(process, log)
        try:
            if ready is not None:
                server.wait_for_port()
            if ready:
                if gate:
                    gate.let_pass(WARM_UP)
                server.wait_until_ready()
                if gate:
                    gate.forget()
            yield server
        finally:
            process.kill()


class Background:
    """Calls functions in threads of their own.

    Attributes:
        results: what they returned, in the order in which they were started.
    """

    def __init__(self):
        self.results = []
        self._threads = []

    def start(self, function, *arguments, **keywords):
        place = len(self.results)
        self.results.append(None)

        def call():
            self.results[place] = function(*arguments, **keywords)

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        self._threads.append(thread)

    def wait(self):
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a caller still waits"
        return self.results


def seconds(function, *arguments):
    """Returns what a function returns, and how long it took."""
    start = time.monotonic()
    result = function(*arguments)
    return result, time.monotonic() - start
