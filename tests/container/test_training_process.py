"""The real networks as a process: stopped in the middle, then continued by a stranger elsewhere."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys

import h5py
import pytest

from container.paths import TrainingPaths
from tests.container.folders import job, phrase_set
from tests.container.job_results import check_metrics, check_model
from tests.container.processes import (
    ROOT,
    as_strict_as_can_be,
    failure_of,
    plain_environment,
    run,
    why_no_namespace,
)
from tests.container.s3_server import SECRET
from training.export import WEIGHTS_FILE
from training.metric_lines import parse_line
from training.voice_leading import INTERVALS

PATIENCE_S = 110  # SageMaker's is 120 s


@pytest.fixture(scope="module")
def bucket(s3_server):
    """A bucket in an S3 of moto's."""
    s3_server.begin()
    return s3_server.bucket


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, s3_server, bucket):
    """A base folder after SIGTERM, twice, and all that the job had printed."""
    base = tmp_path_factory.mktemp("stopped")
    given = {"iterations": "100", "batch_size": "2", "seed": "3"}
    given["progress_s3_uri"] = f"s3://{bucket}/runs"
    job(base, hyperparameters=given, train=phrase_set(8))
    environ = {
        **plain_environment(),
        **s3_server.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINING_JOB_NAME": "job-1",
    }
    command = [sys.executable, "-m", "container", "train"]
    with (
        (base / "log").open("wb") as log,
        subprocess.Popen(
            command,
            env=environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            umask=0o077,
        ) as process,
    ):
        try:
            lines = [next(line for line in process.stdout if parse_line(line))]
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
            lines += process.communicate(timeout=PATIENCE_S)[0].splitlines()
        finally:
            process.kill()
    assert process.returncode == 0, (base / "log").read_text()
    return base, lines


def weighs_intervals(paths):
    """Whether the exported generator leads its voices, see `training.voice_leading`."""
    found = []
    with h5py.File(paths.model / WEIGHTS_FILE) as file:
        file.visititems(lambda _, item: found.append(item))
        arrays = [item[:] for item in found if isinstance(item, h5py.Dataset) and item.shape]
    return any(array.any() for array in arrays if array.shape == (INTERVALS,))


def test_sigterm_leaves_checkpoint_model_and_exit_code_0(stopped):
    base, lines = stopped
    paths = TrainingPaths(base)
    last = check_metrics(lines)[-1]
    assert not paths.failure.exists()
    assert check_model(paths, seed=3).metrics["iteration"] >= last
    assert any(paths.checkpoints.iterdir())


def test_others_can_read_what_a_job_leaves_and_its_group_can_change_it(stopped):
    """Though the umask of the process was that of somebody who shares nothing."""
    paths = TrainingPaths(stopped[0])
    left = [
        path
        for folder in (paths.model, paths.output, paths.checkpoints)
        for path in (folder, *folder.rglob("*"))
    ]
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in left}
    assert {path.parent for path in left if path.is_file()} > {paths.model, paths.checkpoints}
    wanted = {path: 0o775 if path.is_dir() else 0o664 for path in left}
    assert {path: oct(modes[path]) for path in left if modes[path] != wanted[path]} == {}


def test_sigterm_leaves_all_progress_in_s3(stopped, s3_server, bucket):
    output = TrainingPaths(stopped[0]).output
    written = [path for path in output.rglob("*") if path.is_file()]
    keys = {f"runs/job-1/{path.relative_to(output).as_posix()}": path for path in written}
    assert {"runs/job-1/metrics.jsonl", "runs/job-1/report.html"} <= keys.keys()
    assert s3_server.objects() == keys.keys()
    assert all(s3_server.get(key)[0] == path.read_bytes() for key, path in keys.items())
    log = (stopped[0] / "log").read_text()
    assert f"Progress is complete at s3://{bucket}/runs/job-1/, {len(keys)} files." in log
    assert SECRET not in log


def test_a_stranger_continues_it_from_the_last_whole_checkpoint(stopped, tmp_path):
    # A spot interruption: a fresh container gets the checkpoints, one of them damaged on its way.
    paths = job(tmp_path, hyperparameters={"batch_size": "2", "seed": "3"}, train=phrase_set(8))
    shutil.copytree(TrainingPaths(stopped[0]).checkpoints, paths.checkpoints)
    (whole,) = paths.checkpoints.iterdir()
    reached = int(re.search(r"\d+", whole.name)[0])
    (paths.checkpoints / "checkpoint-000999.npz").write_bytes(whole.read_bytes()[:5000])
    (paths.checkpoints / ".checkpoint-001000.npz.sagemaker-uploading").write_bytes(b"?")

    total = reached + 2
    strict = os.getuid() == 0 and why_no_namespace() is None
    wrap = as_strict_as_can_be(tmp_path) if strict else ()
    base = "/mnt" if strict else tmp_path
    done = run(base, "train", f"--iterations={total}", wrap=wrap, quick=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"Continuing from the checkpoint of iteration {reached}." in done.stdout
    assert check_metrics(done.stdout.splitlines()) == [reached + 1, total]
    assert check_model(paths, seed=3).metrics["iteration"] == total
    assert weighs_intervals(paths)
    assert (paths.checkpoints / ".checkpoint-001000.npz.sagemaker-uploading").exists()
    assert (paths.output / "song.mid").is_file()
    assert failure_of(tmp_path) is None
