"""Training jobs on this machine: child processes under the layout of /opt/ml, no Docker, no AWS."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.datasets import DataSet, Progress
from launcher.docker.engine import release
from launcher.docker.images import refuse_image
from launcher.drafts import draft_of, exclusive
from launcher.errors import LauncherError
from launcher.folders import exact_folder, find_folder, remove_folder
from launcher.layout import hyperparameters_file, lay_out, phrases_file, write_json
from launcher.processes import Process, identify, start_detached
from launcher.protocols import Load
from launcher.records import JOB_FILE, Job, now
from launcher.request import TrainingRequest
from launcher.runner import GRACE_S, runner_command

_POLL_S = 0.2
_TAKE_OVER_POLL_S = 0.02
_KILL_S = 10.0
_SAVING_S = 60.0  # for the runner to pack what was saved


@dataclass(frozen=True)
class LocalJobs:
    """The jobs below one folder.

    Attributes:
        root: holds a folder for each job.
        container: the command that plays the image; the verb follows.
        environ: the environment of the processes.
        image: of the containers, if the jobs run in some.
    """

    root: Path
    container: tuple[str, ...]
    environ: Mapping[str, str]
    image: str | None = None

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at a job that is followed."""
        return _POLL_S

    @property
    def stop_s(self) -> float:
        """Seconds that a job may take to end after it was asked to."""
        return GRACE_S + _SAVING_S

    @property
    def reads_s3(self) -> bool:
        """Whether jobs read data sets in S3."""
        return False

    def check(self) -> None:
        """Refuses an image: a process of this machine plays it.

        Raises:
            LauncherError: `bad_options`.
        """
        refuse_image(self.image)

    def check_request(
        self,
        name: str | None,  # noqa: ARG002 (a target's, and so are the next two)
        data: str,  # noqa: ARG002
        hyperparameters: Mapping[str, str],  # noqa: ARG002
    ) -> list[str]:
        """Nothing is refused that the other checks let pass."""
        return []

    def prepare(self) -> None:
        """Nobody needs to be asked."""

    def preview(self, load: Load) -> None:
        """The request itself says all."""

    def start(
        self,
        request: TrainingRequest,
        data: DataSet,
        sent: Progress | None = None,  # noqa: ARG002 (a target's: nothing goes far)
    ) -> Job:
        """Makes the folder of a new job, whole, and starts it.

        Raises:
            LauncherError: `job_exists`, or `no_runner` if the runner cannot be started.
        """
        folder = self.root / request.name
        self.root.mkdir(parents=True, exist_ok=True)
        draft = draft_of(folder)
        try:
            lay_out(draft, request.instance, request.hyperparameters)
            data.write(phrases_file(draft))
            job = Job(
                draft,
                request.name,
                instance=request.instance,
                status="Failed",  # until it is started
                secondary_status="Starting",
                data=data.name,
                iterations=request.iterations or 0,
                created=now(),
                image=self.image,
            ).save()
            _rename(draft, folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        with exclusive(folder):
            return self._launch(replace(job, folder=folder))

    def resume(self, name: str, hyperparameters: Mapping[str, str], iterations: int) -> Job:
        """Starts an ended job again in its folder, with its data and its checkpoints.

        Raises:
            LauncherError: `job_runs`, `no_such_job`, or `no_runner`.
        """
        self.check()
        folder = self.find(name).folder
        with exclusive(folder):
            job = self.find(str(folder))
            if job.is_running or job.has_orphan:
                raise LauncherError(
                    "job_runs",
                    f"The job {job.name} still runs.",
                    f"Stop it first with `python -m launcher.stop {job.name}`.",
                )
            write_json(hyperparameters_file(folder), hyperparameters)
            return self._launch(replace(job, iterations=iterations))

    def find(self, name: str) -> Job:
        """Returns a job as it is now."""
        return Job.read(find_folder(name, self.root, JOB_FILE, "job")).observed()

    def stop(self, name: str) -> Job:
        """Sends SIGTERM; a training process whose runner is gone gets it directly."""
        job = self.find(name)
        if job.has_orphan and job.worker:
            job.worker.send(signal.SIGTERM)
        elif job.is_running and job.runner:
            job.runner.send(signal.SIGTERM)
        return job

    def delete(self, name: str, *, force: bool) -> bool:
        """Deletes the folder of a job; the name must be whole.

        Raises:
            LauncherError: `job_runs`, unless `force`, which ends it at once.
        """
        folder = exact_folder(name, self.root, JOB_FILE)
        if folder is None:
            return False
        with exclusive(folder):
            job = Job.read(folder).observed()
            if job.is_running or job.has_orphan:
                if not force:
                    raise LauncherError(
                        "job_runs",
                        f"The job {job.name} still runs.",
                        "Stop it first, or delete it with --force, which saves nothing.",
                    )
                _kill(job)
            if job.image:
                release(job.folder, job.image)
            remove_folder(folder)
        return True

    def fetch(
        self,
        job: Job,
        folder: Path | None = None,
        brought: Progress | None = None,  # noqa: ARG002 (a target's)
    ) -> Job:
        """Returns the job: what it made is here.

        Raises:
            LauncherError: `bad_options` if it shall be brought elsewhere.
        """
        if folder is not None and folder.absolute() != job.folder:
            raise LauncherError(
                "bad_options",
                f"The job {job.name} ran on this machine: its results are in {job.folder}.",
                "Copy them from there.",
            )
        return job

    def _launch(self, job: Job) -> Job:
        """Starts the runner, and returns when it has taken over the record."""
        job = replace(
            job,
            status="InProgress",
            secondary_status="Starting",
            started=now(),
            ended=None,
            attempts=job.attempts + 1,
            log_offset=job.log.stat().st_size if job.log.exists() else 0,
            exit_code=None,
            failure_reason=None,
            runner=identify(os.getpid()),  # if this command dies now, nobody runs the job
            worker=None,
        ).save()
        command = runner_command(job.folder, [*self.container, "train"])
        try:
            runner = start_detached(command, folder=job.folder, log=job.log, environ=self.environ)
            taken = _wait_for(runner, job.folder)
        except (OSError, subprocess.SubprocessError):
            taken = None
        if taken is None:
            reason = "Its runner could not be started."
            replace(job, status="Failed", ended=now(), failure_reason=reason).save()
            raise LauncherError(
                "no_runner", f"The job {job.name} could not be started.", f"See {job.log}."
            )
        return taken


def _wait_for(runner: Process, folder: Path) -> Job | None:
    """Waits until the runner has signed the record; None if it ended before."""
    while True:
        is_over = runner.wait(_TAKE_OVER_POLL_S)  # asked before the record is read
        job = Job.read(folder)
        if job.runner and job.runner.pid == runner.pid:
            return job.observed()
        if is_over:
            return None


def _kill(job: Job) -> None:
    for process in filter(None, [job.runner, job.worker]):
        process.kill_group()
        process.wait(_KILL_S)


def _rename(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)  # refused by the system if a folder with files is there
    except OSError as error:
        if not folder.exists():
            raise
        raise LauncherError(
            "job_exists",
            f"There is already a job {folder.name}.",
            f"Choose another name, or go on with `python -m launcher.train --resume "
            f"{folder.name}`.",
        ) from error
