"""What a training job is asked for: field by field, and nothing that is not said."""

import json
import os
import socket

import pytest

from launcher import planning
from launcher.aws.options import AwsOptions
from launcher.aws.request import training_job
from launcher.request import TrainingRequest
from tests.aws.fixtures import BUCKET, ROLE
from tests.launcher.command_line import run_here
from training.metric_lines import METRIC_DEFINITIONS

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/accompanist:0.1.0"
DATA = f"s3://{BUCKET}/accompanist/data/abc/phrases.npz"
PLAIN = {"role": ROLE, "bucket": BUCKET, "image": IMAGE}


def body(**options):
    request = TrainingRequest("mine", "ml.c5.4xlarge", "bach", {"iterations": "300"})
    made = training_job(request, AwsOptions(**PLAIN, **options), DATA)
    assert made["Tags"].pop()["Key"] == "accompanist"  # its value is our version
    return made


GOLDEN = {
    "TrainingJobName": "mine",
    "HyperParameters": {"iterations": "300"},
    "AlgorithmSpecification": {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in METRIC_DEFINITIONS],
    },
    "RoleArn": ROLE,
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": DATA,
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/accompanist/runs/"},
    "ResourceConfig": {"InstanceType": "ml.c5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 14400},
    "CheckpointConfig": {
        "S3Uri": f"s3://{BUCKET}/accompanist/runs/mine/checkpoints/",
        "LocalPath": "/opt/ml/checkpoints",
    },
    "Tags": [],
}


def test_a_plain_job():
    assert body() == GOLDEN


def test_everything_that_can_be_said():
    made = body(
        prefix="music",
        spot=True,
        max_runtime=3600,
        volume_gb=50,
        kms_key="alias/music",
        subnets=["subnet-1", "subnet-2"],
        security_groups=["sg-1"],
        network_isolation=True,
        resource_tags={"project": "choir"},
        environment={"CamelCase": "kept"},
        retries=3,
    )
    assert made == {
        **GOLDEN,
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{BUCKET}/music/runs/",
            "KmsKeyId": "alias/music",
        },
        "ResourceConfig": {
            **GOLDEN["ResourceConfig"],
            "VolumeSizeInGB": 50,
            "VolumeKmsKeyId": "alias/music",
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "CheckpointConfig": {
            **GOLDEN["CheckpointConfig"],
            "S3Uri": f"s3://{BUCKET}/music/runs/mine/checkpoints/",
        },
        "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": True,
        "Environment": {"CamelCase": "kept"},
        "RetryStrategy": {"MaximumRetryAttempts": 3},
        "Tags": [{"Key": "project", "Value": "choir"}],
    }


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 28800), ({"max_wait": 20000}, 20000), ({"max_runtime": 60, "max_wait": 60}, 60)],
)
def test_spot_waits_twice_as_long_unless_it_is_said(options, seconds):
    stopping = body(spot=True, **options)["StoppingCondition"]
    assert stopping["MaxWaitTimeInSeconds"] == seconds


def test_a_warm_pool():
    assert body(keep_alive=600)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 600
    assert body(keep_alive=0) == GOLDEN


