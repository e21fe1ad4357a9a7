"""Trainings in containers that are stopped, or run by a stranger (T-14, T-15, T-18).

docs/sagemaker.md says which tests hold the details.
"""

import pytest

from tests.conformance.jobs import (
    PLAIN,
    TRAINER,
    check_left,
    checkpoints,
    open_to_strangers,
    ready,
    train,
    training,
)
from tests.container.job_results import check_metrics
from tests.container.processes import STRANGER

pytestmark = pytest.mark.docker

STOP_S = 120  # between SIGTERM and SIGKILL
LEFT_S = 110
TOO_MANY = 2000  # iterations, of which every twentieth is reported; they take a minute or more


@pytest.mark.contract("T-04", "T-18")
def test_a_stranger_trains_with_little_to_write(image, tmp_path):
    paths = ready(tmp_path, iterations='"4"', seed="5", epochs="None")
    open_to_strangers(tmp_path)
    strict = ("--read-only", "--tmpfs=/tmp", f"--user={STRANGER}:0")
    ended = train(image, tmp_path, "train", options=(*PLAIN, *strict))
    assert ended.code == 0, ended.log
    assert check_left(tmp_path, seed=5).metrics["iteration"] == 4
    assert paths.model.stat().st_uid == STRANGER
    assert "Permission denied" not in ended.log
    assert "Read-only" not in ended.log


@pytest.mark.contract("T-14", "T-15")
def test_docker_stop_while_it_trains_leaves_a_model(image, tmp_path):
    ready(tmp_path, iterations=str(TOO_MANY))
    with training(image, tmp_path, "train") as container:
        container.wait_for_line("iteration=")
        container.signal("TERM")
        code, took = container.stop(STOP_S)
        log = container.log
    assert (code, took < LEFT_S) == (0, True), log
    last = check_metrics(log.splitlines())[-1]
    assert last <= check_left(tmp_path).metrics["iteration"] < TOO_MANY
    assert checkpoints(tmp_path)


@pytest.mark.contract("T-14", "T-15")
def test_docker_stop_while_it_starts_leaves_a_model(image, tmp_path):
    """Started by the other entry point, which stands between the signal and the trainer, too."""
    ready(tmp_path, iterations=str(TOO_MANY))
    with training(image, tmp_path, entrypoint="train") as container:
        container.wait_for(lambda: any(TRAINER in line for line in container.processes()))
        code, took = container.stop(STOP_S)
        log = container.log
    assert (code, took < LEFT_S) == (0, True), log
    assert check_left(tmp_path).metrics["iteration"] < TOO_MANY
