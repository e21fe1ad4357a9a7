"""Trainings in containers, one undisturbed, one killed and continued (T-08 to T-13, T-16, T-17).

docs/sagemaker.md says which tests hold the details.
"""

import re
import shutil

import pytest

from container.paths import TrainingPaths
from music.manifest import GENERATOR_FILE
from tests.conformance.engine import KILLED
from tests.conformance.jobs import SHORT, check_left, checkpoints, ready, train, training
from tests.container.folders import job, phrase_set
from tests.container.job_results import check_metrics
from tests.container.processes import failure_of
from training.export import WEIGHTS_FILE

pytestmark = pytest.mark.docker

LAST = 40
EVERY = 4
LONG = {
    "iterations": str(LAST),
    "checkpoint_every": str(EVERY),
    "keep_checkpoints": "2",
    "warmup_share": "0.3",
}
PARTIAL = ".checkpoint-000040.npz.sagemaker-uploading"


def number(checkpoint):
    return int(re.search(r"\d+", checkpoint)[0])


def end_of(base):
    """What must not depend on interruptions: weights, and the history that led to them."""
    paths = TrainingPaths(base)
    files = [paths.model / GENERATOR_FILE, paths.model / WEIGHTS_FILE]
    return [path.read_bytes() for path in (*files, paths.output / "metrics.jsonl")]


@pytest.fixture(scope="module")
def undisturbed(image, tmp_path_factory):
    """A folder whose job ran to its end, as root, without network, and its log."""
    base = tmp_path_factory.mktemp("undisturbed")
    paths = ready(base, **LONG)
    paths.failure.parent.mkdir()
    paths.failure.write_text("of an earlier job")
    return base, train(image, base, "train")


@pytest.mark.contract("T-08", "T-09", "T-17")
def test_a_job_leaves_a_whole_model_and_no_failure(undisturbed):
    base, ended = undisturbed
    assert ended.code == 0, ended.log
    assert check_left(base).metrics["iteration"] == LAST
    assert "Continuing" not in ended.log


@pytest.mark.contract("T-16")
def test_each_metric_is_found_once_in_its_line(undisturbed):
    assert check_metrics(undisturbed[1].log.splitlines())[-1] == LAST


@pytest.fixture(scope="module")
def killed(image, tmp_path_factory):
    """A folder whose job was killed in its middle."""
    base = tmp_path_factory.mktemp("killed")
    ready(base, **LONG)
    with training(image, base, "train") as container:
        container.wait_for(lambda: len(checkpoints(base)) >= 2)
        container.signal("KILL")
        assert container.wait() == KILLED
    return base


def after(killed, base, *, seed=0):
    """Makes the folder of a fresh container: a job, and of a killed one only the checkpoints.

    The next of them had not wholly arrived, and another is on its way.

    Args:
        killed: the folder of the killed job.
        base: gets the job.
        seed: of its data; 0 is the data of the killed one.

    Returns:
        The number of the newest whole checkpoint.
    """
    paths = job(base, train=phrase_set(8, seed=seed), hyperparameters={**SHORT, **LONG})
    shutil.copytree(
        TrainingPaths(killed).checkpoints,
        paths.checkpoints,
        ignore=shutil.ignore_patterns("draft-*"),
    )
    newest = checkpoints(base)[-1]
    whole = (paths.checkpoints / newest).read_bytes()
    following = f"checkpoint-{number(newest) + EVERY:06d}.npz"
    (paths.checkpoints / following).write_bytes(whole[: len(whole) // 2])
    (paths.checkpoints / PARTIAL).write_bytes(b"?")
    return number(newest)


@pytest.fixture(scope="module")
def resumed(image, killed, tmp_path_factory):
    """The folder of the job that went on in a fresh container, from where, and its log."""
    base = tmp_path_factory.mktemp("resumed")
    reached = after(killed, base)
    return base, reached, train(image, base, "train")


@pytest.mark.contract("T-10")
def test_after_a_spot_interruption_the_weights_are_the_same(undisturbed, resumed):
    base, reached, ended = resumed
    assert ended.code == 0, ended.log
    assert 0 < reached < LAST
    told = [line for line in ended.log.splitlines() if "Continuing" in line]
    assert told == [f"Continuing from the checkpoint of iteration {reached}."]
    assert check_metrics(ended.log.splitlines())[0] == reached + 1
    assert check_left(base).metrics["iteration"] == LAST
    assert end_of(base) == end_of(undisturbed[0])


@pytest.mark.contract("T-11")
def test_a_damaged_newest_checkpoint_is_passed_over(resumed):
    _, reached, ended = resumed
    assert f"checkpoint-{reached + EVERY:06d}.npz is damaged" in ended.log


@pytest.mark.contract("T-12", "T-13")
def test_strangers_and_the_newest_stay(resumed):
    newest = [f"checkpoint-{LAST - EVERY:06d}.npz", f"checkpoint-{LAST:06d}.npz"]
    assert checkpoints(resumed[0]) == [PARTIAL, *newest]


@pytest.mark.contract("T-10", "T-13")
def test_a_job_that_cannot_go_on_deletes_nothing(image, killed, tmp_path):
    after(killed, tmp_path, seed=1)
    before = checkpoints(tmp_path)
    assert train(image, tmp_path, "train").code == 1
    assert failure_of(tmp_path).startswith("The checkpoint cannot be continued: its data is")
    assert checkpoints(tmp_path) == before
