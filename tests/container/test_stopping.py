"""SIGTERM, twice, in every phase: a job keeps what it has, a server ends, both with exit code 0."""

import re

import pytest

from music.manifest import Manifest
from tests.container.folders import job, phrase_set
from tests.container.processes import run
from tests.music.midi_folder import write_songs
from training.checkpoints import CheckpointFolder

PHASES = {
    "supervisor imports logging": 0,
    "supervisor imports container.start": 0,
    "supervisor imports container.sm_variables": 0,
    "supervisor imports subprocess": 0,
    "trainer imports container.stop": 0,
    "trainer imports container.configuration": 0,
    "trainer imports music.phrases": 0,
    "trainer imports training.run": 0,
    "trains": 1,
    "saves": 2,
    "exports": 4,
    "ends": 4,
}


@pytest.mark.parametrize(("moment", "iteration"), PHASES.items())
def test_a_stop_at_any_time_keeps_what_there_is(tmp_path, moment, iteration):
    given = {"iterations": "4", "checkpoint_every": "2"}
    paths = job(tmp_path, train=phrase_set(), hyperparameters=given)
    done = run(tmp_path, "train", environ={"MOMENT": moment})
    assert done.returncode == 0, done.stderr
    assert len(re.findall("^iteration", done.stdout, re.MULTILINE)) == iteration
    assert CheckpointFolder(paths.checkpoints, keep=9).newest().iteration == iteration
    assert Manifest.read(paths.model).metrics["iteration"] == iteration
    assert not paths.failure.exists()


def test_a_stop_while_midi_files_are_read(tmp_path):
    paths = job(tmp_path, hyperparameters={"iterations": "4"})
    write_songs(paths.channel("train"), 4)
    done = run(tmp_path, "train", environ={"MOMENT": "trainer imports music.collection"})
    assert done.returncode == 0, done.stderr
    assert Manifest.read(paths.model).metrics["iteration"] == 0


@pytest.mark.parametrize(
    "moment", ["supervisor imports container.start", "supervisor imports uvicorn"]
)
def test_a_server_that_is_stopped_while_it_starts(tmp_path, voices_folder, moment):
    (tmp_path / "model").symlink_to(voices_folder)
    address = {"SAGEMAKER_BIND_TO_PORT": "0", "ACCOMPANIST_HOST": "127.0.0.1"}
    done = run(tmp_path, "serve", environ={"MOMENT": moment, **address})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
