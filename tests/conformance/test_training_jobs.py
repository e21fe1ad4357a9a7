"""Whole trainings in containers, undisturbed, stopped and killed (T-08 to T-18).

docs/sagemaker.md says which tests hold the details.
"""

import re
import shutil

import pytest

from container.paths import TrainingPaths
from music.manifest import GENERATOR_FILE
from tests.conformance.engine import KILLED
from tests.conformance.jobs import PLAIN, SHORT, TRAINER, open_to_strangers, ready, train, training
from tests.container.folders import job, phrase_set
from tests.container.job_results import check_metrics, check_model
from tests.container.processes import STRANGER, failure_of
from training.export import WEIGHTS_FILE

pytestmark = pytest.mark.docker

STOP_S = 120  # between SIGTERM and SIGKILL
LEFT_S = 110
LAST = 40
EVERY = 4
LONG = {
    "iterations": str(LAST),
    "checkpoint_every": str(EVERY),
    "keep_checkpoints": "2",
    "warmup_share": "0.3",
}
ENDLESS = {"iterations": "2000"}  # minutes; each tenth is reported
PARTIAL = ".checkpoint-000040.npz.sagemaker-uploading"


def check_left(base, seed=int(SHORT["seed"])):
    """Holds what a job left that ended well: a model, its hashes, and no failure."""
    assert failure_of(base) is None
    paths = TrainingPaths(base)
    manifest = check_model(paths, seed)
    manifest.verify(paths.model)
    return manifest


def checkpoints(base):
    folder = TrainingPaths(base).checkpoints
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


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
    ready(tmp_path, **ENDLESS)
    with training(image, tmp_path, "train") as container:
        container.wait_for_line("iteration=")
        container.signal("TERM")
        code, took = container.stop(STOP_S)
        log = container.log
    assert (code, took < LEFT_S) == (0, True), log
    last = check_metrics(log.splitlines())[-1]
    assert check_left(tmp_path).metrics["iteration"] >= last
    assert checkpoints(tmp_path)


@pytest.mark.contract("T-14", "T-15")
def test_docker_stop_while_it_starts_leaves_a_model(image, tmp_path):
    """Started by the other entry point, which stands between the signal and the trainer, too."""
    ready(tmp_path, **ENDLESS)
    with training(image, tmp_path, entrypoint="train") as container:
        container.wait_for(lambda: any(TRAINER in line for line in container.processes()))
        code, took = container.stop(STOP_S)
        log = container.log
    assert (code, took < LEFT_S) == (0, True), log
    check_left(tmp_path)


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
