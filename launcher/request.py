"""What a training job is asked for, checked as a whole before anything is made."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrainingRequest:
    """One new job.

    Attributes:
        name: of the job.
        instance: where it shall run.
        data: the data set, as the user named it.
        hyperparameters: those that the user set, as SageMaker delivers them: all strings.
        tags: of a folder of MIDI files, which to take; all if there are none.
        iterations: that the job will make; None while the data set has not been counted.
    """

    name: str
    instance: str
    data: str
    hyperparameters: dict[str, str]
    iterations: int | None = None
    tags: tuple[str, ...] = ()

    def describe(self, folder: str) -> dict[str, Any]:
        """Returns the request, ready for JSON."""
        return {
            "name": self.name,
            "instance": self.instance,
            "data": self.data,
            **({"tags": list(self.tags)} if self.tags else {}),
            "hyperparameters": self.hyperparameters,
            "iterations": self.iterations,
            "folder": folder,
        }
