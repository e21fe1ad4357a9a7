"""Faults of a job or a server that whoever started it can mend.

ContainerError      base: the process ends, and says why and what to do
├── UsageError      the command line cannot be understood; exit code 2
├── JobError        the job's configuration, data or machine cannot be used; exit code 1
├── StoppedError    the job was asked to stop before it had anything to keep; exit code 0
└── UploadError     S3 has not taken a file; the job goes on and says so
"""


class ContainerError(Exception):
    """A process that cannot start or go on.

    Attributes:
        code: the kind of fault in snake case, stable for programs, e.g. `no_channel`.
        message: one sentence for the fault: what was expected and what was received.
        hint: one sentence for the cure.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint


class UsageError(ContainerError):
    """A command line that cannot be understood."""


class JobError(ContainerError):
    """A training job's configuration, data or machine that cannot be used."""


class StoppedError(ContainerError):
    """A training job that was asked to stop before it had anything to keep."""


class UploadError(ContainerError):
    """A file that S3 has not taken.

    Attributes:
        is_lasting: whether trying again soon is of no use.
        concerns_all: whether other files would fare the same.
    """

    def __init__(
        self, code: str, message: str, hint: str, *, is_lasting: bool, concerns_all: bool
    ) -> None:
        super().__init__(code, message, hint)
        self.is_lasting = is_lasting
        self.concerns_all = concerns_all
