"""Faults that the caller of the launcher can mend."""


class LauncherError(Exception):
    """A command that cannot be carried out.

    Attributes:
        message: one sentence for the fault.
        hint: one sentence for the cure.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint
