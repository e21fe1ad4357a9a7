"""`python -m container` as a process: start forms, exit codes, the failure file, what is logged."""

import os
import subprocess
import sys

import pytest

from container.paths import TrainingPaths
from tests.container.folders import job, phrase_set

SECRET = "hunter2-and-more"  # noqa: S105 (looked for in the logs, and made up)


def run(base, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "container", *arguments],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base), "AWS_SECRET_ACCESS_KEY": SECRET},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def failure_of(base):
    path = TrainingPaths(base).failure
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["play"], "The verb 'play' is unknown"),
        (["train", "--epoch=1"], "The option --epoch=1 names no hyperparameter"),
        (["--epoch", "1"], "The option --epoch names no hyperparameter"),
        (["serve", "now"], "`serve` takes no arguments"),
    ],
)
def test_what_cannot_be_understood_ends_with_usage_and_failure(tmp_path, arguments, cause):
    done = run(job(tmp_path).base, *arguments)
    assert done.returncode == 2
    assert "usage: python -m container train" in done.stderr
    assert failure_of(tmp_path).startswith(cause)
    assert cause in done.stderr


def test_nothing_is_made_where_no_job_is(tmp_path):
    done = run(tmp_path / "absent")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_help(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage:")
    assert failure_of(tmp_path) is None


@pytest.mark.parametrize("arguments", [["train"], [], ["--seed", "1"], ["train", "--seed=1"]])
def test_every_start_form_trains(tmp_path, arguments):
    # A job without data fails in the training process, before it loads TensorFlow.
    done = run(job(tmp_path).base, *arguments)
    assert done.returncode == 1
    assert failure_of(tmp_path).startswith("The job has no data channel `train`")


def test_files_beside_a_job_stand_in_for_no_library(tmp_path):
    base = job(tmp_path / "job").base
    (tmp_path / "container.py").write_text("raise SystemExit(3)")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "container", "train"],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base)},
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert failure_of(base).startswith("The job has no data channel `train`")


def test_options_and_configuration_are_checked_together(tmp_path):
    given = {"seed": '"x"', "batchsize": "1", "sagemaker_region": '"eu-west-1"'}
    paths = job(tmp_path, hyperparameters=given, train=phrase_set())
    assert run(paths.base, "train", "--batch-size", "0").returncode == 1
    text = failure_of(tmp_path)
    assert "`batchsize` is unknown (did you mean `batch_size`?)" in text
    assert "`seed` must be a valid integer, received 'x'" in text
    assert "`batch_size` must be greater than or equal to 1, received 0" in text
    assert "sagemaker_region" not in text
