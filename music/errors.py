"""Faults that a caller can mend.

`MusicError` is the only exception that this package raises on purpose for bad input; anything else
that escapes is a bug of ours.
"""


class MusicError(ValueError):
    """Music or data that cannot be used as it is.

    Attributes:
        code: the kind of fault in snake case, stable for programs, e.g. `not_midi`.
        message: one sentence for the fault: what was expected and what was received.
        hint: one sentence for the cure.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint
