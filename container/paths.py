"""Where SageMaker keeps the files of a job and of a server: everything under one base folder.

The base is /opt/ml, or what SAGEMAKER_BASE_DIR names: a job on one machine has a base of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE = Path("/opt/ml")
BASE_VARIABLE = "SAGEMAKER_BASE_DIR"


def base_folder(environ: Mapping[str, str]) -> Path:
    """Returns the base folder that an environment names."""
    return Path(environ.get(BASE_VARIABLE) or BASE).absolute()


@dataclass(frozen=True)
class TrainingPaths:
    """The files of a training job."""

    base: Path = BASE

    @property
    def configuration(self) -> Path:
        """Holds hyperparameters.json and its like; SageMaker writes them before the start."""
        return self.base / "input" / "config"

    @property
    def channels(self) -> Path:
        """Holds one folder for each channel; never written to."""
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz, the model artifact."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Becomes output.tar.gz."""
        return self.base / "output" / "data"

    @property
    def failure(self) -> Path:
        """Says why the job failed; absent after success."""
        return self.base / "output" / "failure"

    @property
    def checkpoints(self) -> Path:
        """Is kept in step with S3 while the job runs, and is there again after an interruption."""
        return self.base / "checkpoints"

    def channel(self, name: str) -> Path:
        """Returns the folder of one channel."""
        return self.channels / name

    def make_writable_folders(self) -> None:
        """Makes the folders that a job writes to, where the platform has not made them."""
        for folder in (self.model, self.output, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class ServingPaths:
    """The files of a server."""

    base: Path = BASE

    @property
    def model(self) -> Path:
        """Holds the extracted model artifact; read-only."""
        return self.base / "model"
