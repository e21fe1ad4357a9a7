"""Target `checkpoint`: a file that lies where a job looks for the state it goes on from."""

import contextlib
from collections.abc import Callable
from random import Random

import numpy as np

from tests.fuzz import phrases
from tests.fuzz.scratch import scratch
from training.checkpoints import Checkpoint, CheckpointFolder, check_identity
from training.errors import TrainingError

SUFFIX = ".npz"
MAX_LENGTH = 4096
WORDS = phrases.WORDS
IDENTITY = {"architecture": "voices", "data": "0" * 64}


def execute(data: bytes) -> None:
    """Looks for a state; a damaged one is passed over, a foreign one is refused."""
    folder = scratch() / "checkpoints"
    folder.mkdir(exist_ok=True)
    (folder / "checkpoint-000001.npz").write_bytes(data)
    found = CheckpointFolder(folder, keep=1).newest()
    if found is None:
        return
    assert isinstance(found, Checkpoint)
    assert isinstance(found.iteration, int)
    assert found.iteration >= 0
    assert all(isinstance(row, dict) for row in found.history)
    assert all(isinstance(array, np.ndarray) for array in found.arrays.values())
    with contextlib.suppress(TrainingError):
        check_identity(found, IDENTITY)


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one array or the way in which it is packed."""
    return phrases.mutate(data, random, mutate_bytes)
