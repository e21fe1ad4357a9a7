"""Faults of a training run that its user can mend.

TrainingError             base: the run cannot go on, and says why and what to do
└── HyperparameterError   values that the model of hyperparameters refuses, all of them at once
"""

from collections.abc import Sequence


class TrainingError(Exception):
    """A run that cannot start or go on.

    Attributes:
        code: the kind of fault in snake case, stable for programs, e.g. `unknown_channel`.
        message: the fault: what was expected and what was received.
        hint: one sentence for the cure.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint


class HyperparameterError(TrainingError):
    """Hyperparameters that cannot be used.

    Not a `ValueError`: pydantic would swallow it and report its own kind instead.

    Attributes:
        faults: one clause for each fault, without a full stop.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        message = "; ".join(self.faults)
        hint = "See docs/hyperparameters.md for every name, its bounds and its default."
        super().__init__("bad_hyperparameters", f"{message}.", hint)
