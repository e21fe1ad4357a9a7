import tomllib
from importlib.metadata import version

import boto3
import pytest

from launcher.aws.options import AwsOptions, find_options
from launcher.aws.setup import plan_setup, setup
from launcher.aws.team_file import write_team_file
from launcher.errors import LauncherError
from tests.infra.account import empty_account, know_nothing

REGION = "eu-central-1"
HERE = AwsOptions(region=REGION)
BUCKET = "accompanist-123456789012-eu-central-1"
IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/accompanist:{version('accompanist')}"


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """The working folder."""
    return know_nothing(monkeypatch, tmp_path)


@pytest.fixture
def account():
    """CloudFormation of an account in which no stack is yet."""
    with empty_account():
        yield boto3.client("cloudformation", region_name=REGION)


def said_to(account, stack="accompanist"):
    """The parameters of a stack."""
    (found,) = account.describe_stacks(StackName=stack)["Stacks"]
    return {item["ParameterKey"]: item["ParameterValue"] for item in found["Parameters"]}


# ------------------------------------------------------------------------- what is deployed


def test_an_empty_account_is_set_up_and_its_names_written_down(account, here):
    made = setup(options=HERE)
    assert boto3.client("s3", region_name=REGION).head_bucket(Bucket=BUCKET)
    (repository,) = boto3.client("ecr", region_name=REGION).describe_repositories()["repositories"]
    assert IMAGE.startswith(f"{repository['repositoryUri']}:")
    written = tomllib.loads((here / "accompanist.toml").read_text())
    assert written["aws"] == {
        "region": REGION,
        "bucket": BUCKET,
        "role": made.outputs["Role"],
        "image": IMAGE,
        "serve_image": f"{IMAGE}-serve",
    }
    iam = boto3.client("iam")
    role = iam.get_role(RoleName=made.outputs["Role"].partition("/")[2])["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert iam.get_policy(PolicyArn=made.outputs["TrainingPolicy"])


def test_what_is_written_is_what_the_launcher_reads(account, here):
    made = setup(options=HERE)
    found = find_options(None, "train", {}, here)
    assert (found.region, found.bucket, found.role) == (REGION, BUCKET, made.outputs["Role"])
    assert (found.image, found.serve_image) == (IMAGE, f"{IMAGE}-serve")


def test_key_network_and_prefix_come_from_the_teams_file(account, here):
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"
    (here / "accompanist.toml").write_text(
        f'[aws]\nregion = "{REGION}"\nprefix = "choir"\nkms_key = "{key}"\n'
        'subnets = ["subnet-1", "subnet-2"]\nsecurity_groups = ["sg-1"]\n'
    )
    made = setup(source="https://github.com/choir/accompanist", run_days=30)
    given = said_to(account)
    assert (given["Prefix"], given["KmsKey"], given["RunDays"]) == ("choir", key, "30")
    assert (given["SourceType"], given["SourceLocation"][:18]) == ("GITHUB", "https://github.com")
    role = made.outputs["Role"].partition("/")[2]
    allowed = boto3.client("iam").get_role_policy(RoleName=role, PolicyName="network")
    assert "{'ec2:SubnetID': ['subnet-1', 'subnet-2']}" in str(allowed["PolicyDocument"])
    assert "KeyPolicy" in made.outputs


def test_a_plan_asks_nobody(here, monkeypatch):
    monkeypatch.setattr("botocore.session.Session.create_client", None)
    plan = plan_setup(options=HERE, source="s3://music/accompanist.zip")
    assert plan.region == REGION
    assert plan.template.startswith("# What Accompanist needs")
    assert plan.parameters["Version"] == version("accompanist")
    assert plan.parameters["SourceType"] == "S3"
    assert plan.parameters["SourceLocation"] == "music/accompanist.zip"
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["Choir", "1st", "choir-", "a--b", "choir_1", "", "c" * 31])
def test_a_name_that_no_bucket_could_have_is_refused(name, here):
    with pytest.raises(LauncherError, match="A good one would be accompanist"):
        plan_setup(stack=name, options=HERE)


@pytest.mark.parametrize("source", ["github.com/a/b", "https://github.com/a", "s3://bucket/a.tar"])
def test_a_source_that_codebuild_cannot_read_is_refused(source, here):
    with pytest.raises(LauncherError, match="neither a repository on GitHub nor a zip file"):
        plan_setup(options=HERE, source=source)


def test_without_a_region_nothing_is_begun(here):
    with pytest.raises(LauncherError, match="not said which AWS region"):
        setup()


def test_without_a_checkout_the_template_is_missed(here, monkeypatch):
    monkeypatch.setattr("launcher.aws.setup.TEMPLATE", here / "infra" / "accompanist.yaml")
    with pytest.raises(LauncherError, match="Run the command in a checkout"):
        plan_setup(options=HERE)


# ------------------------------------------------------------------------- the team's file

VALUES = {"region": "us-east-1", "image": "new:2"}


def test_what_a_team_has_set_stays_with_its_comments(here):
    path = here / "accompanist.toml"
    path.write_text(
        "# ours\n[train]\nspot = true\n\n[aws] # shared\nimage = 'own:1'  # patched\n"
        'resource_tags = { project = "choir" }\n\n[deploy]\nregion = "x"\n'
    )
    written = write_team_file(path, VALUES)
    assert path.read_text() == (
        "# ours\n[train]\nspot = true\n\n[aws] # shared\n"
        'region = "us-east-1"  # launcher.setup\n'
        "image = 'own:1'  # patched\n"
        'resource_tags = { project = "choir" }\n\n[deploy]\nregion = "x"\n'
    )
    assert written.kept == {"image": "own:1"}


def test_its_own_lines_are_written_anew(here):
    path = here / "accompanist.toml"
    write_team_file(path, {"region": "us-east-1", "image": "old:1"})
    path.write_text(path.read_text() + "\n[train]\nspot = true\n")
    before = path.read_text()
    assert write_team_file(path, VALUES).kept == {}
    assert path.read_text() == before.replace("old:1", "new:2")
    assert write_team_file(path, VALUES).kept == {}


def test_a_file_without_the_table_gets_one(here):
    path = here / "accompanist.toml"
    path.write_text("[train]\nspot = true")
    write_team_file(path, VALUES)
    assert tomllib.loads(path.read_text()) == {"train": {"spot": True}, "aws": VALUES}


@pytest.mark.parametrize(
    "content",
    [
        "[aws",
        "aws.profile = 'x'\n",  # a table that cannot be opened again
        "aws = { profile = 'x' }\n",
        "[train]\nnote = '''\n[aws]\n'''\n",  # no table, but looks like one
        b"\xff",
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(content, here):
    path = here / "accompanist.toml"
    content = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(content)
    with pytest.raises(LauncherError, match=r'write this to its table \[aws\]: region = "us-east'):
        write_team_file(path, VALUES)
    assert path.read_bytes() == content
    assert list(here.iterdir()) == [path]
