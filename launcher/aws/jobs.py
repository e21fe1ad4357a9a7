"""Training jobs in SageMaker."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launcher.aws.connection import Connection, connect
from launcher.aws.data_sets import place_of_data, send_data
from launcher.aws.fetching import fetch_into, is_fetched
from launcher.aws.limits import require, training_faults, training_warnings, uri_faults
from launcher.aws.options import AwsOptions
from launcher.aws.preview import Preview, preview
from launcher.aws.readiness import require_ready
from launcher.aws.removal import remove_files, require_ours
from launcher.aws.request import training_job
from launcher.aws.resumption import checkpoints_of, next_name, options_of
from launcher.aws.submission import submit
from launcher.aws.training_jobs import describe, end_job, stop_job
from launcher.aws.training_log import bring_job_log, is_settled
from launcher.aws.training_states import data_uri, seen_job
from launcher.datasets import DataSet, Progress, is_in_s3
from launcher.drafts import draft_of, exclusive
from launcher.errors import LauncherError
from launcher.folders import exact_folder, find_folder, remove_folder
from launcher.layout import lay_out
from launcher.protocols import Load
from launcher.records import JOB_FILE, Job, Remote, now
from launcher.request import TrainingRequest

POLL_S = 5.0  # describing more often is throttled
STOP_S = 1800.0  # two minutes for the container, then its results are sent to S3


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

    @property
    def stop_s(self) -> float:
        """Seconds that a job may take to end after it was asked to."""
        return STOP_S

    @property
    def reads_s3(self) -> bool:
        """Whether jobs read data sets in S3."""
        return True

    @functools.cached_property
    def connection(self) -> Connection:
        """The way to AWS."""
        return connect(self.options.region, self.options.profile)

    def check(self) -> None:
        """Nothing needs to be on this machine."""

    def check_request(
        self, name: str | None, data: str, hyperparameters: Mapping[str, str]
    ) -> list[str]:
        """Refuses what SageMaker would refuse.

        Returns:
            What it may refuse, or what may not work, in sentences.

        Raises:
            LauncherError: `beyond_limits`, naming all faults.
        """
        faults = training_faults(self.options, name, hyperparameters)
        require([*faults, *(uri_faults("data", data) if is_in_s3(data) else [])])
        return training_warnings(self.options, hyperparameters)

    def prepare(self) -> None:
        """Makes sure that a job can be submitted.

        Raises:
            LauncherError: `not_set_up`, naming all that is missing; or what AWS refuses.
        """
        require_ready(self.options)

    def preview(self, load: Load) -> Preview:
        """Says what a job would be asked for and cost; calls nothing of AWS."""
        complete, data = load()
        return preview(complete, self.options, self.data_uri(data))

    def start(self, request: TrainingRequest, data: DataSet, sent: Progress | None = None) -> Job:
        """Sends the data set to S3 if it is not there, and submits a new job.

        Raises:
            LauncherError: `job_exists`, `quota`, or as `connection.told` says.
        """
        if (self.root / request.name).exists():
            raise _taken(request.name)
        uri = self.send(data, sent)
        return self._submit(request, training_job(request, self.options, uri))

    def send(self, data: DataSet, sent: Progress | None = None) -> str:
        """Sends a data set to S3 if it is not there; returns its URI.

        Raises:
            LauncherError: as `connection.told` says.
        """
        return send_data(self.connection, self.options, data, sent)

    def data_uri(self, data: DataSet) -> str:
        """Returns where `send` would put a data set, or `<bucket>` where that is not known."""
        return place_of_data(self.options, data)

    def resume(self, name: str, hyperparameters: Mapping[str, str], iterations: int) -> Job:
        """Starts another job that goes on from the checkpoints of an ended one, with its data.

        Raises:
            LauncherError: `job_runs`, `no_such_job`, `no_checkpoints`, or as `start`.
        """
        job = self.find(name)
        if job.is_running:
            raise _running(job, f"Stop it first with `python -m launcher.stop {job.name}`.")
        said = describe(self.connection, job.name)
        options = self.options.over(options_of(said))
        new = replace(self, options=options)
        request = TrainingRequest(
            next_name(job.name, self._is_free),
            job.instance,
            job.data,
            dict(hyperparameters),
            iterations,
        )
        new.check_request(request.name, data_uri(said), hyperparameters)
        new.prepare()
        body = training_job(request, options, data_uri(said), checkpoints=checkpoints_of(said))
        return new._submit(request, body)

    def find(self, name: str) -> Job:
        """Returns a job as it is now, its log up to date; one not known here is looked up in AWS.

        Raises:
            LauncherError: `no_such_job`, or as `connection.told` says.
        """
        try:
            folder = find_folder(name, self.root, JOB_FILE, "job")
        except LauncherError as error:
            if error.code != "no_such_job":
                raise
            folder = self._adopt(name, error)
        before = Job.read(folder)
        if is_settled(before):
            return before
        said = self._describe(before)
        try:
            with exclusive(folder):
                job = seen_job(folder, said, Job.read(folder), self.connection.region)
                return bring_job_log(self.connection, job).save()
        except LauncherError as error:
            if error.code != "busy":
                raise
            return Job.read(folder)  # another command follows it, and keeps the record

    def stop(self, name: str) -> Job:
        """Asks a job to stop; it saves its model first."""
        job = self.find(name)
        if not job.is_running or job.status == "Stopping":
            return job
        stop_job(self.connection, job.name)
        return self.find(str(job.folder))

    def delete(self, name: str, *, force: bool) -> bool:
        """Deletes a job's record here and its files in S3; SageMaker itself forgets no job.

        Raises:
            LauncherError: `job_runs`, unless `force`, which stops it first; `not_ours`.
        """
        folder = exact_folder(name, self.root, JOB_FILE)
        job_name = folder.name if folder else name
        try:
            said = describe(self.connection, job_name)
        except LauncherError as error:
            if error.code != "no_such_job":
                raise
            if folder:
                remove_folder(folder)
            return folder is not None
        require_ours(self.connection, job_name, str(said["TrainingJobArn"]))
        job = seen_job(self.root / job_name, said, None, self.connection.region)
        if job.is_running:
            if not force:
                raise _running(job, "Stop it first, or delete it with --force.")
            end_job(self.connection, job.name, poll_s=self.poll_s, patience_s=self.stop_s)
        remove_files(self.connection, str(job.remote and job.remote.output))
        if folder:
            remove_folder(folder)
        return True

    def fetch(self, job: Job, folder: Path | None = None, brought: Progress | None = None) -> Job:
        """Brings what a job has made to its folder here, where it is not there yet.

        Args:
            job: the job.
            folder: where to instead.
            brought: called with (bytes, bytes in all) of what is large.

        Raises:
            LauncherError: `job_runs`, `no_results`, or as `connection.told` says.
        """
        place = folder or job.folder
        if is_fetched(place):
            return job
        if job.is_running:
            raise _running(job, "Its results come when it has ended; it can be stopped before.")
        output = str(job.remote and job.remote.output)
        fetch_into(self.connection, output, place, progress=brought)
        return job

    def _submit(self, request: TrainingRequest, body: Mapping[str, Any]) -> Job:
        """Makes the record first: a job of which nobody knows the name cannot be stopped."""
        folder = self._lay_out(
            Job(
                self.root / request.name,
                request.name,
                instance=request.instance,
                status="InProgress",
                secondary_status="Starting",
                data=request.data,
                iterations=request.iterations or 0,
                created=now(),
                attempts=1,
                image=self.options.image,
                remote=Remote(self.connection.region, ""),
            ),
            request.hyperparameters,
        )
        try:
            submit(self.connection, body)
        except LauncherError:
            remove_folder(folder)
            raise
        return self.find(str(folder))

    def _describe(self, job: Job) -> dict[str, Any]:
        """Describes a job that has a record here."""
        try:
            return describe(self.connection, job.name)
        except LauncherError as error:
            if error.code != "no_such_job":
                raise
            raise LauncherError(
                "no_such_job",
                f"The job {job.name} is not in AWS in {self.connection.region}: it was never "
                "submitted, or is another account's.",
                f"`python -m launcher.delete {job.name}` deletes its record here.",
            ) from error

    def _adopt(self, name: str, unknown: LauncherError) -> Path:
        """Makes the record of a job that another machine has started.

        Raises:
            LauncherError: `unknown`, if nobody is signed in, or if it knows a name like this one.
        """
        try:
            said = describe(self.connection, name)
        except LauncherError as error:
            is_misspelt = error.code == "no_such_job" and unknown.hint.startswith("Did you mean")
            if is_misspelt or error.code == "no_credentials":
                raise unknown from error
            raise
        job = seen_job(self.root / name, said, None, self.connection.region)
        return self._lay_out(job, said.get("HyperParameters", {}))

    def _lay_out(self, job: Job, hyperparameters: Mapping[str, str]) -> Path:
        """Makes the folder of a job, whole."""
        self.root.mkdir(parents=True, exist_ok=True)
        draft = draft_of(job.folder)
        try:
            lay_out(draft, job.instance, hyperparameters)
            replace(job, folder=draft).save()
            draft.rename(job.folder)
        except OSError as error:
            remove_folder(draft)
            if job.folder.exists():
                raise _taken(job.name) from error
            raise
        return job.folder

    def _is_free(self, name: str) -> bool:
        if (self.root / name).exists():
            return False
        try:
            describe(self.connection, name)
        except LauncherError as error:
            if error.code != "no_such_job":
                raise
            return True
        return False


def _taken(name: str) -> LauncherError:
    return LauncherError(
        "job_exists",
        f"There is already a job {name}.",
        f"Choose another name, or go on with `python -m launcher.train --resume {name}`.",
    )


def _running(job: Job, hint: str) -> LauncherError:
    return LauncherError("job_runs", f"The job {job.name} still runs.", hint)
