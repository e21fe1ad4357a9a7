"""Batch transform: what is asked for, followed to its end, and what is left."""

import json

import pytest

from launcher.aws import waiting
from launcher.aws.options import AwsOptions
from launcher.aws.transform import JSON_LINES, Batch, transform_request
from launcher.batching import batch
from launcher.errors import LauncherError
from tests.aws.fixtures import MODEL, TRANSFORM
from tests.aws.lifecycles import step
from tests.launcher.aws.models import completed_job, remote_of, write_archive
from tests.launcher.aws.serving import archive, deploy, no_pauses, root
from tests.launcher.aws.team import team
from tests.launcher.command_line import run_here

__all__ = ["archive", "no_pauses", "root", "team"]

FROM, TO = "s3://choir/melodies/", "s3://choir/songs/"


def transformed(team):
    [name] = team.sagemaker.names(TRANSFORM)
    return team.request(TRANSFORM, name)


def test_the_request_for_a_folder_of_midi_files():
    made = Batch("batch-1", "choir-1", "choir", FROM, TO, "ml.m5.large")
    request = transform_request(made, AwsOptions(kms_key="a-key", resource_tags={"team": "choir"}))
    tags = {each["Key"]: each["Value"] for each in request.pop("Tags")}
    assert (tags["team"], tags["accompanist:source"]) == ("choir", "choir")
    assert "accompanist" in tags
    assert request == {
        "TransformJobName": "batch-1",
        "ModelName": "choir-1",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": FROM}},
            "ContentType": "audio/midi",
        },
        "TransformOutput": {"S3OutputPath": TO, "Accept": "audio/midi", "KmsKeyId": "a-key"},
        "TransformResources": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeKmsKeyId": "a-key",
        },
    }


def test_the_request_for_files_of_json_lines():
    made = Batch("batch-1", "choir-1", "choir", FROM, TO, "ml.m5.large", JSON_LINES)
    request = transform_request(made, AwsOptions())
    assert request["TransformInput"]["ContentType"] == "application/jsonlines"
    assert request["TransformInput"]["SplitType"] == "Line"
    assert request["TransformOutput"] == {
        "S3OutputPath": TO,
        "Accept": "application/jsonlines",
        "AssembleWith": "Line",
    }


def test_the_model_of_an_endpoint_is_taken_as_it_is(team, root, archive):
    deploy(root, archive)
    [model] = team.sagemaker.names(MODEL)
    done = run_here("batch", "choir", FROM, TO, "--instance", "ml.c5.large", root=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"The songs are in {TO}\n")
    request = transformed(team)
    assert request["ModelName"] == model
    assert request["TransformResources"]["InstanceType"] == "ml.c5.large"
    assert team.sagemaker.names(MODEL) == [model]


@pytest.mark.parametrize("where", ["here", "in AWS", "archive"])
def test_the_model_of_a_job_is_made_and_deleted(team, root, tmp_path, where):
    if where == "archive":
        model = write_archive(tmp_path / "model.tar.gz")
        content = model.read_bytes()
    else:
        job = completed_job(root, remote=remote_of(team) if where == "in AWS" else None)
        model, content = "mine", job.artifact.read_bytes()
    if where == "in AWS":
        team.write(f"s3://{team.bucket}/accompanist/runs/mine/output/model.tar.gz", content)
    done = run_here("batch", model, FROM, TO, "--jsonlines", "--json", root=root)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["output"], said["content_type"]) == (TO, "application/jsonlines")
    [created] = team.asked("CreateModel")
    assert team.read(created["PrimaryContainer"]["ModelDataUrl"]) == content
    assert transformed(team)["ModelName"] == created["ModelName"] == said["name"]
    assert team.sagemaker.names(MODEL) == []


def test_why_it_failed_is_told_with_the_end_of_the_log(team, root):
    completed_job(root)
    reason = "ClientError: See job logs for more information"
    log = ["choir/one.mid: The melody has no notes."]
    team.script_transform(["InProgress", step("Failed", FailureReason=reason, log=log)])
    done = run_here("batch", "mine", FROM, TO, root=root)
    assert done.returncode == 1
    assert f"failed: {reason}. Its log ends with:\n{log[0]}" in done.stderr
    assert team.sagemaker.names(MODEL) == []


def test_what_others_stop_is_no_success(team, root):
    completed_job(root)
    team.script_transform(["InProgress", "Stopping", "Stopped"])
    with pytest.raises(LauncherError, match="was stopped") as caught:
        batch("mine", FROM, TO, root=root)
    assert caught.value.code == "batch_stopped"
    assert TO in caught.value.hint


def test_ctrl_c_stops_it(team, root, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    completed_job(root)
    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    done = run_here("batch", "mine", FROM, TO, root=root)
    assert done.returncode == 130
    assert "has been asked to stop" in done.stdout
    assert "sagemaker:StopTransformJob" in team.actions()
    assert team.sagemaker.names(MODEL) == []


def test_all_faults_are_told_before_anything_is_done(team, root):
    done = run_here("batch", "mine", "songs", "s3://NO/", "--instance", "large", root=root)
    assert done.returncode == 1
    for words in (
        "`from` must be s3://BUCKET/KEY; 'songs' is not",
        "`to` must be s3://BUCKET/KEY; 's3://NO/' is not",
        "`instance` must be a type such as ml.m5.large; 'large' is not",
    ):
        assert words in done.stderr
    assert team.calls == []


def test_what_is_neither_a_job_nor_an_endpoint_is_told(team, root):
    done = run_here("batch", "nobody", FROM, TO, root=root)
    assert done.returncode == 1
    assert "There is no job 'nobody'" in done.stderr
