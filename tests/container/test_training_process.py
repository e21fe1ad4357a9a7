"""A real training job as a process: stopped in the middle, it leaves all that it should."""

import os
import re
import signal
import subprocess
import sys

from music.manifest import Manifest
from tests.container.folders import job, phrase_set
from training.metric_lines import METRIC_DEFINITIONS, parse_line


def test_sigterm_leaves_checkpoint_model_and_exit_code_0(tmp_path):
    given = {"iterations": "100", "batch_size": "2", "seed": "3"}
    paths = job(tmp_path, hyperparameters=given, train=phrase_set(8))
    environ = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "container", "train"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            line = next(line for line in process.stdout if parse_line(line))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0, (tmp_path / "log").read_text()
    values = parse_line(line)
    found = {name: re.findall(regex, line) for name, regex in METRIC_DEFINITIONS}
    assert {name: [float(v) for v in texts] for name, texts in found.items() if texts} == {
        name: [value] for name, value in values.items()
    }
    assert values.keys() >= {"iteration", "generator_loss"}
    assert not paths.failure.exists()
    assert Manifest.read(paths.model).hyperparameters["seed"] == 3
    assert any(paths.checkpoints.iterdir())
