"""Faults that the launcher's caller can mend.

LauncherError    a command that cannot be done, and what to do about it
└── JobFailedError    a training job that ran and failed

Faults of music, hyperparameters and endpoints come out as `LauncherError` too, with their own code.
"""


class LauncherError(Exception):
    """A command that cannot be done.

    Attributes:
        code: the kind of fault in snake case, stable for programs, e.g. `no_such_job`.
        message: one sentence for the fault.
        hint: one sentence for the cure.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint


class JobFailedError(LauncherError):
    """A training job that failed.

    Attributes:
        name: of the job.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            "job_failed",
            f"The job {name} failed: {reason}",
            f"`python -m launcher.status {name}` shows where its log is.",
        )
        self.name = name
