"""Plays SageMaker for one job on this machine: `python -m launcher.runner FOLDER -- COMMAND...`.

Runs the container's command under the job's folder, passes SIGTERM on to it, keeps the job's record
and packs what it leaves. It runs in a session of its own, so closing the terminal ends nothing.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from launcher.archives import pack
from launcher.docker.engine import release
from launcher.processes import identify
from launcher.records import Job, now

GRACE_S = 120.0  # SageMaker sends SIGKILL so long after SIGTERM
_POLL_S = 0.2
_REASON_LENGTH = 1024  # of FailureReason, DescribeTrainingJob


class StopRequest:
    """Remembers that the job was asked to stop; being asked again changes nothing."""

    def __init__(self) -> None:
        self.is_made = False

    def listen(self) -> None:
        """Listens to SIGTERM."""
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.is_made = True


def run_job(
    folder: Path,
    command: Sequence[str],
    environ: Mapping[str, str],
    stop: StopRequest,
    *,
    grace_s: float = GRACE_S,
) -> Job:
    """Runs one attempt of a job to its end.

    Args:
        folder: the job's folder, with its record and its input.
        command: starts the container; its output goes where ours goes.
        environ: of the container, which also gets SAGEMAKER_BASE_DIR and TRAINING_JOB_NAME.
        stop: says when to stop.
        grace_s: seconds from SIGTERM to SIGKILL.

    Returns:
        The job as it ended; its record says the same.
    """
    job = replace(Job.read(folder), runner=identify(os.getpid()), secondary_status="Training")
    job.save()
    try:
        _failure_file(folder).unlink(missing_ok=True)
        base = {"SAGEMAKER_BASE_DIR": str(folder), "TRAINING_JOB_NAME": job.name}
        job, code = _run_container(job, command, {**environ, **base}, stop, grace_s)
        return _finish(job, code)
    except Exception as error:
        traceback.print_exc()
        reason = f"The runner of the job failed: {type(error).__name__}: {error}"
        return _end(job, "Failed", reason)


def _run_container(
    job: Job,
    command: Sequence[str],
    environ: Mapping[str, str],
    stop: StopRequest,
    grace_s: float,
) -> tuple[Job, int]:
    with _sigterm_held():
        child = subprocess.Popen(
            command, env=dict(environ), stdin=subprocess.DEVNULL, cwd=job.folder, process_group=0
        )
    try:
        return _watch(replace(job, worker=identify(child.pid)).save(), child, stop, grace_s)
    finally:
        _kill_group(child.pid)  # a container's processes end with its first one
        child.wait()
        if job.image:
            release(job.folder, job.image)


@contextlib.contextmanager
def _sigterm_held() -> Iterator[None]:
    """Lets SIGTERM wait, in what is started meanwhile until it listens: the container does.

    In its first moments, before it can hold signals itself, one would end it with no trace.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _watch(
    job: Job, child: "subprocess.Popen[bytes]", stop: StopRequest, grace_s: float
) -> tuple[Job, int]:
    deadline = None
    while (code := _wait_a_little(child)) is None:
        if stop.is_made and deadline is None:
            child.terminate()
            deadline = time.monotonic() + grace_s
            job = replace(job, status="Stopping", secondary_status="Stopping").save()
        if deadline is not None and time.monotonic() > deadline:
            _kill_group(child.pid)
    return job, code if code >= 0 else 128 - code


def _wait_a_little(child: "subprocess.Popen[bytes]") -> int | None:
    try:
        return child.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return None


def _kill_group(number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(number, signal.SIGKILL)


def _finish(job: Job, code: int) -> Job:
    """Packs what the container left, and decides how the job ended."""
    stopped = job.status == "Stopping"
    reason = _failure(job.folder)
    if (code and not stopped) or (stopped and reason):
        status, reason = "Failed", reason or f"The training process ended with exit code {code}."
    else:
        status, reason = ("Stopped" if stopped else "Completed"), None
        if code:
            reason = f"The training process had to be killed (exit code {code})."
    job = replace(job, exit_code=code, secondary_status="Uploading").save()
    pack(job.folder / "output" / "data", job.folder / "output" / "output.tar.gz")
    if status != "Failed":
        pack(job.model, job.artifact)
    return _end(job, status, reason)


def _end(job: Job, status: str, reason: str | None) -> Job:
    short = None if reason is None else reason[:_REASON_LENGTH]
    return replace(
        job, status=status, secondary_status=status, ended=now(), failure_reason=short
    ).save()


def _failure_file(folder: Path) -> Path:
    return folder / "output" / "failure"


def _failure(folder: Path) -> str | None:
    try:
        return _failure_file(folder).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Runs the job of a command line; returns 0 unless it failed."""
    folder, _, *command = arguments
    stop = StopRequest()
    stop.listen()
    job = run_job(Path(folder), command, environ, stop)
    return int(job.status == "Failed")


def runner_command(folder: Path, command: Sequence[str]) -> list[str]:
    """Returns the command that runs a job's container under a runner."""
    return [sys.executable, "-P", "-m", "launcher.runner", str(folder), "--", *command]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
