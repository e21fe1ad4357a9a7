"""What is known about a job or an endpoint: one JSON file in its folder.

The words of the states are SageMaker's (DescribeTrainingJob and DescribeEndpoint, API reference).
A record tells what its last writer saw. Whoever reads it looks whether that process still runs: a
machine that lost power writes nothing.
"""

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from launcher.drafts import write_whole
from launcher.errors import LauncherError
from launcher.processes import Process

JOB_FILE = "job.json"
ENDPOINT_FILE = "endpoint.json"
# All else, also a word that SageMaker has only just begun to use, is taken for running.
ENDED = frozenset({"Completed", "Failed", "Stopped", "Deleting"})


_Part = TypeVar("_Part", Process, "Remote")


def now() -> str:
    """Returns the time as records keep it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Remote:
    """Where in AWS a job or an endpoint is, and what only AWS knows of it.

    Attributes:
        region: its region.
        arn: its name in all of AWS.
        output: of a job, the S3 URI of its folder; of an asynchronous endpoint, of its answers.
        spot: of a job, whether it trains on spare capacity.
        training_seconds: of a job, how long it has trained.
        billable_seconds: of a job, how much of that is charged.
        log_token: where CloudWatch's log goes on after what `log.txt` holds.
        phases: of a job, each state that it has come to, in SageMaker's words.
        config: of an endpoint, the name of its configuration.
        kind: of an endpoint, real-time, serverless or asynchronous.
    """

    region: str
    arn: str
    output: str | None = None
    spot: bool = False
    training_seconds: int | None = None
    billable_seconds: int | None = None
    log_token: str | None = None
    phases: tuple[str, ...] = ()
    config: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        """Makes of JSON's lists what they were before."""
        object.__setattr__(self, "phases", tuple(self.phases))


@dataclass(frozen=True)
class Job:
    """A training job; its folder on this machine is laid out as /opt/ml.

    Attributes:
        folder: `runs/NAME`.
        name: of the job.
        instance: where it runs.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        secondary_status: Starting, Training, Uploading, or as `status`.
        data: the data set as the user named it.
        iterations: how many it shall make in all.
        created: when it was made; all times as `now` writes them.
        started: when its last attempt began.
        ended: when that attempt ended.
        attempts: how often it was started: once, and once more for every resumption.
        log_offset: where the last attempt begins in the log, in bytes.
        exit_code: of the training process, 128 and the number if a signal ended it.
        failure_reason: why it failed; at most 1024 characters, as SageMaker shows.
        runner: the process that watches over it.
        worker: the training process, leader of its group.
        image: of its container, if it runs in one.
        remote: where in AWS it is, if it is there; then the folder holds what was brought from it.
    """

    folder: Path
    name: str
    instance: str
    status: str
    secondary_status: str
    data: str
    iterations: int
    created: str
    started: str | None = None
    ended: str | None = None
    attempts: int = 0
    log_offset: int = 0
    exit_code: int | None = None
    failure_reason: str | None = None
    runner: Process | None = None
    worker: Process | None = None
    image: str | None = None
    remote: Remote | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the record of a job as it was written."""
        values = _read(folder / JOB_FILE, cls)
        for name in ("runner", "worker"):
            values[name] = _nested(Process, values.get(name))
        values["remote"] = _nested(Remote, values.get("remote"))
        return cls(**{**values, "folder": folder, "name": folder.name})

    def save(self) -> Self:
        """Writes the record, and returns itself."""
        _save(self, self.folder / JOB_FILE)
        return self

    def observed(self) -> Self:
        """Returns the job as it is: failed, if the process that ran it is gone."""
        if self.remote or not self.is_running or (self.runner and self.runner.is_alive()):
            return self
        reason = "It stopped unexpectedly: the machine was restarted or its process was killed."
        if self.has_orphan:
            reason += f" Its training process {self.worker and self.worker.pid} still runs."
        return dataclasses.replace(
            self, status="Failed", secondary_status="Failed", failure_reason=reason
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet, as far as the record tells."""
        return self.status not in ENDED

    @property
    def has_orphan(self) -> bool:
        """Whether its training process runs on, though nobody watches over it."""
        watched = self.runner is not None and self.runner.is_alive()
        return not watched and self.worker is not None and self.worker.is_alive()

    @property
    def log(self) -> Path:
        """What it has printed, over all attempts."""
        return self.folder / "log.txt"

    @property
    def model(self) -> Path:
        """The folder of the trained model."""
        return self.folder / "model"

    @property
    def artifact(self) -> Path:
        """The same, packed, once the job has ended well."""
        return self.folder / "output" / "model.tar.gz"

    @property
    def samples(self) -> Path:
        """The folder of the samples."""
        return self.folder / "output" / "data" / "samples"

    @property
    def song(self) -> Path:
        """A melody that the trained model has accompanied."""
        return self.folder / "output" / "data" / "song.mid"

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from."""
        return any((self.folder / "checkpoints").glob("[!.]*"))

    @property
    def report(self) -> Path:
        """The report page."""
        return self.folder / "output" / "data" / "report.html"

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, or has taken so far."""
        return _seconds(self.started, self.ended or (now() if self.is_running else None))

    def describe(self) -> dict[str, Any]:
        """Returns what programs want to know, ready for JSON; paths that do not exist are None."""
        places = ("model", "artifact", "song", "samples", "report")
        found = {name: _if_there(getattr(self, name)) for name in places}
        own = {name: _plain(value) for name, value in _fields(self).items()}
        return {**own, "seconds": self.seconds, "log": str(self.log), **found}


