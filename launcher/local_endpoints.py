"""Endpoints on this machine: the server of the image as a process on 127.0.0.1."""

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.archives import unpack
from launcher.asking import ask
from launcher.docker.engine import release
from launcher.docker.images import refuse_image
from launcher.drafts import draft_of, exclusive
from launcher.errors import LauncherError
from launcher.folders import exact_folder, find_folder, list_folders, remove_folder
from launcher.http_client import answers
from launcher.processes import Process, identify, interrupts_held, start_detached
from launcher.records import ENDPOINT_FILE, Endpoint, now

FOLDER = "endpoints"
HOST = "127.0.0.1"
READY_S = 120.0  # as long as SageMaker's local mode waits
GRACE_S = 30.0  # SageMaker sends SIGKILL so long after SIGTERM

_POLL_S = 0.1
_KILL_S = 10.0
_LOG_LINES = 10


@dataclass(frozen=True)
class LocalEndpoints:
    """The endpoints below one folder.

    Attributes:
        jobs_root: holds the jobs, and in `endpoints` a folder for each endpoint.
        container: the command that plays the image; the verb follows.
        environ: the environment of the servers.
        image: of the containers, if the servers run in some.
        instance: where they run.
    """

    jobs_root: Path
    container: tuple[str, ...]
    environ: Mapping[str, str]
    image: str | None = None
    instance: str = "local"

    @property
    def root(self) -> Path:
        """Holds a folder for each endpoint."""
        return self.jobs_root / FOLDER

    def deploy(
        self, artifact: Path, source: str, name: str, port: int, on_phase: Callable[[str], None]
    ) -> Endpoint:
        """Unpacks a model, ends the server that the endpoint had, and starts the new one.

        Raises:
            LauncherError: `bad_archive`, `port_in_use`; `no_server` if the server ends, or is not
                ready in time.
            KeyboardInterrupt: after Ctrl-C. What the endpoint served before still runs if it was
                not ended yet; nothing else is left.
        """
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder):
            on_phase("Unpacking the model")
            draft = draft_of(folder / "model")
            try:
                unpack(artifact, draft)
                self._make_room(folder, port)
                _replace_folder(folder / "model", draft)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
                with contextlib.suppress(OSError):  # full, unless this was its first deployment
                    folder.rmdir()
            on_phase("Starting the server")
            return self._start(folder, source, port)

    def check(self) -> None:
        """Refuses an image: a process of this machine plays it.

        Raises:
            LauncherError: `bad_options`.
        """
        refuse_image(self.image)

    def ask(self, endpoint: Endpoint, body: bytes) -> bytes:
        """Sends a JSON request to an endpoint and returns its JSON answer."""
        return ask(f"{endpoint.url}invocations", body, endpoint.name)

    def find(self, name: str) -> Endpoint:
        """Returns an endpoint as it is now."""
        return Endpoint.read(find_folder(name, self.root, ENDPOINT_FILE, "endpoint")).observed()

    def list(self) -> "list[Endpoint]":
        """Returns all endpoints by name."""
        folders = list_folders(self.root, ENDPOINT_FILE)
        return [Endpoint.read(folder).observed() for folder in folders]

    def delete(self, name: str) -> bool:
        """Stops the server and deletes the folder; the name must be whole."""
        folder = exact_folder(name, self.root, ENDPOINT_FILE)
        if folder is None:
            return False
        with exclusive(folder):
            _end(Endpoint.read(folder))
            remove_folder(folder)
        return True

    def _make_room(self, folder: Path, port: int) -> None:
        """Ends the endpoint's own server, and makes sure that nobody else has the port."""
        others = [other for other in self.list() if other.folder != folder.resolve()]
        for other in others:
            if other.port == port and other.status != "Failed":
                raise _port_in_use(port, f"the endpoint {other.name}", f" {other.name}")
        if (folder / ENDPOINT_FILE).exists():
            _end(Endpoint.read(folder))
        if not _is_free(port):
            raise _port_in_use(port, "another program", "")

    def _start(self, folder: Path, source: str, port: int) -> Endpoint:
        endpoint = Endpoint(
            folder,
            folder.name,
            instance=self.instance,
            status="Creating",
            source=source,
            url=f"http://{HOST}:{port}/",
            port=port,
            created=now(),
            image=self.image,
        )
        endpoint.log.unlink(missing_ok=True)
        environ = {
            **self.environ,
            "SAGEMAKER_BASE_DIR": str(folder),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "ACCOMPANIST_HOST": HOST,
        }
        command = [*self.container, "serve"]
        try:
            with interrupts_held():  # until it is known which process has to end
                # A container's server reads it. If this command dies now, nobody serves.
                replace(endpoint, server=identify(os.getpid())).save()
                server = start_detached(command, folder=folder, log=endpoint.log, environ=environ)
                endpoint = replace(endpoint, server=server).save()
            _wait_until_ready(endpoint, server)
        except KeyboardInterrupt:
            with interrupts_held():
                _end(endpoint)
                remove_folder(folder)
            raise
        except BaseException as error:
            _end(endpoint)
            reason = str(error) or type(error).__name__
            replace(endpoint, status="Failed", failure_reason=reason).save()
            raise
        return replace(endpoint, status="InService").save()


def _replace_folder(folder: Path, draft: Path) -> None:
    if folder.exists():
        remove_folder(folder)
    draft.rename(folder)


def _wait_until_ready(endpoint: Endpoint, server: Process) -> None:
    deadline = time.monotonic() + READY_S
    while not answers(endpoint.url + "ping"):
        if server.wait(_POLL_S):
            raise _no_server(endpoint, "ended before it was ready")
        if time.monotonic() > deadline:
            raise _no_server(endpoint, f"was not ready after {READY_S:.0f} s")


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        # As servers do: connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise LauncherError(
                "no_port",
                f"Port {port} is reserved for the system.",
                "Choose one from 1024 on with --port.",
            ) from error
        except OSError:
            return False
    return True


def _end(endpoint: Endpoint) -> None:
    """Ends the server, and what a container has left."""
    if server := endpoint.server:
        server.send(signal.SIGTERM)
        if not server.wait(GRACE_S):
            server.kill_group()
            server.wait(_KILL_S)
    if endpoint.image:
        release(endpoint.folder, endpoint.image)


def _no_server(endpoint: Endpoint, fault: str) -> LauncherError:
    text = endpoint.log.read_text(encoding="utf-8", errors="replace")
    lines = "\n".join(text.splitlines()[-_LOG_LINES:])
    return LauncherError(
        "no_server",
        f"The server of the endpoint {endpoint.name} {fault}.",
        f"Its log says:\n{lines}" if lines else f"See {endpoint.log}.",
    )


def _port_in_use(port: int, by: str, name: str) -> LauncherError:
    cure = f"End that one with `python -m launcher.delete{name}`, or c" if name else "C"
    return LauncherError(
        "port_in_use",
        f"Port {port} is in use by {by}.",
        f"{cure}hoose another with `--port {port + 1 if port < 65535 else 8080}`.",
    )
