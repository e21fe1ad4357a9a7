"""What AWS refuses, in two sentences each."""

import pytest
from botocore.config import Config

from launcher.aws.connection import connect, told
from launcher.errors import LauncherError
from tests.aws.fixtures import REGION


def ask(region=REGION, profile=None):
    with told("list the jobs"):
        connect(region, profile).client("sagemaker").list_training_jobs()


@pytest.mark.parametrize(
    ("code", "status", "expected", "words"),
    [
        ("ExpiredTokenException", 400, "expired_credentials", "have expired. Sign in again"),
        ("UnrecognizedClientException", 400, "unknown_credentials", "AWS_ACCESS_KEY_ID"),
        ("AccessDeniedException", 403, "forbidden", "is not authorized to perform: sagemaker:Li"),
        ("ThrottlingException", 400, "throttled", "6 times in a row. Repeat the command"),
        ("InternalFailure", 500, "aws_unavailable", "a fault of its own (InternalFailure)."),
        ("ServiceUnavailable", 503, "aws_unavailable", "nothing has been lost"),
        ("ValidationException", 400, "aws_error", "list the jobs: No such thing (Valid"),
    ],
)
def test_refusals(aws, code, status, expected, words):
    message = "" if code.startswith("Access") else "No such thing."
    aws.fail_next("ListTrainingJobs", code=code, message=message, times=99, status=status)
    with pytest.raises(LauncherError) as error:
        ask()
    assert error.value.code == expected
    assert words in str(error.value)
    assert error.value.message.startswith("Could not list the jobs: ")


def test_what_passes_by_itself_is_tried_again_in_silence(aws):
    aws.throttle("ListTrainingJobs", times=3)
    aws.lose_connection("ListTrainingJobs", times=2)
    ask()
    assert aws.tried.count("sagemaker:ListTrainingJobs") == 6


def test_no_connection(aws):
    aws.lose_connection(times=99)
    with pytest.raises(LauncherError, match="AWS cannot be reached") as error:
        ask()
    assert error.value.code == "no_connection"
    assert aws.tried == ["sagemaker:ListTrainingJobs"] * 6


def test_no_credentials(aws):
    aws.forget_credentials()
    with pytest.raises(LauncherError, match="there are no AWS credentials") as error:
        ask()
    assert error.value.code == "no_credentials"
    assert aws.tried == []


def test_an_unknown_profile(aws):
    with pytest.raises(LauncherError, match=r"The config profile .nobody. could not be found"):
        ask(profile="nobody")


def test_no_region():
    with pytest.raises(LauncherError, match=r"which AWS region to use\. Give --region") as error:
        connect(None, None)
    assert error.value.code == "no_region"


def test_clients_are_made_once_and_do_not_wait_for_ever(aws):
    connection = connect(REGION, None)
    client = connection.client("sagemaker")
    assert connection.client("sagemaker") is client
    config: Config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (10, 75)
    assert client.meta.region_name == REGION