@dataclass(frozen=True)
class Endpoint:
    """A server; if it is on this machine, its folder is laid out as /opt/ml.

    Attributes:
        folder: `runs/endpoints/NAME`.
        name: of the endpoint.
        instance: where it runs.
        status: Creating, InService or Failed.
        source: the job, or the archive, whose model it serves.
        url: of its page; `url` + `invocations` answers requests; empty in AWS.
        port: on 127.0.0.1; 0 in AWS.
        created: when it was deployed.
        failure_reason: why it failed.
        server: its process, leader of its group.
        image: of its container, if it runs in one.
        remote: where in AWS it is, if it is there.
    """

    folder: Path
    name: str
    instance: str
    status: str
    source: str
    url: str
    port: int
    created: str
    failure_reason: str | None = None
    server: Process | None = None
    image: str | None = None
    remote: Remote | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the record of an endpoint as it was written."""
        values = _read(folder / ENDPOINT_FILE, cls)
        values["server"] = _nested(Process, values.get("server"))
        values["remote"] = _nested(Remote, values.get("remote"))
        return cls(**{**values, "folder": folder, "name": folder.name})

    def save(self) -> Self:
        """Writes the record, and returns itself."""
        _save(self, self.folder / ENDPOINT_FILE)
        return self

    def observed(self) -> Self:
        """Returns the endpoint as it is: failed, if its server is gone."""
        if self.remote or self.status == "Failed" or (self.server and self.server.is_alive()):
            return self
        reason = "Its server ended unexpectedly: the machine was restarted or it was killed."
        return dataclasses.replace(self, status="Failed", failure_reason=reason)

    @property
    def log(self) -> Path:
        """What the server has printed."""
        return self.folder / "log.txt"

    def describe(self) -> dict[str, Any]:
        """Returns what programs want to know, ready for JSON."""
        return {name: _plain(value) for name, value in _fields(self).items()} | {
            "log": str(self.log)
        }


def _fields(record: Job | Endpoint) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in dataclasses.fields(record)}


def _plain(value: object) -> object:
    if isinstance(value, Process | Remote):
        return dataclasses.asdict(value)
    return str(value) if isinstance(value, Path) else value


def _nested(kind: type[_Part], value: dict[str, Any] | None) -> _Part | None:
    return None if value is None else kind(**value)


def _save(record: Job | Endpoint, path: Path) -> None:
    content = {name: _plain(value) for name, value in _fields(record).items() if name != "folder"}
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())


def _read(path: Path, kind: type) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {item.name for item in dataclasses.fields(kind)}
        needed = {i.name for i in dataclasses.fields(kind) if i.default is dataclasses.MISSING}
        if needed - {"folder"} - content.keys():
            raise ValueError(f"it lacks {sorted(needed - {'folder'} - content.keys())}")
        return {name: value for name, value in content.items() if name in known}
    except (ValueError, AttributeError, TypeError) as error:
        raise LauncherError(
            "bad_record", f"{path} is damaged: {error}.", f"Delete the folder {path.parent}."
        ) from error


def _if_there(path: Path) -> str | None:
    return str(path) if path.exists() else None


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
