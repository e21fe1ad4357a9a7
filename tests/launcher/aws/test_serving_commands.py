"""deploy, status, invoke, delete and sweep as their users type them, on a played account."""

import base64
import json

import pytest

from launcher.records import Endpoint
from music.melodies import melody
from music.midi import write_midi
from tests.aws.fixtures import ENDPOINT, MODEL, REGION
from tests.launcher.aws.models import completed_job
from tests.launcher.aws.serving import no_pauses, root
from tests.launcher.aws.team import IMAGE, team
from tests.launcher.command_line import run_here

__all__ = ["no_pauses", "root", "team"]

SONG = b"MThd of a song"
ANSWER = {
    "takes": [{"midi": base64.b64encode(SONG).decode(), "seed": 7}],
    "warnings": [],
    "model": {},
}


@pytest.fixture
def job(team, root):
    return completed_job(root)


def play(_name, _headers, _body):
    return 200, {"Content-Type": "application/json"}, json.dumps(ANSWER).encode()


def deploy(root, *words, name="choir"):
    return run_here(
        "deploy", "mine", "--instance", "ml.m5.large", "--endpoint", name, *words, root=root
    )


def test_from_a_job_to_a_song_and_to_nothing(team, root, job, tmp_path):
    done = deploy(root)
    assert done.returncode == 0, done.stderr
    *phases, where, next_, end = done.stdout.splitlines()
    assert phases[0] == "Checking the model"
    assert phases[-1].startswith("Creating: ")
    assert any("$" in phase and "until it is deleted" in phase for phase in phases)
    assert where == f"The endpoint choir serves mine in {REGION}"
    assert f"launcher.invoke choir twinkle -o song.mid --root {root}" in next_
    assert f"launcher.delete choir --root {root}" in end
    [model] = team.sagemaker.names(MODEL)
    assert team.request(MODEL, model)["PrimaryContainer"]["Image"] == IMAGE

    status = run_here("status", "choir", root=root).stdout
    for words in ("choir: InService", f"region    {REGION}", "instance  ml.m5.large", "real-time"):
        assert words in status
    assert "/aws/sagemaker/Endpoints/choir in CloudWatch" in status

    team.runtime.container = play
    (tmp_path / "melody.mid").write_bytes(write_midi(melody("twinkle")))
    done = run_here("invoke", "choir", "melody.mid", "-o", "song.mid", "--seed", 7, root=root)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "song.mid").read_bytes() == SONG

    assert run_here("delete", "choir", root=root).stdout == "Deleted the endpoint choir.\n"
    assert run_here("delete", "choir", "--json", root=root).returncode == 0
    assert team.sagemaker.names(MODEL) == []


def test_a_models_refusal_is_the_commands(team, root, job):
    deploy(root)
    refusal = {"error": "no_notes", "message": "There are no notes.", "hint": "Send some."}
    team.runtime.container = lambda *_: (400, {}, json.dumps(refusal).encode())
    done = run_here("invoke", "twinkle", root=root)  # the only one that runs
    assert done.returncode == 1
    assert done.stderr == "Error: There are no notes. Send some.\n"
    assert json.loads(run_here("invoke", "twinkle", "--json", root=root).stdout) == refusal


def test_an_endpoint_without_instances_needs_none(team, root, job):
    done = run_here("deploy", "--serverless", "--memory", 3072, "--json", root=root)
    content = json.loads(done.stdout)
    assert (content["name"], content["status"]) == ("accompanist", "InService")
    assert content["remote"]["kind"] == "serverless"
    assert "It costs by request" in done.stderr


def test_an_endpoint_with_an_end_is_swept(team, root, job):
    assert deploy(root, "--ttl", "2h").returncode == 0
    assert run_here("sweep", root=root).stdout == "No endpoint has expired.\n"
    arn = team.sagemaker.get(ENDPOINT, "choir").arn
    assert "accompanist:expires" in team.sagemaker.tags[arn]
    team.sagemaker.tags[arn]["accompanist:expires"] = "2026-01-01T00:00:00+00:00"
    assert "would be deleted" in run_here("sweep", "--dry-run", root=root).stdout
    content = json.loads(run_here("sweep", "--json", root=root).stdout)
    assert content["endpoints"][0] == {
        "name": "choir",
        "expires": "2026-01-01T00:00:00+00:00",
        "deleted": True,
        "reason": "",
    }


def test_what_sweep_must_leave_is_no_success(team, root, job):
    deploy(root, "--ttl", "2h")
    record = team.sagemaker.get(ENDPOINT, "choir")
    team.sagemaker.tags[record.arn]["accompanist:expires"] = "2026-01-01T00:00:00+00:00"
    team.deny("DeleteEndpoint")
    done = run_here("sweep", root=root)
    assert done.returncode == 1
    assert "sagemaker:DeleteEndpoint" in done.stdout


def test_deleting_needs_no_record(team, root, job, tmp_path):
    deploy(root)
    done = run_here("delete", "choir", root=tmp_path / "another machine")
    assert done.stdout == "Deleted the endpoint choir.\n"
    done = run_here("status", "choir", root=root)  # which still has one
    assert "choir: Deleting" in done.stdout
    assert "choir: Deleted" in run_here("status", "choir", root=root).stdout
    assert run_here("delete", "choir", root=root).stdout == "Deleted the endpoint choir.\n"
    assert not (root / "endpoints" / "choir").exists()


def test_who_is_not_signed_in_has_nothing_to_delete_in_aws(team, root):
    team.forget_credentials()
    done = run_here("delete", "choir", root=root)
    assert done.stdout == "There is no choir to delete.\n"


def test_all_that_is_missing_is_told_before_anything_is_done(team, root, job, tmp_path):
    (tmp_path / "accompanist.toml").unlink()
    team.forget_credentials()
    done = deploy(root)
    assert done.returncode == 1
    assert "Serving in AWS needs a region, a role, a bucket, an image that serves and AWS " in (
        done.stderr
    )
    assert "launcher.setup" in done.stderr
    assert "Checking the model" not in done.stdout
    assert team.calls == []


@pytest.mark.parametrize("instance", ["local", "local-docker"])
def test_what_only_aws_has_is_refused_elsewhere(root, instance):
    done = run_here("deploy", "--instance", instance, "--autoscale", "1:4", root=root)
    assert done.returncode == 1
    assert "--autoscale" in done.stderr


@pytest.mark.parametrize("here", [True, False])
def test_a_name_is_for_one_endpoint_here_and_in_aws(team, root, job, here, port):
    if here:
        folder = root / "endpoints" / "choir"
        folder.mkdir(parents=True)
        Endpoint(folder, "choir", "local", "Failed", "mine", "", port, "2026-11-21").save()
        done, place = deploy(root), "on this machine"
    else:
        deploy(root)
        done, place = run_here("deploy", "mine", "--endpoint", "choir", root=root), "in AWS"
    assert done.returncode == 1
    assert f"There is an endpoint choir {place} already." in done.stderr
    assert len(team.sagemaker.names(ENDPOINT)) == (0 if here else 1)
