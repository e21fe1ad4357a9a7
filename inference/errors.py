"""Faults of inference.

    ModelError       the model folder is at fault: ours, whoever the caller is

What is wrong with the caller's music or options is a `music.errors.MusicError`.
"""


class ModelError(RuntimeError):
    """A model folder that cannot be loaded or does not keep the promise of its manifest.

    Attributes:
        code: the kind of fault in snake case, e.g. `model_corrupt`.
        message: one sentence for the fault.
        hint: one sentence for the cure.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint
