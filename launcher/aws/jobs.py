"""Training jobs in SageMaker."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.aws.connection import Connection, connect
from launcher.aws.options import AwsOptions
from launcher.datasets import DataSet
from launcher.errors import LauncherError
from launcher.records import Job
from launcher.request import TrainingRequest

POLL_S = 5.0  # describing more often is throttled


@dataclass(frozen=True)
class SagemakerJobs:
    """The training jobs of one account in one region.

    Attributes:
        root: holds a folder for each job that is known here, with its record and its log.
        instance: the type of new ones, such as `ml.c5.4xlarge`.
        options: what has been said of AWS.
    """

    root: Path
    instance: str
    options: AwsOptions

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at a job that is followed."""
        return POLL_S

    @functools.cached_property
    def connection(self) -> Connection:
        """The way to AWS."""
        return connect(self.options.region, self.options.profile)

    def check(self) -> None:
        """Makes sure that a job can be submitted."""

    def start(self, request: TrainingRequest, data: DataSet) -> Job:
        """Submits a new job."""
        raise _not_yet()

    def resume(self, name: str, hyperparameters: Mapping[str, str], iterations: int) -> Job:
        """Starts an ended job again."""
        raise _not_yet()

    def find(self, name: str) -> Job:
        """Returns a job as it is now, its log up to date."""
        raise _not_yet()

    def stop(self, name: str) -> Job:
        """Asks a job to stop."""
        raise _not_yet()

    def delete(self, name: str, *, force: bool) -> bool:
        """Deletes a job's files."""
        raise _not_yet()

    def fetch(self, job: Job) -> Job:
        """Brings what a job has made."""
        raise _not_yet()


def _not_yet() -> LauncherError:
    return LauncherError("not_yet", "SageMaker is not built yet.", "Use `--instance local`.")
