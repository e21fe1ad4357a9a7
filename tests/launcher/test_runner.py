import json
import os
import sys
import tarfile

import pytest

from launcher.layout import lay_out
from launcher.processes import identify
from launcher.records import Job
from launcher.runner import StopRequest, run_job
from tests.launcher.conftest import FAKE
from tests.launcher.fake_container import FAILURE
from tests.launcher.test_records import a_job


class StopOnceItTrains(StopRequest):
    """Is asked as soon as the container has written its first checkpoint."""

    def __init__(self, folder):
        self.checkpoint = folder / "checkpoints" / "iteration"

    @property
    def is_made(self):
        return self.checkpoint.exists()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "job"
    lay_out(folder, "local", {"iterations": "2"})
    a_job(folder)
    return folder


def run(folder, mode="", command=None, stop=None, grace_s=30.0):
    return run_job(
        folder,
        command or [*FAKE, "train"],
        {**os.environ, "FAKE": mode},
        stop or StopRequest(),
        grace_s=grace_s,
    )


def names(archive):
    with tarfile.open(archive) as tar:
        return tar.getnames()


def test_a_job_that_ends_well(folder):
    (folder / "output" / "failure").write_text("of an earlier attempt")
    job = run(folder)
    assert job == Job.read(folder)
    assert (job.status, job.secondary_status, job.exit_code) == ("Completed", "Completed", 0)
    assert job.failure_reason is None
    assert job.ended
    assert names(folder / "output" / "model.tar.gz") == ["1/weights", "manifest.json"]
    assert names(folder / "output" / "output.tar.gz") == ["environ.json", "report.html"]
    assert not (folder / "output" / "failure").exists()


def test_the_container_sees_its_folder_and_its_name(folder):
    run(folder)
    environ = json.loads((folder / "output" / "data" / "environ.json").read_text())
    assert environ["SAGEMAKER_BASE_DIR"] == str(folder)
    assert environ["TRAINING_JOB_NAME"] == "job"


def test_a_job_that_fails_has_a_reason_and_no_model(folder):
    job = run(folder, "fail")
    assert (job.status, job.exit_code) == ("Failed", 3)
    assert job.failure_reason == FAILURE[:1024]
    assert not job.artifact.exists()
    assert names(folder / "output" / "output.tar.gz") == ["environ.json"]  # helps to find out why


def test_a_sudden_death_is_explained(folder):
    job = run(folder, "die")
    assert (job.status, job.exit_code) == ("Failed", 137)
    assert "exit code 137" in job.failure_reason


def test_a_stopped_job_keeps_its_model(folder):
    job = run(folder, "endless", stop=StopOnceItTrains(folder))
    assert (job.status, job.secondary_status, job.exit_code) == ("Stopped", "Stopped", 0)
    assert job.failure_reason is None
    assert names(job.artifact) == ["1/weights", "manifest.json"]


def test_a_job_stopped_while_it_starts_listens_later(folder):
    """The stand-in for a slow start becomes the container when it has been asked to stop."""
    start = "import os, signal, sys\nwhile signal.SIGTERM not in signal.sigpending(): pass\n"
    start += "os.execv(sys.argv[1], sys.argv[1:])"
    stop = StopRequest()
    stop.is_made = True
    job = run(folder, "endless", [sys.executable, "-c", start, *FAKE, "train"], stop)
    assert (job.status, job.exit_code) == ("Stopped", 0)
    assert job.artifact.exists()


def test_a_job_that_does_not_stop_is_killed(folder):
    job = run(folder, "stubborn", stop=StopOnceItTrains(folder), grace_s=0.3)
    assert (job.status, job.exit_code) == ("Stopped", 137)
    assert "had to be killed" in job.failure_reason
    assert not job.artifact.exists()


def test_what_a_container_leaves_behind_ends_with_it(folder):
    code = """
import os, signal
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("orphan", "w").write(str(os.getpid()))
    signal.pause()
while not os.path.exists("orphan") or not open("orphan").read():
    pass
"""
    job = run(folder, command=[sys.executable, "-c", code])
    assert job.status == "Completed"
    assert identify(int((folder / "orphan").read_text())).wait(10)


def test_a_container_that_cannot_be_started(folder, capfd):
    job = run(folder, command=[str(folder / "nothing")])
    assert job.status == "Failed"
    assert "No such file" in job.failure_reason
    assert "Traceback" in capfd.readouterr().err  # the log's


def test_a_full_disk_is_told(folder, monkeypatch):
    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("launcher.runner.pack", fill)
    job = run(folder)
    assert job.status == "Failed"
    assert "No space left" in job.failure_reason
