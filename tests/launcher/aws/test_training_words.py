"""Small parts of training in AWS: names that go on, hints, what a description tells."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from launcher.aws.options import AwsOptions
from launcher.aws.reasons import hint_for
from launcher.aws.request import training_job
from launcher.aws.resumption import next_name, options_of
from launcher.aws.training_states import seen_job, spot_savings
from launcher.names import is_name
from launcher.records import Remote
from launcher.request import TrainingRequest
from tests.launcher.aws.team import OPTIONS


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("mine", (), "mine-2"),
        ("mine-2", (), "mine-3"),
        ("mine", ("mine-2", "mine-3"), "mine-4"),
        ("mine-99", (), "mine-100"),
        ("bach-20261121-191241-9agy", (), "bach-20261121-191241-9agy-2"),
        ("m" * 63, (), "m" * 61 + "-2"),
        ("m" * 60 + "-99", (), "m" * 59 + "-100"),
        ("m" * 60 + "-xx", (), "m" * 60 + "-2"),
        ("9", (), "9-2"),
    ],
)
def test_the_next_name(name, taken, expected):
    assert next_name(name, lambda each: each not in taken) == expected
    assert is_name(expected)


def test_a_job_tells_what_would_ask_for_it_again():
    options = OPTIONS.model_copy(
        update={
            "region": None,
            "prefix": "music/room",
            "kms_key": "k",
            "subnets": ["s"],
            "security_groups": ["g"],
            "network_isolation": True,
            "spot": True,
            "max_runtime": 60,
            "max_wait": 90,
            "volume_gb": 50,
            "retries": 2,
            "environment": {"A": "b"},
        }
    )
    body = training_job(TrainingRequest("mine", "ml.m5.large", "bach", {}), options, "s3://abc/d")
    assert options_of(body) == options
    plain = training_job(TrainingRequest("mine", "ml.m5.large", "bach", {}), OPTIONS, "s3://abc/d")
    again = training_job(
        TrainingRequest("mine", "ml.m5.large", "bach", {}), options_of(plain), "s3://abc/d"
    )
    assert again == plain


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("AlgorithmError: , exit code: 137", "memory"),
        ("The training process ended with exit code 132.", "x86-64"),
        ("OSError: [Errno 28] No space left on device", "--volume-gb"),
        ("ClientError: Cannot pull Docker image 'x' from ECR", "--image"),
        ("CapacityError: Unable to provision requested ML compute capacity.", "--spot"),
        ("InternalServerError: We encountered an internal error. Please try again.", "--retries"),
        ("ClientError: Data download failed: AccessDenied (403)", "role"),
        ("ClientError: Data download failed: NoSuchKey (404)", "--data"),
        ("AlgorithmError: exec format error", "make image"),
    ],
)
def test_hints(reason, word):
    assert word in hint_for(reason)


def test_not_every_reason_has_a_hint():
    assert hint_for("HyperparameterError: `batch_size` must be at least 1.") is None


@pytest.mark.parametrize(
    ("spot", "trained", "billed", "expected"),
    [
        (True, 1000, 300, 70),
        (True, 1000, 1000, 0),
        (True, 0, 0, None),
        (True, None, None, None),
        (False, 1000, 300, None),
    ],
)
def test_spot_savings(spot, trained, billed, expected):
    remote = Remote("r", "a", spot=spot, training_seconds=trained, billable_seconds=billed)
    assert spot_savings(remote) == expected


def test_a_description_with_next_to_nothing_in_it():
    said = {
        "TrainingJobName": "mine",
        "OutputDataConfig": {"S3OutputPath": "s3://abc/runs"},
        "TrainingJobStatus": "Pondering",
        "CreationTime": datetime(2026, 11, 21, 12, tzinfo=UTC),
        "HyperParameters": {"iterations": "many"},
        "SecondaryStatusTransitions": [{"Status": "Pondering"}],
    }
    job = seen_job(Path("runs/mine"), said, None, "eu-west-1")
    assert (job.status, job.secondary_status, job.is_running) == ("Pondering", "Pondering", True)
    assert (job.iterations, job.created) == (0, "2026-11-21T12:00:00.000Z")
    assert (job.remote.output, job.remote.phases) == ("s3://abc/runs/mine", ("Pondering",))


def test_options_said_today_count_before_those_of_the_old_job():
    old = AwsOptions(role="old", spot=True, max_runtime=60)
    assert AwsOptions(max_runtime=90).over(old) == AwsOptions(role="old", spot=True, max_runtime=90)
