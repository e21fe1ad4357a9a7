"""The launcher's policy allows what its commands call, and not a bit more.

Each test of the launcher fails at its end if it has called what the policy does not allow; here
all commands run once, and what they called must be all that the policy allows.
"""

import random
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from launcher.__main__ import main
from launcher.aws import asking, jobs, waiting
from tests.aws.fixtures import BUCKET, ENDPOINT, REGION, ROLE
from tests.aws.lifecycles import step
from tests.aws.policy import allowed, needed, refused
from tests.launcher.aws.models import GENERATOR, write_archive
from tests.launcher.small_data import small_set

IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/accompanist:0.1.0"
TEAM_FILE = f"""
[aws]
region = "{REGION}"
bucket = "{BUCKET}"
role = "{ROLE}"
image = "{IMAGE}"
serve_image = "{IMAGE}-serve"
"""
REAL_TIME = ("--instance", "ml.m5.large")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, and no pauses between two looks."""
    (tmp_path / "accompanist.toml").write_text(TEAM_FILE)
    small_set(tmp_path / "small.npz")
    monkeypatch.chdir(tmp_path)
    for module in (asking, jobs, waiting):
        monkeypatch.setattr(module, "POLL_S", 0)
    monkeypatch.setattr(asking, "RETRY_S", (0, 0))
    # The trial of a model is `check`'s, and tested there.
    monkeypatch.setattr("launcher.aws.endpoints.importlib.util.find_spec", lambda _name: None)
    return tmp_path


def run(*words, code=0):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, (words, done.output, done.exception)
    return done.output


def interrupt(*words):
    """Runs a command until it waits for something; then comes Ctrl-C."""

    def press(_seconds):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.aws.waiting.time", SimpleNamespace(sleep=press))
        run(*words, code=130)


def trained(archive):
    """What happens to a job that leaves a model."""
    files = {"model.tar.gz": archive.read_bytes(), "output.tar.gz": archive.read_bytes()}
    return [
        "InProgress/Starting",
        step("InProgress/Training", log=["iteration=1; generator_loss=1.5;"]),
        step("Completed", files=files),
    ]


def test_all_commands_need_all_that_is_allowed(aws, folder):
    archive = write_archive(folder / "model.tar.gz")
    aws.script_job(trained(archive))
    train = ("train", "--instance", "ml.c5.4xlarge", "--data", "small.npz")
    run(*train, "--name", "mine")
    run("status", "mine")
    run("fetch", "mine")
    aws.script_job(["InProgress/Training"], "other")
    run(*train, "--name", "other", "--no-wait", "--spot")
    run("stop", "other")
    run("status")
    run("deploy", "mine", *REAL_TIME, "--endpoint", "choir", "--autoscale", "1:2", "--ttl", "1h")
    run("deploy", "mine", *REAL_TIME, "--endpoint", "choir")
    run("invoke", "choir", "twinkle", code=1)
    run("status", "choir")
    noise = random.Random(1).randbytes(9_000_000)  # cannot be packed into one part
    large = write_archive(folder / "large.tar.gz", GENERATOR + noise)
    aws.fail_next("UploadPart", "InternalError", times=20, status=500)
    run("deploy", large, *REAL_TIME, "--endpoint", "never", code=1)
    assert "s3:AbortMultipartUpload" in aws.actions()
    run("deploy", archive, "--asynchronous", "--endpoint", "late", "--instance", "ml.m5.large")
    run("invoke", "late", "twinkle", code=1)
    run("deploy", archive, "--serverless", "--endpoint", "light", "--ttl", "1h")
    aws.tags(ENDPOINT, "light")["accompanist:expires"] = datetime.now(UTC).isoformat()
    run("sweep")
    songs = (f"s3://{BUCKET}/melodies/", f"s3://{BUCKET}/songs/")
    aws.write(f"{songs[0]}twinkle.mid", b"MThd")
    run("batch", "choir", *songs)
    interrupt("batch", "mine", *songs)
    run("tune", *train[1:])
    aws.script_tuning(["InProgress", "InProgress", "Stopping"])
    interrupt("tune", *train[1:])
    run("delete", "choir")
    run("delete", "late")
    run("delete", "mine")
    run("prices", "--refresh", code=1)
    assert refused(aws.launched) == []
    for used, granted in zip(needed(aws.launched), allowed(), strict=True):
        assert granted <= used, f"allowed in vain: {sorted(granted - used)}"
        assert used <= granted, f"not allowed: {sorted(used - granted)}"


def test_what_is_not_allowed_is_noticed():
    tags = {"Tags": [{"Key": "accompanist", "Value": "1"}]}
    inside = {"Bucket": BUCKET, "Key": "accompanist/data/phrases.npz"}
    assert refused([("sagemaker:CreateModel", tags), ("s3:HeadObject", inside)]) == []
    assert refused([("sagemaker:CreateModel", {})]) == [
        "sagemaker:CreateModel without the tag `accompanist`"
    ]
    assert refused([("s3:PutObject", {**inside, "Key": "other/phrases.npz"})]) == [
        f"s3:PutObject of arn:aws:s3:::{BUCKET}/other/phrases.npz"
    ]
    assert refused([("s3:PutBucketPolicy", {"Bucket": BUCKET})]) == ["s3:PutBucketPolicy"]
