import json
import os
from dataclasses import replace

import pytest

from launcher.errors import LauncherError
from launcher.processes import Process, identify
from launcher.records import Endpoint, Job

NOBODY = Process(1, "an earlier boot:7")


def a_job(folder, **changes):
    folder.mkdir(exist_ok=True)
    job = Job(
        folder,
        folder.name,
        instance="local",
        status="InProgress",
        secondary_status="Training",
        data="bach",
        iterations=5,
        created="2026-11-21T01:36:22.000Z",
        started="2026-11-21T01:36:23.500Z",
        runner=identify(os.getpid()),
    )
    return replace(job, **changes).save()


def an_endpoint(folder, **changes):
    folder.mkdir(exist_ok=True)
    endpoint = Endpoint(
        folder,
        folder.name,
        instance="local",
        status="InService",
        source="bach",
        url="http://127.0.0.1:8080/",
        port=8080,
        created="2026-11-21T01:36:22.000Z",
        server=identify(os.getpid()),
    )
    return replace(endpoint, **changes).save()


def test_records_come_back(tmp_path):
    job = a_job(tmp_path / "job", exit_code=0, worker=NOBODY)
    assert Job.read(tmp_path / "job") == job
    endpoint = an_endpoint(tmp_path / "end")
    assert Endpoint.read(tmp_path / "end") == endpoint


def test_a_moved_folder_takes_its_name_along(tmp_path):
    a_job(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    assert Job.read(tmp_path / "new").name == "new"


def test_a_job_whose_runner_lives_is_as_recorded(tmp_path):
    job = a_job(tmp_path / "job")
    assert job.observed() == job


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
@pytest.mark.parametrize("runner", [None, NOBODY])
def test_a_job_whose_runner_is_gone_has_failed(tmp_path, status, runner):
    job = a_job(tmp_path / "job", status=status, runner=runner).observed()
    assert (job.status, job.secondary_status) == ("Failed", "Failed")
    assert "stopped unexpectedly" in job.failure_reason
    assert "still runs" not in job.failure_reason


def test_an_orphan_is_named(tmp_path):
    job = a_job(tmp_path / "job", runner=NOBODY, worker=identify(os.getpid())).observed()
    assert f"process {os.getpid()} still runs" in job.failure_reason
    assert job.has_orphan


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_what_has_ended_stays_as_it_is(tmp_path, status):
    job = a_job(tmp_path / "job", status=status, runner=NOBODY)
    assert job.observed() == job


def test_an_endpoint_whose_server_is_gone_has_failed(tmp_path):
    assert an_endpoint(tmp_path / "a").observed().status == "InService"
    gone = an_endpoint(tmp_path / "b", server=NOBODY).observed()
    assert gone.status == "Failed"
    assert "ended unexpectedly" in gone.failure_reason


def test_descriptions_are_json_with_paths_that_exist(tmp_path):
    job = a_job(tmp_path / "job", ended="2026-11-21T01:37:23.750Z", status="Completed")
    job.model.mkdir()
    content = json.loads(json.dumps(job.describe()))
    assert content["seconds"] == 60.25
    assert content["model"] == str(tmp_path / "job" / "model")
    assert content["report"] is None
    endpoint = json.loads(json.dumps(an_endpoint(tmp_path / "end").describe()))
    assert endpoint["log"] == str(tmp_path / "end" / "log.txt")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"name": "job"}'])
def test_a_damaged_record_is_named(tmp_path, text):
    a_job(tmp_path / "job")
    (tmp_path / "job" / "job.json").write_text(text)
    with pytest.raises(LauncherError, match=r"job\.json is damaged"):
        Job.read(tmp_path / "job")


def test_keys_of_a_later_version_are_passed_over(tmp_path):
    job = a_job(tmp_path / "job")
    path = tmp_path / "job" / "job.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "billable_seconds": 3}))
    assert Job.read(tmp_path / "job") == job
