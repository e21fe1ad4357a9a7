"""What is said of AWS: on the command line, in the environment, in a team's file."""

from pathlib import Path

import pytest

from launcher.aws.options import AwsOptions, find_options, words_of
from launcher.errors import LauncherError

FILE = """
[aws]
region = "eu-central-1"
resource_tags = { project = "choir", owner = "alto" }
subnets = ["subnet-1", "subnet-2"]
volume_gb = 40

[train]
spot = true
max_runtime = "90m"
volume_gb = 50

[deploy]
volume_gb = 60
"""


@pytest.fixture
def find(tmp_path):
    """Finds what counts for a command; the team's file is written first."""

    def find(said=None, *, command="train", environ=None, file=FILE):
        (tmp_path / "accompanist.toml").write_text(file)
        return find_options(said, command, environ or {}, tmp_path)

    return find


def test_the_command_line_beats_the_environment_and_that_the_file(find):
    environ = {"ACCOMPANIST_REGION": "eu-west-1", "ACCOMPANIST_BUCKET": "theirs"}
    found = find(AwsOptions(bucket="mine"), environ=environ)
    assert (found.bucket, found.region, found.volume_gb) == ("mine", "eu-west-1", 50)
    assert find().region == "eu-central-1"


def test_each_command_has_a_table_of_its_own(find):
    assert (find().volume_gb, find().spot, find().max_runtime) == (50, True, 5400)
    deploy = find(command="deploy")
    assert (deploy.volume_gb, deploy.spot, deploy.max_runtime) == (60, None, None)
    assert find(command=None).volume_gb == 40


def test_tables_are_merged_and_lists_are_not(find):
    found = find(AwsOptions(resource_tags={"owner": "bass"}, subnets=["subnet-3"]))
    assert found.resource_tags == {"project": "choir", "owner": "bass"}
    assert found.subnets == ["subnet-3"]


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("ACCOMPANIST_MAX_RUNTIME", "2h", "max_runtime", 7200),
        ("ACCOMPANIST_SPOT", "false", "spot", False),
        ("ACCOMPANIST_RETRIES", "3", "retries", 3),
        ("ACCOMPANIST_SUBNETS", '["a", "b"]', "subnets", ["a", "b"]),
        ("ACCOMPANIST_ENVIRONMENT", '{"A": "b"}', "environment", {"A": "b"}),
        ("AWS_DEFAULT_REGION", "us-west-1", "region", "us-west-1"),
        ("AWS_PROFILE", "work", "profile", "work"),
    ],
)
def test_the_environment(find, variable, value, field, expected):
    assert getattr(find(environ={variable: value}), field) == expected


def test_our_own_variable_beats_those_of_aws(find):
    environ = {"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}
    assert find(environ=environ).region == "b"
    assert find(environ={**environ, "ACCOMPANIST_REGION": "c"}).region == "c"


def test_all_faults_of_file_and_environment_are_told_at_once(find):
    file = '[aws]\nregoin = "x"\nvolume_gb = "many"\n[train]\nmax_runtime = "4x"\n[misc]\na = 1\n'
    with pytest.raises(LauncherError, match=r"`retries` in the environment is wrong") as error:
        find(environ={"ACCOMPANIST_RETRIES": "few"}, file=file)
    assert error.value.code == "bad_configuration"
    for words in (
        "`regoin` in [aws] of",
        "is unknown",
        "`volume_gb` in [aws]",
        "`max_runtime` in [train]",
        "a duration is a whole number",
        "`misc` in",
    ):
        assert words in error.value.message


@pytest.mark.parametrize("file", ["[aws", '\ufeff[aws]\nregion = "x"', "[aws]\na = 1\na = 2"])
def test_a_file_that_cannot_be_read(find, file):
    with pytest.raises(LauncherError, match=r"accompanist\.toml"):
        find(file=file)


def test_without_a_file_nothing_is_said(tmp_path):
    assert find_options(None, "train", {}, tmp_path) == AwsOptions()


SERVING = {"serverless", "memory_mb", "max_concurrency", "asynchronous", "autoscale", "ttl"}


def test_the_page_lists_what_can_be_said_of_training():
    page = (Path(__file__).parents[3] / "docs" / "aws.md").read_text(encoding="utf-8")
    for name in AwsOptions.model_fields.keys() - SERVING - {"serve_image"}:
        assert f"`{name}`" in page


def test_fields_as_the_command_line_calls_them():
    assert words_of(["max_runtime", "subnets", "environment"]) == [
        "--max-runtime",
        "--subnet",
        "--env",
    ]