# ---------------------------------------------------------------- --dry-run


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A machine that has never heard of AWS, and whose network is cut."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "ACCOMPANIST_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))

    def refuse(*_):
        raise AssertionError("a dry run has no business with the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_a_dry_run_needs_nothing_and_calls_nothing(alone, data, tmp_path):
    root = tmp_path / "runs"
    words = ("train", "--instance", "ml.c5.4xlarge", "--data", data, "--dry-run", "--name", "mine")
    done = run_here(*words, "--set", "iterations=9", root=root)
    assert done.returncode == 0
    head, _, rest = done.stdout.partition("\n")
    assert head == "Would submit the training job mine with CreateTrainingJob:"
    shown, _, words = rest.partition("\n}\n")
    sent = json.loads(f"{shown}\n}}")
    assert sent["HyperParameters"] == {"iterations": "9"}
    assert (sent["RoleArn"], sent["AlgorithmSpecification"]["TrainingImage"]) == (
        "<role>",
        "<image>",
    )
    uri = sent["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri.startswith("s3://<bucket>/accompanist/data/")
    assert "At most $3.26 for 4 h 00 min of 1 x ml.c5.4xlarge at $0.816" in words
    assert "prices of 2026-" in words
    assert "a region, a role, a bucket and an image must be known: `python -m launcher.set" in words
    assert words.endswith("Nothing has been made.\n")
    assert not root.exists()


def test_a_dry_run_in_json(alone, data, tmp_path):
    words = ("train", "--instance", "ml.m5.large", "--data", data, "--dry-run", "--json")
    given = ("--region", "eu-west-1", "--role", ROLE, "--bucket", BUCKET, "--image", IMAGE)
    tags = (
        "--resource-tag",
        "project=choir",
        "--env",
        "A=b=c",
        "--subnet",
        "s-1",
        "--subnet",
        "s-2",
    )
    more = ("--security-group", "g-1", "--max-runtime", "90m", "--spot", "--network-isolation")
    done = run_here(*words, *given, *tags, *more, root=tmp_path / "runs")
    content = json.loads(done.stdout)
    assert sorted(content) == ["costs", "notes", "request"]
    assert content["notes"] == []
    assert any("cannot be said: no price is known" in each for each in content["costs"])
    sent = content["request"]
    assert sent["Tags"][0] == {"Key": "project", "Value": "choir"}
    assert sent["Environment"] == {"A": "b=c"}
    assert sent["VpcConfig"] == {"Subnets": ["s-1", "s-2"], "SecurityGroupIds": ["g-1"]}
    assert sent["StoppingCondition"]["MaxWaitTimeInSeconds"] == 10800
    assert sent["EnableNetworkIsolation"] is True


def test_all_that_sagemaker_would_refuse_is_told_before_anything_is_read(alone, tmp_path):
    words = ("--name", "a_b", "--role", "me", "--retries", "31", "--env", "9=x", "--max-wait", "1h")
    done = run_here("train", "--instance", "ml.c5.4xlarge", *words, root=tmp_path / "runs")
    assert done.returncode == 1
    for field in ("`name`", "`role`", "`retries`", "`environment`", "`max_wait`"):
        assert field in done.stderr


def test_what_is_missing_is_told_in_one_sentence_before_the_data_are_read(aws, root, monkeypatch):
    aws.forget_credentials()
    monkeypatch.setattr(planning, "load_data_set", lambda *_, **__: pytest.fail("too early"))
    words = ("train", "--instance", "ml.c5.4xlarge")
    done = run_here(*words, root=root)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "Error: Training in AWS needs a region, a role, a bucket, an image and AWS credentials, "
        "which are not there yet. `python -m launcher.setup` prepares an account"
    )
    given = ("--region", aws.region, "--bucket", BUCKET, "--image", IMAGE, "--role", ROLE)
    done = run_here(*words, *given, root=root)
    assert "needs AWS credentials, which are not there yet. To sign in" in done.stderr
    assert aws.tried == []


def test_one_thing_alone_can_be_missing(aws, root):
    given = ("--region", aws.region, "--bucket", BUCKET, "--image", IMAGE)
    done = run_here("train", "--instance", "ml.c5.4xlarge", *given, root=root)
    assert "needs a role, which is not there yet. `python -m launcher.setup`" in done.stderr
    assert "or give --role." in done.stderr


def test_expired_credentials_are_told_before_the_data_are_read(aws, root, monkeypatch):
    aws.expire_credentials()
    monkeypatch.setattr(planning, "load_data_set", lambda *_, **__: pytest.fail("too early"))
    given = ("--region", aws.region, "--bucket", BUCKET, "--image", IMAGE, "--role", ROLE)
    done = run_here("train", "--instance", "ml.c5.4xlarge", *given, root=root)
    assert "Could not sign in to AWS: the AWS credentials have expired." in done.stderr


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--spot",), "`--spot`"),
        (("--env", "A=b", "--subnet", "s"), "`--env`, `--subnet`"),
        (("--resource-tag", "a=b"), "`--resource-tag`"),
    ],
)
def test_on_this_machine_options_of_aws_are_refused(root, data, words, match):
    done = run_here("train", "--data", data, *words, root=root)
    assert done.returncode == 1
    assert f"Leave {match} out" in done.stderr
    assert not root.exists()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--max-runtime", "4x"), "a duration is a whole number"),
        (("--env", "A"), "'A' is no NAME=VALUE"),
        (("--resource-tag", "=b"), "'=b' is no NAME=VALUE"),
        (("--on-interrupt", "explode"), "'explode' is not one of"),
    ],
)
def test_what_cannot_be_understood(root, words, match):
    done = run_here("train", "--instance", "ml.c5.4xlarge", *words, root=root)
    assert done.returncode == 2
    assert match in done.stderr


def test_data_in_s3_are_for_jobs_in_aws(alone, tmp_path):
    words = ("train", "--data", "s3://choir/songs/", "--dry-run")
    done = run_here(*words, root=tmp_path / "runs")
    assert "s3://choir/songs/ is read by jobs in AWS only." in done.stderr
    done = run_here(*words, "--instance", "ml.c5.4xlarge", "--json", root=tmp_path / "runs")
    sent = json.loads(done.stdout)["request"]
    source = sent["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == "s3://choir/songs/"
    assert sent["HyperParameters"] == {}  # the container finds out what suits
    done = run_here(*words, "--instance", "ml.c5.4xlarge", "--tag", "a", root=tmp_path / "runs")
    assert "Only a folder of MIDI files has tags" in done.stderr
