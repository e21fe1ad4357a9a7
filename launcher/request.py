"""What a training job is asked for, checked as a whole before anything is made."""

from dataclasses import dataclass, field
from typing import Any

from launcher.datasets import FolderOptions


@dataclass(frozen=True)
class TrainingRequest:
    """One new job.

    Attributes:
        name: of the job.
        instance: where it shall run.
        data: the data set, as the user named it.
        hyperparameters: those that the user set, as SageMaker delivers them: all strings.
        iterations: that the job will make; None while the data set has not been counted.
        folder: of a folder of MIDI files, what to take.
    """

    name: str
    instance: str
    data: str
    hyperparameters: dict[str, str]
    iterations: int | None = None
    folder: FolderOptions = field(default_factory=FolderOptions)

    def describe(self, folder: str) -> dict[str, Any]:
        """Returns the request, ready for JSON."""
        return {
            "name": self.name,
            "instance": self.instance,
            "data": self.data,
            **self.folder.describe(),
            "hyperparameters": self.hyperparameters,
            "iterations": self.iterations,
            "folder": folder,
        }
