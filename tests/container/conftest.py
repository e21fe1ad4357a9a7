"""What tests of the container share."""

import pytest


@pytest.fixture(scope="session")
def s3_server():
    from tests.container.s3_server import S3Server

    with S3Server().running() as server:
        yield server


@pytest.fixture
def s3(s3_server, monkeypatch):
    """An S3 of moto's with a new bucket, and credentials for it, no others, in the environment."""
    s3_server.begin()
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    return s3_server
