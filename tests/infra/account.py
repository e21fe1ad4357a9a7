"""An empty account for CloudFormation, and a machine that knows nothing of any account."""

import os
import warnings
from contextlib import contextmanager

from moto import mock_aws


@contextmanager
def empty_account():
    """Plays an account with moto.

    Of bucket policies and CodeBuild projects moto's CloudFormation knows nothing: they are left
    out, and so is the output that names the project. Of a bucket it leaves out what keeps others
    out of it, and how long its files are kept.
    """
    with mock_aws(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse AWS::(S3::BucketPolicy|CodeBuild)")
        yield


def know_nothing(monkeypatch, folder):
    """Hides what the machine has been told of AWS, and works in an empty folder."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ACCOMPANIST_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(folder / "nothing"))
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")
    return folder / "here"
