"""Where SageMaker keeps the files of a job and of a server: everything under one base folder.

The base is /opt/ml, or what SAGEMAKER_BASE_DIR names: a job on one machine has a base of its own.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

BASE = Path("/opt/ml")
BASE_VARIABLE = "SAGEMAKER_BASE_DIR"


def base_folder(environ: Mapping[str, str]) -> Path:
    """Returns the base folder that an environment names."""
    return Path(environ.get(BASE_VARIABLE) or BASE).absolute()


@dataclass(frozen=True)
class TrainingPaths:
    """The files of a training job.

    Attributes:
        base: everything lies below it, except what `places` puts elsewhere.
        places: folders by the names of the SM_ variables that give them.
    """

    base: Path = BASE
    places: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Returns the files of the job that an environment describes."""
        places = {name: value for name, value in environ.items() if name.startswith("SM_")}
        return cls(base_folder(environ), places)

    @property
    def input(self) -> Path:
        """Holds configuration and channels."""
        return self._place("SM_INPUT_DIR", self.base / "input")

    @property
    def configuration(self) -> Path:
        """Holds hyperparameters.json and its like; SageMaker writes them before the start."""
        return self._place("SM_INPUT_CONFIG_DIR", self.input / "config")

    @property
    def channels(self) -> Path:
        """Holds one folder for each channel; never written to."""
        return self._place("SM_INPUT_DATA_DIR", self.input / "data")

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz, the model artifact."""
        return self._place("SM_MODEL_DIR", self.base / "model")

    @property
    def results(self) -> Path:
        """Holds the output data and the failure file."""
        return self._place("SM_OUTPUT_DIR", self.base / "output")

    @property
    def output(self) -> Path:
        """Becomes output.tar.gz."""
        return self._place("SM_OUTPUT_DATA_DIR", self.results / "data")

    @property
    def failure(self) -> Path:
        """Says why the job failed; absent after success."""
        return self.results / "failure"

    @property
    def checkpoints(self) -> Path:
        """Is kept in step with S3 while the job runs, and is there again after an interruption."""
        return self.base / "checkpoints"

    def channel(self, name: str) -> Path:
        """Returns the folder of one channel."""
        return self._place(channel_variable(name), self.channels / name)

    def make_writable_folders(self, checkpoints: Path) -> None:
        """Makes the folders that a job writes to, where the platform has not made them.

        Args:
            checkpoints: where the configuration puts them.

        Raises:
            OSError: if one cannot be written to. Hours later, with a model to save, is too late.
        """
        for folder in (self.model, self.output, checkpoints):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                is_read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
                number = errno.EROFS if is_read_only else errno.EACCES
                raise OSError(number, os.strerror(number), str(folder))

    def _place(self, variable: str, usual: Path) -> Path:
        given = self.places.get(variable)
        return Path(given).absolute() if given else usual


def channel_variable(name: str) -> str:
    """Returns the name of the variable that gives a channel's folder."""
    return f"SM_CHANNEL_{name.upper()}"


@dataclass(frozen=True)
class ServingPaths:
    """The files of a server."""

    base: Path = BASE

    @property
    def model(self) -> Path:
        """Holds the extracted model artifact; read-only."""
        return self.base / "model"
