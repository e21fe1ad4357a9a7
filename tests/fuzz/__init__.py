"""Readers of strangers' bytes and what was found to be hard for them; see `__main__`.

A target is a module with `execute`, which feeds one input to a reader and takes only the errors
that the reader is documented to raise; `mutate`, which changes an input in ways that its format
allows; the `SUFFIX` of its files, their `MAX_LENGTH` in bytes, and `WORDS` worth trying.
"""

from pathlib import Path

TARGETS = {
    "midi": "tests.fuzz.midi",
    "pieces": "tests.fuzz.pieces",
    "npy": "tests.fuzz.npy",
    "json": "tests.fuzz.json_body",
    "headers": "tests.fuzz.headers",
    "artifact": "tests.fuzz.artifact",
    "phrases": "tests.fuzz.phrases",
    "checkpoint": "tests.fuzz.checkpoint",
}
CORPUS = Path(__file__).parent / "corpus"
MAX_SECONDS = 1  # of the processor, for one execution
HANG_S = 20  # by the clock: a busy machine may let a process wait
MAX_GROWTH_MB = 100


def kept(target: str) -> list[Path]:
    """The inputs that are kept for a target; a name says what is in it."""
    return sorted((CORPUS / target).iterdir())
