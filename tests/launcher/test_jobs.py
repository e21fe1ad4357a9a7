import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from container.configuration import read_configuration
from container.paths import TrainingPaths
from launcher import JobFailedError, LauncherError, delete, status, stop, train
from launcher.planning import plan
from launcher.processes import Process
from launcher.records import Job
from tests.container.http_server import wait_until
from tests.launcher.fake_container import FAILURE
from tests.launcher.test_records import a_job, an_endpoint


@pytest.fixture
def endless(monkeypatch, root, data):
    """A job that runs until it is stopped, and has trained one iteration."""
    monkeypatch.setenv("FAKE", "endless")
    job = train(data=data, wait=False, root=root)
    wait_until(lambda: "iteration=1;" in job.log.read_text())
    monkeypatch.delenv("FAKE")
    return status(job.name, root=root)


def test_a_job_from_its_start_to_its_end(root, data):
    job = train(data=data, hyperparameters={"iterations": 2}, name="mine", root=root)
    assert (job.name, job.folder, job.status) == ("mine", root / "mine", "Completed")
    assert job.artifact.exists()
    assert job.report.exists()
    assert "iteration=2;" in job.log.read_text()
    assert status("mine", root=root) == job


def test_the_folder_is_what_the_container_expects(root, data):
    job = train(data=data, hyperparameters={"kl_weight": 0.5, "seed": 3}, root=root)
    configuration = read_configuration(TrainingPaths(job.folder), {})
    assert configuration.hyperparameters == {"kl_weight": "0.5", "seed": "3"}
    assert configuration.channels["train"]["TrainingInputMode"] == "File"
    assert (configuration.hosts, configuration.current_host) == (("algo-1",), "algo-1")
    resources = json.loads((job.folder / "input" / "config" / "resourceconfig.json").read_text())
    # the keys that real jobs have shown in their logs
    assert sorted(resources) == [
        "current_group_name",
        "current_host",
        "current_instance_type",
        "hosts",
        "instance_groups",
        "network_interface_name",
        "topology",
    ]
    phrases = job.folder / "input" / "data" / "train" / "phrases.npz"
    assert phrases.read_bytes() == Path(data).read_bytes()
    assert job.name.startswith("small-set-")


def test_two_jobs_of_one_second(root, data):
    one, other = (train(data=data, wait=False, root=root) for _ in range(2))
    assert one.name != other.name
    wait_until(lambda: not any(job.is_running for job in status(root=root).jobs))
    names = [job.name for job in status(root=root).jobs]
    assert names == [other.name, one.name]  # the newest first
    assert {job.status for job in status(root=root).jobs} == {"Completed"}


