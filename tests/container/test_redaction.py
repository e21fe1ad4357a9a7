"""Secrets in logs and failure texts: masked, with everything beside them left as it was."""

import logging

import pytest

from container.logs import RedactingFormatter
from container.redaction import MASK, redact
from tests.container.folders import job
from tests.container.processes import failure_of, run

KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"  # from AWS's documentation
KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLE=="


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"the key {KEY_ID}, say", f"the key {MASK}, say"),
        (f"session {SESSION}", f"session {MASK}"),
        (f"aws_secret_access_key={KEY} and", f"aws_secret_access_key={MASK} and"),
        ("{'hf_token': 'hf_abc', 'seed': '1'}", f"{{'hf_token': '{MASK}', 'seed': '1'}}"),
        ("--api-key=1234 --seed=5", f"--api-key={MASK} --seed=5"),
        ("Password: hunter2.", f"Password: {MASK}"),
        (
            "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=ab12&X-Amz-Date=2",
            f"https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={MASK}&X-Amz-Date=2",
        ),
        ("X-Amz-Security-Token=abc%2F&x=1", f"X-Amz-Security-Token={MASK}&x=1"),
        ("Authorization: Bearer eyJhbGciOi.x.y", f"Authorization: Bearer {MASK}"),
        ("git+https://me:pass@host/x", f"git+https://me:{MASK}@host/x"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text, masked):
    assert redact(text, {}) == masked


@pytest.mark.parametrize(
    "text",
    [
        "iteration=120; critic_loss=-3.141; headline=61.2;",
        "`seed` must be a valid integer, received 'x'",
        "waltz.mid: its time signature: 3/4; the key: C minor; tokens of TOKENIZERS_PARALLELISM",
        "/opt/ml/input/data/train/phrases.npz: 2972 phrases of s3://bucket/prefix",
        "Listening on http://0.0.0.0:8080.",
    ],
)
def test_everything_else_stays(text):
    assert redact(text, {"TOKENIZERS_PARALLELISM": "false", "HOME": "/opt/ml/input"}) == text


def test_secrets_of_the_environment_are_masked_wherever_they_stand():
    environ = {"DB_PASSWORD": "correct-horse", "MY_TOKEN": "correct-horse-battery", "X": "staple"}
    text = "correct-horse-battery, correct-horse and staple"
    assert redact(text, environ) == f"{MASK}, {MASK} and staple"


def test_tracebacks_in_the_log_are_masked_too():
    try:
        raise ValueError(f"no access with {KEY_ID}")
    except ValueError as error:
        caught = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed: %s", (KEY,), caught)
    shown = RedactingFormatter({"AWS_SECRET_ACCESS_KEY": KEY}).format(record)
    assert shown.startswith(f"ERROR failed: {MASK}\nTraceback")
    assert KEY not in shown
    assert KEY_ID not in shown


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["train", f"--token={KEY}"], {}),
        (["train"], {"seed": KEY_ID}),
        (["train"], {"seed": KEY}),
    ],
)
def test_no_secret_leaves_a_job(tmp_path, arguments, given):
    job(tmp_path, hyperparameters=given)
    done = run(tmp_path, *arguments, environ={"AWS_SECRET_ACCESS_KEY": KEY})
    assert done.returncode in (1, 2)
    shown = done.stdout + done.stderr + failure_of(tmp_path)
    assert MASK in shown
    assert KEY not in shown
    assert KEY_ID not in shown
