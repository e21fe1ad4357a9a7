"""Work that now and then asks a generator for phrases, and can be done in turns with other work.

Such work is a Python generator: it yields phrases and is sent their answers. To do several works at
a time then takes no threads: what they ask for goes through the network together, and one that
nobody waits for any more is dropped.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.predictor import Accompanist

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Phrases:
    """What is asked of a generator, see `Predictor.accompany`.

    Attributes:
        pitch: `(batch, phrase_steps)`, no larger than the generator's `max_batch`.
        onset: likewise.
        noise: `(batch, *noise_shape)`.
        more: phrases that will be asked after these, as far as can be told.
    """

    pitch: NDArray[np.integer]
    onset: BoolArray
    noise: FloatArray
    more: int = 0

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def left(self) -> int:
        """Phrases that will be asked from now on."""
        return len(self) + self.more


Answers: TypeAlias = tuple[BoolArray, BoolArray]  # roll and onset, see `Predictor.accompany`
Turns: TypeAlias = Generator[Phrases, Answers, Result]


def finish(turns: Turns[Result], accompanist: Accompanist) -> Result:
    """Does work alone, and returns what it returns."""
    try:
        asked = next(turns)
        while True:
            asked = turns.send(accompanist.accompany(asked.pitch, asked.onset, asked.noise))
    except StopIteration as end:
        result: Result = end.value
        return result


def before_others(turns: Turns[Result], others: int) -> Turns[Result]:
    """Does work, and says of others that come after it that each asks for as much."""
    try:
        asked = next(turns)
        later = others * asked.left
        while True:
            asked = turns.send((yield replace(asked, more=asked.more + later)))
    except StopIteration as end:
        result: Result = end.value
        return result


def answer_together(accompanist: Accompanist, batch: Sequence[Phrases]) -> list[Answers]:
    """Answers what several asked in one call; each gets what it would get alone.

    Raises:
        ModelError: if the generator fails, which concerns all of them.
    """
    roll, onset = accompanist.accompany(
        np.concatenate([phrases.pitch for phrases in batch]),
        np.concatenate([phrases.onset for phrases in batch]),
        np.concatenate([phrases.noise for phrases in batch]),
    )
    ends = np.cumsum([len(phrases) for phrases in batch])[:-1]
    return list(zip(np.split(roll, ends), np.split(onset, ends), strict=True))
