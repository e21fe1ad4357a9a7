"""Checkpoints: one file each, whole or absent, from which a run continues as if nothing had been.

`checkpoint-000400.npz` holds every variable of both networks, their helpers, both optimizers and
the averaged weights, and a header with the counters and the metric history. The order of the data
and all noise follow from the seed and the iteration, so there is no other random state. The zip's
own checksums tell a damaged file from a whole one.
"""

import json
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from music.zips import open_zip, read_array
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.gan import Gan

SCHEMA_VERSION = 1
NAME = re.compile(r"checkpoint-(\d{6,})\.npz")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A state of a run.

    Attributes:
        iteration: how many iterations were made.
        identity: what must be equal for the run to continue: hyperparameters and data.
        history: the metric rows so far.
        arrays: the variables, `owner/index` to array.
    """

    iteration: int
    identity: dict[str, Any]
    history: list[dict[str, float]]
    arrays: dict[str, NDArray[np.generic]]


def capture(
    gan: "Gan", iteration: int, identity: dict[str, Any], history: list[dict[str, float]]
) -> Checkpoint:
    """Copies the state of `gan`."""
    arrays = {
        f"{owner}/{index:04d}": variable.numpy()
        for owner, variables in gan.state().items()
        for index, variable in enumerate(variables)
    }
    return Checkpoint(iteration, identity, list(history), arrays)


def restore(gan: "Gan", checkpoint: Checkpoint) -> None:
    """Puts a captured state back into `gan`.

    Raises:
        TrainingError: `foreign_checkpoint`, if the state belongs to other networks.
    """
    variables = {
        f"{owner}/{index:04d}": variable
        for owner, owned in gan.state().items()
        for index, variable in enumerate(owned)
    }
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if shapes != {name: array.shape for name, array in checkpoint.arrays.items()}:
        raise _foreign("its networks have other shapes")
    for name, variable in variables.items():
        variable.assign(checkpoint.arrays[name])


def check_identity(checkpoint: Checkpoint, identity: dict[str, Any]) -> None:
    """Refuses a checkpoint of another run.

    Raises:
        TrainingError: `foreign_checkpoint`, naming what differs.
    """
    for name, value in identity.items():
        before = checkpoint.identity.get(name)
        if before != value:
            raise _foreign(f"its {name} is {before!r}, this run's is {value!r}")


class CheckpointFolder:
    """The checkpoints of one run; nothing else in the folder is read or deleted.

    Args:
        path: the folder; made when the first checkpoint is saved.
        keep: how many of the newest stay.
    """

    def __init__(self, path: Path, *, keep: int) -> None:
        self.path = path
        self.keep = keep

    def save(self, checkpoint: Checkpoint) -> Path:
        """Writes a checkpoint, then deletes those that `keep` newer ones have made needless.

        Raises:
            OSError: if it cannot be written; those before it are untouched.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / f"checkpoint-{checkpoint.iteration:06d}.npz"
        header = {
            "schema_version": SCHEMA_VERSION,
            "iteration": checkpoint.iteration,
            "identity": checkpoint.identity,
            "history": checkpoint.history,
        }
        draft = path.with_name(f"draft-{path.name}")
        arrays: dict[str, Any] = {**checkpoint.arrays, "header": np.array(json.dumps(header))}
        try:
            with draft.open("wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)  # it would fill a full disk for good
            raise
        # Those with higher numbers are damaged, or the run would have gone on from them.
        reached = [old for number, old in self._numbered() if number <= checkpoint.iteration]
        for old in reached[self.keep :]:
            old.unlink(missing_ok=True)
        return path

    def newest(self) -> Checkpoint | None:
        """Reads the newest whole checkpoint, passing over damaged ones; None if there is none."""
        for _, path in self._numbered():
            try:
                return _read(path)
            except MemoryError:
                raise  # the checkpoint may be whole, and training anew would delete it
            except Exception as error:  # zipfile, what unpacks for it and numpy fail in many ways
                reason = str(error)[:200] or type(error).__name__
                logger.warning("%s is damaged and was passed over: %s", path.name, reason)
        return None

    def _numbered(self) -> list[tuple[int, Path]]:
        """The files that are named like checkpoints, and their iterations, newest first."""
        if not self.path.is_dir():
            return []
        found = [(NAME.fullmatch(path.name), path) for path in self.path.iterdir()]
        return sorted(((int(match[1]), path) for match, path in found if match), reverse=True)


def _read(path: Path) -> Checkpoint:
    with path.open("rb") as raw, open_zip(raw) as archive:
        header = json.loads(str(read_array(archive, "header")))
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        arrays = {name: read_array(archive, name) for name in names if name != "header"}
    if header["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema version {header['schema_version']}, expected {SCHEMA_VERSION}")
    checkpoint = Checkpoint(header["iteration"], header["identity"], header["history"], arrays)
    history = checkpoint.history
    if not (
        isinstance(checkpoint.iteration, int)
        and checkpoint.iteration >= 0
        and isinstance(checkpoint.identity, dict)
        and isinstance(history, list)
        and all(isinstance(row, dict) for row in history)
    ):
        raise ValueError("its header does not tell of a run")
    return checkpoint


def _foreign(why: str) -> TrainingError:
    return TrainingError(
        "foreign_checkpoint",
        f"The checkpoint cannot be continued: {why}.",
        "Start a job of its own for the changed choices, or undo the change.",
    )
