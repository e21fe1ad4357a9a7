import numpy as np
import pytest

from training.checkpoints import Checkpoint, CheckpointFolder, check_identity, restore
from training.errors import TrainingError


def checkpoint(iteration, value=1.0):
    arrays = {"generator/0000": np.full((50, 3), value, np.float32)}
    history = [{"iteration": 1.0, "critic_loss": -0.5}]
    return Checkpoint(iteration, {"architecture": "voices"}, history, arrays)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    folder = CheckpointFolder(tmp_path / "new", keep=2)
    assert folder.newest() is None
    folder.save(checkpoint(7, 0.1))
    found = folder.newest()
    assert (found.iteration, found.identity, found.history) == (
        7,
        {"architecture": "voices"},
        [{"iteration": 1.0, "critic_loss": -0.5}],
    )
    assert found.arrays["generator/0000"].tobytes() == np.full((50, 3), 0.1, np.float32).tobytes()


def test_the_newest_is_the_highest_number_and_only_n_are_kept(tmp_path):
    folder = CheckpointFolder(tmp_path, keep=2)
    for iteration in (9, 10, 999_999, 1_000_000):
        folder.save(checkpoint(iteration))
    assert names(tmp_path) == ["checkpoint-1000000.npz", "checkpoint-999999.npz"]
    assert folder.newest().iteration == 1_000_000


def test_a_checkpoint_for_which_memory_is_short_is_not_taken_for_damaged(tmp_path, monkeypatch):
    folder = CheckpointFolder(tmp_path, keep=2)
    folder.save(checkpoint(7))

    def read_array(*_):
        raise MemoryError

    monkeypatch.setattr("training.checkpoints.read_array", read_array)
    with pytest.raises(MemoryError):
        folder.newest()


def test_foreign_files_are_neither_read_nor_deleted(tmp_path):
    strays = ["checkpoint-000099.npz.sagemaker-uploading", "notes.txt", "draft-checkpoint-5.npz"]
    for name in strays:
        (tmp_path / name).write_bytes(b"?")
    folder = CheckpointFolder(tmp_path, keep=1)
    folder.save(checkpoint(3))
    folder.save(checkpoint(4))
    assert folder.newest().iteration == 4
    assert set(strays) < set(names(tmp_path))


def _cut(data):
    return data[: len(data) // 2]


def _flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [_cut, _flip, lambda _: b"", lambda _: b"nonsense"])
def test_a_damaged_newest_falls_back_to_the_one_before_and_says_so(tmp_path, caplog, damage):
    folder = CheckpointFolder(tmp_path, keep=3)
    folder.save(checkpoint(1, 1.0))
    newest = folder.save(checkpoint(2, 2.0))
    newest.write_bytes(damage(newest.read_bytes()))
    assert folder.newest().iteration == 1
    assert "checkpoint-000002.npz is damaged" in caplog.text


def test_a_damaged_one_takes_no_place_of_what_is_kept(tmp_path):
    """It has a higher number until the run has passed it; the one just saved must not give way."""
    folder = CheckpointFolder(tmp_path, keep=1)
    folder.save(checkpoint(4))
    (tmp_path / "checkpoint-000008.npz").write_bytes(b"half of it")
    folder.save(checkpoint(6))
    assert folder.newest().iteration == 6
    folder.save(checkpoint(9))
    assert names(tmp_path) == ["checkpoint-000009.npz"]


def test_a_write_that_dies_leaves_the_one_before(tmp_path, monkeypatch):
    folder = CheckpointFolder(tmp_path, keep=1)
    folder.save(checkpoint(1))

    def dies(file, **_arrays):
        file.write(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", dies)
    with pytest.raises(OSError, match="No space left"):
        folder.save(checkpoint(2))
    assert folder.newest().iteration == 1
    assert names(tmp_path) == ["checkpoint-000001.npz"]  # the half would keep a full disk full


class _Owner:
    def __init__(self, shape):
        import tensorflow as tf

        self.variables = [tf.Variable(np.zeros(shape, np.float32))]

    def state(self):
        return {"generator": self.variables}


def test_restoring_other_shapes_is_refused_before_anything_changes():
    gan = _Owner((50, 4))
    with pytest.raises(TrainingError, match=r"cannot be continued: its networks have other shapes"):
        restore(gan, checkpoint(1))
    assert not gan.variables[0].numpy().any()
    gan = _Owner((50, 3))
    restore(gan, checkpoint(1))
    assert gan.variables[0].numpy().all()


def test_another_runs_checkpoint_is_refused_by_name():
    check_identity(checkpoint(1), {"architecture": "voices"})
    with pytest.raises(TrainingError, match="its architecture is 'voices', this run's is 'unet'"):
        check_identity(checkpoint(1), {"architecture": "unet"})