def test_epochs_are_counted_in_iterations(root, data):
    # 8 phrases, batches of 2, one critic update each: 4 iterations an epoch
    settings = {"epochs": 3, "batch_size": 2, "critic_updates": 1}
    assert train(data=data, hyperparameters=settings, root=root).iterations == 12


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"hyperparameters": {"iteratons": 3}}, "bad_hyperparameters"),
        ({"name": "a_b"}, "bad_name"),
        ({"data": "nothing.npz"}, "no_data"),
        ({"instance": "moon"}, "unknown_target"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(root, data, wrong, code):
    with pytest.raises(LauncherError) as caught:
        train(**{"data": data, "root": root} | wrong)
    assert caught.value.code == code
    assert not root.exists()


def test_a_plan_makes_nothing(root, data):
    request = plan(data=data, hyperparameters={"iterations": 9}, name="mine", root=root)
    assert (request.name, request.hyperparameters) == ("mine", {"iterations": "9"})
    assert not root.exists()


def test_a_name_is_used_once(root, data):
    train(data=data, name="mine", root=root)
    with pytest.raises(LauncherError, match=r"already a job mine.*--resume mine"):
        train(data=data, name="mine", root=root)
    assert [path.name for path in root.iterdir()] == ["mine"]  # no draft is left


def test_a_failed_job_raises_with_its_reason(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "fail")
    with pytest.raises(JobFailedError, match="NotEnoughNotes") as caught:
        train(data=data, name="mine", root=root)
    assert caught.value.name == "mine"
    assert status("mine", root=root).failure_reason == FAILURE[:1024]


def test_a_runner_that_cannot_start_is_told(root, data, monkeypatch):
    monkeypatch.setattr("launcher.local_jobs.runner_command", lambda *_: ["/nothing"])
    with pytest.raises(LauncherError, match="job mine could not be started") as caught:
        train(data=data, name="mine", root=root)
    assert caught.value.code == "no_runner"
    job = status("mine", root=root)
    assert job.status == "Failed"
    assert "cannot be started" in job.log.read_text()


def test_stopping_keeps_the_model_and_resuming_goes_on(root, endless):
    assert endless.status == "InProgress"
    stopped = stop(endless.name, root=root)
    assert (stopped.status, stopped.exit_code) == ("Stopped", 0)
    assert stopped.artifact.exists()
    assert stop(endless.name, root=root) == stopped  # what has ended stays as it is
    before = stopped.log.read_text()
    again = train(resume=endless.name[:-2], hyperparameters={"iterations": 2}, root=root)
    assert (again.name, again.status, again.attempts) == (endless.name, "Completed", 2)
    assert (again.iterations, again.created) == (2, endless.created)
    assert again.log_offset == len(before.encode())
    assert "Starting at 2." in again.log.read_text()[len(before) :]


def test_stopping_without_waiting(root, endless):
    assert stop(endless.name, wait=False, root=root).is_running
    wait_until(lambda: status(endless.name, root=root).status == "Stopped")


def test_a_job_that_runs_is_not_resumed_nor_deleted(root, endless):
    with pytest.raises(LauncherError, match="still runs"):
        train(resume=endless.name, root=root)
    with pytest.raises(LauncherError, match=r"still runs.*--force"):
        delete(endless.name, root=root)
    assert status(endless.name, root=root).status == "InProgress"
    assert delete(endless.name, force=True, root=root) == "job"
    assert not endless.folder.exists()
    assert not endless.runner.is_alive()
    assert not endless.worker.is_alive()


def test_resuming_keeps_name_and_data(root, data):
    train(data=data, name="mine", root=root)
    with pytest.raises(LauncherError, match="keeps its name and its data"):
        train(resume="mine", data=data, root=root)
    with pytest.raises(LauncherError, match="`iterations` must be"):
        train(resume="mine", hyperparameters={"iterations": -1}, root=root)
    with pytest.raises(LauncherError, match="checkpoints of another `architecture`, `seed`"):
        train(resume="mine", hyperparameters={"seed": 1, "architecture": "unet"}, root=root)
    with pytest.raises(LauncherError, match=r"checkpoints of another `augmentation`\."):
        train(resume="mine", hyperparameters={"augmentation": 0.5, "sample_every": 9}, root=root)
    with pytest.raises(LauncherError, match="There is no job 'other'"):
        train(resume="other", root=root)
    assert train(resume="mine", hyperparameters={"seed": 0}, wait=False, root=root).attempts == 2
    wait_until(lambda: not Job.read(root / "mine").is_running)


def test_a_killed_runner_is_noticed_and_its_orphan_ends(root, endless):
    os.kill(endless.runner.pid, signal.SIGKILL)
    assert endless.runner.wait(10)
    found = status(endless.name, root=root)
    assert (found.status, found.has_orphan) == ("Failed", True)
    assert "stopped unexpectedly" in found.failure_reason
    assert f"process {endless.worker.pid} still runs" in found.failure_reason
    with pytest.raises(LauncherError, match="still runs"):
        train(resume=endless.name, root=root)
    found = stop(endless.name, root=root)
    assert (found.status, found.has_orphan) == ("Failed", False)
    assert "Saved." in found.log.read_text()
    assert train(resume=endless.name, root=root).status == "Completed"


def test_a_restarted_machine_shows_no_running_jobs(root):
    root.mkdir()
    a_job(root / "old", runner=Process(1, "an earlier boot:7"))
    assert status("old", root=root).status == "Failed"
    assert delete("old", root=root) == "job"


def test_a_launcher_that_dies_before_the_runner_starts_leaves_no_running_job(root):
    root.mkdir()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    a_job(root / "mine", secondary_status="Starting", runner=Process(gone.pid, "x:1"))
    assert status("mine", root=root).status == "Failed"


def test_deleting_needs_the_whole_name_and_is_idempotent(root, data):
    train(data=data, name="mine", root=root)
    assert delete("min", root=root) is None
    assert delete(str(root / "mine"), root=root) == "job"
    assert delete("mine", root=root) is None
    assert list(root.iterdir()) == []


def test_one_name_for_two_things(root):
    root.mkdir()
    (root / "endpoints").mkdir()
    job = a_job(root / "twin", status="Completed")
    an_endpoint(root / "endpoints" / "twin", status="Failed", server=None)
    with pytest.raises(LauncherError, match="Both a job and an endpoint"):
        delete("twin", root=root)
    assert delete(str(root / "endpoints" / "twin"), root=root) == "endpoint"
    assert delete("twin", root=root) == "job"
    assert not job.folder.exists()


def test_an_endpoint_is_no_job_to_stop(root):
    (root / "endpoints").mkdir(parents=True)
    an_endpoint(root / "endpoints" / "mine", server=None)
    with pytest.raises(LauncherError, match=r"is an endpoint, not a job.*launcher\.delete mine"):
        stop("mine", root=root)


def test_jobs_are_listed_by_time(root):
    root.mkdir()
    for name, hour in (("a", 3), ("b", 5), ("c", 4)):
        a_job(root / name, status="Completed", created=f"2026-11-21T0{hour}:00:00.000Z")
    assert [job.name for job in status(root=root).jobs] == ["b", "c", "a"]
    assert status(root=root / "nothing").jobs == []


def test_a_short_job_is_over_before_anyone_looks(root, data):
    job = train(data=data, wait=False, root=root)
    wait_until(lambda: not Job.read(job.folder).is_running)
    assert replace(Job.read(job.folder), ended=None).observed().status == "Completed"
