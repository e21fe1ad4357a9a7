"""Endpoints of a played account, without pauses; import the fixtures that a test needs."""

import pytest

from launcher.aws import asking, waiting
from launcher.aws.endpoints import SagemakerEndpoints
from launcher.aws.options import AwsOptions
from tests.aws.fixtures import BUCKET, REGION, ROLE
from tests.launcher.aws.models import write_archive
from tests.launcher.aws.team import shared_connect

IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/accompanist:1-serve"
BASE = AwsOptions(region=REGION, role=ROLE, bucket=BUCKET, serve_image=IMAGE)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    for module in ("endpoints", "readiness"):
        monkeypatch.setattr(f"launcher.aws.{module}.connect", shared_connect)
    monkeypatch.setattr(waiting, "POLL_S", 0)
    monkeypatch.setattr(asking, "POLL_S", 0)
    monkeypatch.setattr(asking, "RETRY_S", (0, 0))
    monkeypatch.setattr(asking, "PATIENCE_S", 10)
    # The trial of a model is `check`'s, and tested there.
    monkeypatch.setattr("launcher.aws.endpoints.importlib.util.find_spec", lambda _name: None)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def archive(tmp_path):
    return write_archive(tmp_path / "model.tar.gz")


def endpoints(root, instance="ml.m5.large", **said):
    return SagemakerEndpoints(root, instance, AwsOptions(**said).over(BASE))


def deploy(root, archive, name="choir", phases=None, instance="ml.m5.large", **said):
    tell = [].append if phases is None else phases.append
    return endpoints(root, instance, **said).deploy(archive, "mine", name, 8080, tell)
