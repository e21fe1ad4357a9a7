"""Measures what a generator plays to melodies that it did not learn from."""

from collections.abc import Sequence

import numpy as np

from music.evaluation import Evaluator
from music.phrases import PhraseSet
from music.quality import Quality
from music.rolls import roll_to_voices
from training.samples import Answer

VOICES = 4
STEPS = 32
MOST_HEARD, MOST_READ = 500, 4000  # phrases; of more, as many are measured, evenly chosen
FEWEST = 20  # phrases below which distances between distributions say nothing


class Judge:
    """The quality report of a run.

    Args:
        train: what the generator learns from: the yardstick, and where copies would come from.
        heard: the phrases whose melodies are played to the generator.
        condition_track: the track that is the melody.

    Attributes:
        judges: whether it can: not where the data is no four-part music, or too little of it.
        heard: the phrases whose answers it takes.
    """

    def __init__(self, train: PhraseSet, heard: PhraseSet, condition_track: int) -> None:
        # The measures are those of four-part writing under a soprano.
        fits = train.shape[1:] == (STEPS, VOICES) and condition_track == 0
        fits = fits and not train.has_chords
        self.judges = fits and min(len(train), len(heard)) >= FEWEST
        self._evaluator = Evaluator(train.evenly(MOST_READ)) if self.judges else None
        self.heard = heard.evenly(MOST_HEARD)

    def measure(self, answers: Sequence[Answer], *, quick: bool = False) -> Quality | None:
        """Measures what was played to all melodies.

        Args:
            answers: one for each noise.
            quick: leaves out what takes seconds, see `Evaluator.evaluate`.

        Returns:
            None if it cannot judge.
        """
        if self._evaluator is None:
            return None
        voices = [roll_to_voices(answer.roll, answer.onset)[0] for answer in answers]
        alone = [np.mean(answer.roll.sum(axis=2) == 1) for answer in answers]
        return self._evaluator.evaluate(
            self.heard, np.stack(voices), rolls_form=float(np.mean(alone)), quick=quick
        )
