"""Full disks, closed and read-only folders, no memory: what went wrong, and what to do."""

import errno
import resource

import pytest

from container.machine_faults import explain
from container.paths import TrainingPaths
from container.stop import StopFlag
from container.trainer import train
from tests.container.folders import job, phrase_set
from tests.container.processes import (
    STRANGER,
    as_root,
    as_strict_as_can_be,
    failure_of,
    in_namespace,
    run,
)

MANY = {"iterations": "40", "checkpoint_every": "1", "keep_checkpoints": "40"}  # 64 kB each


def small_disk(base):
    """Words that run a command with a base folder of 512 kB, copied from `base`, at /mnt."""
    return in_namespace("mount -t tmpfs -o size=512k tmpfs /mnt", f"cp -r '{base}'/. /mnt")


@as_root
@pytest.mark.parametrize("fault", ["", "hoard"])  # between large files, and to the last byte
def test_a_full_disk_leaves_its_reason_on_the_disk(tmp_path, fault):
    job(tmp_path, train=phrase_set(), hyperparameters=MANY)
    # What is on the small disk is gone with its namespace: the end of the command is what remains.
    saved = tmp_path / "saved"
    show = ["sh", "-c", f'"$@"; code=$?; cp /mnt/output/failure {saved}; exit $code', "sh"]
    wrap = [*small_disk(tmp_path), *show]
    done = run("/mnt", "train", wrap=wrap, environ={"FAULT": fault})
    assert done.returncode == 1
    text = saved.read_text()
    assert text.startswith("The disk is full: A file could not be written. Give the job a larger")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_grows_too_large(tmp_path):
    job(tmp_path, train=phrase_set(), hyperparameters=MANY)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = run(tmp_path, "train", preexec_fn=limit)
    assert done.returncode == 1
    assert "grew larger than the system lets a file be. Raise the limit" in failure_of(tmp_path)


@as_root
def test_a_read_only_folder_is_told_before_the_training(tmp_path):
    paths = job(tmp_path, train=phrase_set())
    paths.model.mkdir()
    lock = (
        f"mount --bind '{paths.model}' '{paths.model}' && mount -o remount,bind,ro '{paths.model}'"
    )
    done = run(tmp_path, "train", wrap=in_namespace(lock))
    assert (done.returncode, done.stdout) == (1, "")
    assert failure_of(tmp_path) == (
        f"{paths.model} lies on a file system that can only be read. "
        f"Make model, output and checkpoints below {tmp_path} writable."
    )


@as_root
def test_where_nothing_can_be_written_the_log_has_the_reason(tmp_path):
    job(tmp_path, train=phrase_set())
    lock = f"mount --bind '{tmp_path}' '{tmp_path}' && mount -o remount,bind,ro '{tmp_path}'"
    done = run(tmp_path, "train", wrap=in_namespace(lock))
    assert done.returncode == 1
    assert done.stderr.startswith(f"ERROR {tmp_path}/model lies on a file system that can only")
    assert "Traceback" not in done.stderr


@as_root
@pytest.mark.parametrize("closed", ["input/data/train", "checkpoints"])
def test_a_stranger_is_told_which_folder_is_closed(tmp_path, closed):
    job(tmp_path, train=phrase_set()).checkpoints.mkdir()
    (tmp_path / "output").mkdir()
    strict = as_strict_as_can_be(tmp_path)
    (tmp_path / closed).chmod(0o700)
    assert run("/mnt", "train", wrap=strict).returncode == 1
    assert failure_of(tmp_path).startswith(
        f"/mnt/{closed} must not be read or written by the user that runs the job, "
        f"number {STRANGER}. Give this user the right to read /mnt/input"
    )


def test_memory_that_runs_out(tmp_path):
    job(tmp_path, train=phrase_set())
    assert run(tmp_path, "train", environ={"FAULT": "memory"}).returncode == 1
    assert failure_of(tmp_path).startswith("The memory ran out. Lower `batch_size`")


def test_a_file_of_a_channel_that_vanishes(tmp_path):
    paths = job(tmp_path, train=phrase_set())
    file = paths.channel("train") / "phrases.npz"

    def runner(*_):
        file.unlink()
        file.open("rb")

    assert train(paths, [], StopFlag(), runner, {}) == 1
    assert failure_of(tmp_path).startswith(f"{file} vanished while the job read its data.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EIO, "Input/output error", "/a"), "storage_lost"),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected"), "storage_lost"),
        # As TensorFlow, its allocator and HDF5 say it.
        (RuntimeError("/m/variables: No space left on device [Op:SaveV2]"), "disk_full"),
        (RuntimeError("/m/1; Read-only file system"), "read_only"),
        (RuntimeError("OOM when allocating tensor with shape[64,512]"), "no_memory"),
        (
            OSError("Can't write data (errno = 28, error message = 'No space left on device')"),
            "disk_full",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "/elsewhere/x"), None),
        (ValueError("five is no number"), None),
    ],
)
def test_what_the_machine_is_behind(error, code):
    fault = explain(error, TrainingPaths())
    assert (fault.code if fault else None) == code


def test_what_a_reader_made_of_the_systems_error_counts_less():
    error = ValueError("phrases.npz is damaged")
    error.__cause__ = OSError(errno.EIO, "Input/output error", "/opt/ml/input/data/train/x.npz")
    assert explain(error, TrainingPaths()).code == "storage_lost"
