"""Endpoints on this machine: the container's server on a model, one folder each."""

import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from launcher.archives import unpack
from launcher.errors import LauncherError
from launcher.jobs import ENDPOINTS, ROOT, delete_job, find_folder, list_jobs
from launcher.local_job import LOG, now
from launcher.names import check_name
from launcher.state import is_running, last_lines, read_state, send_signal, start_detached, write_state
from launcher.targets import LOCAL, check_target

STATE = "endpoint.json"
HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30  # SageMaker's own
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Endpoint:
    """A server on this machine.

    Attributes:
        name: of the endpoint.
        folder: its model, log and state.
        status: InService, or Failed once its process has ended.
        model: the job or the artifact that it plays.
        port: on 127.0.0.1.
        created: when it was deployed, ISO 8601.
    """

    name: str
    folder: Path
    status: str
    model: str
    port: int
    created: str

    @property
    def url(self) -> str:
        """Where it answers; its page is there, too."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """Everything that the server said."""
        return self.folder / LOG

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {**asdict(self), "folder": str(self.folder), "url": self.url}


def deploy(
    model: str | None = None,
    *,
    instance: str = LOCAL,
    name: str | None = None,
    port: int = 8080,
    root: Path = ROOT,
) -> Endpoint:
    """Serves a model and returns once it answers.

    Args:
        model: a job, or the path of a model.tar.gz; the newest job with a model if left out.
        instance: the target; only `local` so far.
        name: of the endpoint; the job's name if left out. An endpoint of this name is replaced.
        port: on 127.0.0.1.
        root: the folder of jobs and endpoints.

    Raises:
        LauncherError: if there is no such model, the port is taken, or the server does not come
            up; its last words are in the message then.
    """
    check_target(instance)
    archive, source = _find_artifact(model, root)
    name = check_name(name or source)
    folder = root.absolute() / ENDPOINTS / name
    draft = folder.with_name(f".{name}")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "model").mkdir(parents=True)
    try:
        unpack(archive, draft / "model")
        _check_port(port, name, root)
        delete_endpoint(name, root=root)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _serve(Endpoint(name, folder, "Creating", source, port, now()))


def find_endpoint(name: str | None, *, root: Path = ROOT) -> Endpoint:
    """An endpoint by its name; without a name the only one.

    Raises:
        LauncherError: if there is none, more than one to choose from, or it does not run.
    """
    endpoints = list_endpoints(root=root)
    if name is None:
        endpoints = [each for each in endpoints if each.status == "InService"]
        if len(endpoints) > 1:
            names = ", ".join(each.name for each in endpoints)
            raise LauncherError(f"Several endpoints run: {names}.", "Name one of them.")
    else:
        endpoints = [each for each in endpoints if each.name == name]
    if not endpoints:
        what = f"There is no endpoint {name}." if name else "No endpoint runs."
        raise LauncherError(what, "Deploy a model first: python -m launcher.deploy.")
    if endpoints[0].status != "InService":
        raise LauncherError(
            f"The endpoint {name} does not run any more; see {endpoints[0].log}.",
            f"Deploy it again: python -m launcher.deploy {endpoints[0].model} --endpoint {name}.",
        )
    return endpoints[0]


def list_endpoints(*, root: Path = ROOT) -> list[Endpoint]:
    """All endpoints by name."""
    folders = (root.absolute() / ENDPOINTS).glob(f"*/{STATE}")
    return [_read(path.parent) for path in sorted(folders) if not path.parent.name.startswith(".")]


def delete_endpoint(name: str, *, root: Path = ROOT) -> bool:
    """Stops an endpoint and deletes its files; False if there is none."""
    folder = root.absolute() / ENDPOINTS / name
    state = read_state(folder / STATE)
    if state is None:
        return False
    send_signal(folder, int(state["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(folder):
        if time.monotonic() > deadline:
            send_signal(folder, int(state["pid"]), signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    shutil.rmtree(folder)
    return True


def delete(name: str, *, root: Path = ROOT) -> str | None:
    """Deletes an endpoint, or an ended job, of this name.

    Returns:
        `endpoint` or `job`, whichever it was; None if there was neither, which is no fault.

    Raises:
        LauncherError: if it is a job that still runs.
    """
    check_name(name)
    if delete_endpoint(name, root=root):
        return "endpoint"
    return "job" if delete_job(name, root=root) else None


def _find_artifact(model: str | None, root: Path) -> tuple[Path, str]:
    """The model.tar.gz, and what to call it."""
    if model is None:
        for job in list_jobs(root=root):
            if job.has_ended and (job.folder / "output" / "model.tar.gz").is_file():
                return job.folder / "output" / "model.tar.gz", job.name
        raise LauncherError("There is no job with a model.", "Train one: python -m launcher.train.")
    path = Path(model)
    if path.is_file():
        return path.absolute(), "model"
    folder = find_folder(model, root=root)
    archive = folder / "output" / "model.tar.gz"
    if not archive.is_file():
        raise LauncherError(
            f"{folder.name} has no model yet.",
            f"Look at it: python -m launcher.status {folder.name}.",
        )
    return archive, folder.name


def _check_port(port: int, name: str, root: Path) -> None:
    others = [each for each in list_endpoints(root=root) if each.name != name]
    for other in others:
        if other.port == port and other.status == "InService":
            raise LauncherError(
                f"Port {port} is in use by the endpoint {other.name}.",
                f"Choose another --port, or python -m launcher.delete {other.name}.",
            )
    mine = read_state(root.absolute() / ENDPOINTS / name / STATE) or {}
    if mine.get("port") == port and is_running(root.absolute() / ENDPOINTS / name):
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise LauncherError(
                f"Port {port} cannot be used: {error.strerror}.", "Choose another: --port."
            ) from error


def _serve(endpoint: Endpoint) -> Endpoint:
    variables = {
        "SAGEMAKER_BASE_DIR": str(endpoint.folder),
        "SAGEMAKER_BIND_TO_PORT": str(endpoint.port),
        "ACCOMPANIST_HOST": HOST,
    }
    arguments = ["-m", "container", "serve"]
    pid = start_detached(arguments, endpoint.folder, endpoint.log, variables)
    if pid is None:
        raise LauncherError(
            f"{endpoint.name} is being deployed by somebody else.", "Try again in a moment."
        )
    state = {"model": endpoint.model, "port": endpoint.port, "pid": pid}
    write_state(endpoint.folder / STATE, {**state, "created": endpoint.created})
    _wait_until_it_answers(endpoint)
    return _read(endpoint.folder)


def _wait_until_it_answers(endpoint: Endpoint) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with opener.open(f"{endpoint.url}/ping", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if not is_running(endpoint.folder):
                break
            time.sleep(POLL_SECONDS)
    said = last_lines(endpoint.log)
    name = endpoint.name
    delete_endpoint(name, root=endpoint.folder.parent.parent)
    raise LauncherError(f"The server of {name} did not come up. It said:\n{said}\n", "Mend this.")


def _read(folder: Path) -> Endpoint:
    state = read_state(folder / STATE) or {}
    return Endpoint(
        name=folder.name,
        folder=folder,
        status="InService" if is_running(folder) else "Failed",
        model=str(state.get("model", "")),
        port=int(state.get("port", 0)),
        created=str(state.get("created", "")),
    )
