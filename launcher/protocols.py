"""Where jobs run and endpoints answer: what each kind of machine has to offer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from launcher.datasets import DataSet, Progress
from launcher.records import Endpoint, Job
from launcher.request import TrainingRequest

if TYPE_CHECKING:
    from launcher.aws.preview import Preview

Load = Callable[[], tuple[TrainingRequest, DataSet]]
"""Loads the data set of a request, and completes the request with what only the data tell."""


class Jobs(Protocol):
    """Runs training jobs; faults are `LauncherError`s."""

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at a job that is followed."""

    @property
    def stop_s(self) -> float:
        """Seconds that a job may take to end after it was asked to."""

    @property
    def reads_s3(self) -> bool:
        """Whether jobs read data sets in S3."""

    def check(self) -> None:
        """Makes sure that a job can be started here, before anything is made."""

    def check_request(
        self, name: str | None, data: str, hyperparameters: Mapping[str, str]
    ) -> list[str]:
        """Refuses what could not be started, all faults at once; a name may still be made up.

        Returns:
            What may go wrong though nobody refuses it, in sentences.
        """

    def prepare(self) -> None:
        """Makes sure that whoever shall run a job lets us; the last step before data are loaded."""

    def preview(self, load: Load) -> "Preview | None":
        """Says more of a job than the request itself, if there is more; starts nothing."""

    def start(self, request: TrainingRequest, data: DataSet, sent: Progress | None = None) -> Job:
        """Starts a new job; `sent` is called with (bytes, bytes in all) of what goes far."""

    def resume(self, name: str, hyperparameters: Mapping[str, str], iterations: int) -> Job:
        """Starts an ended job again; it goes on from its checkpoints."""

    def find(self, name: str) -> Job:
        """Returns a job as it is now, its log up to date; the name may be cut short, or a path."""

    def stop(self, name: str) -> Job:
        """Asks a job to stop, without waiting; what has ended stays as it is."""

    def delete(self, name: str, *, force: bool) -> bool:
        """Deletes a job and all it made; returns whether there was one."""

    def fetch(self, job: Job, folder: Path | None = None, brought: Progress | None = None) -> Job:
        """Brings what a job has made to its folder here, or another, where it is not there yet."""


class Endpoints(Protocol):
    """Serves models; faults are `LauncherError`s."""

    def check(self) -> None:
        """Makes sure that a model can be served here, before anything is done for it."""

    def ask(self, endpoint: Endpoint, body: bytes) -> bytes:
        """Sends a JSON request to an endpoint and returns its JSON answer.

        What the endpoint refuses is raised with its own code, message and hint.
        """

    def deploy(
        self, artifact: Path, source: str, name: str, port: int, on_phase: Callable[[str], None]
    ) -> Endpoint:
        """Serves a model, in the place of what the endpoint served before."""

    def find(self, name: str) -> Endpoint:
        """Returns an endpoint as it is now; the name may be cut short, or a path."""

    def delete(self, name: str) -> bool:
        """Stops a server and deletes its endpoint; returns whether there was one."""


@dataclass(frozen=True)
class Target:
    """One kind of machine."""

    jobs: Jobs
    endpoints: Endpoints
