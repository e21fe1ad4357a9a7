"""A team that has set AWS up, and trains there without pauses; import the fixture `team`."""

import functools
import io
import tarfile

import pytest

from launcher.aws import jobs, readiness
from launcher.aws.connection import connect
from launcher.aws.jobs import SagemakerJobs
from launcher.aws.options import AwsOptions
from tests.aws.fixtures import BUCKET, REGION, ROLE
from tests.launcher.command_line import run_here

IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/accompanist:0.1.0"
OUTPUT = f"s3://{BUCKET}/accompanist/runs/mine"
OPTIONS = AwsOptions(region=REGION, role=ROLE, bucket=BUCKET, image=IMAGE)

FILE = f"""
[aws]
region = "{REGION}"
bucket = "{BUCKET}"
role = "{ROLE}"
image = "{IMAGE}"
"""

# botocore reads megabytes for each client; an account of a test's own needs none of its own.
shared_connect = functools.cache(connect)


@pytest.fixture
def team(aws, monkeypatch, tmp_path):
    """An account, and a working folder with the team's file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobs, "POLL_S", 0.0)
    for module in (jobs, readiness):
        monkeypatch.setattr(module, "connect", shared_connect)
    (tmp_path / "accompanist.toml").write_text(FILE)
    return aws


def train(root, data, *words, name="mine"):
    named = ("--instance", "ml.c5.4xlarge", "--data", data, "--name", name)
    return run_here("train", *named, "--set", "iterations=2", *words, root=root)


def jobs_in(root):
    return SagemakerJobs(root, "ml.c5.4xlarge", OPTIONS)


def packed(files):
    """A tar.gz as SageMaker makes it: with the folder itself in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
