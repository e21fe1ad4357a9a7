"""Measures what a generator plays to melodies that it did not learn from."""

import numpy as np

from music.evaluation import Evaluator
from music.phrases import PhraseSet
from music.quality import Quality
from music.rolls import roll_to_voices
from training.players import Player
from training.samples import Listener

DRAWS = 4
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
    """

    def __init__(self, train: PhraseSet, heard: PhraseSet, condition_track: int) -> None:
        # The measures are those of four-part writing under a soprano.
        fits = train.shape[1:] == (STEPS, VOICES) and condition_track == 0
        fits = fits and not train.has_chords
        enough = min(len(train), len(heard)) >= FEWEST
        self._evaluator = Evaluator(train.evenly(MOST_READ)) if fits and enough else None
        self._heard = heard = heard.evenly(MOST_HEARD)
        self._listener = Listener(heard, condition_track)

    def measure(self, player: Player, *, quick: bool = False) -> Quality | None:
        """Plays every melody several times and measures the answers.

        Args:
            player: is listened to.
            quick: leaves out what takes seconds, see `Evaluator.evaluate`.

        Returns:
            None where the data is not four-part music, or too little of it.
        """
        if self._evaluator is None:
            return None
        answers, alone = [], []
        for draw in range(DRAWS):
            roll, onset = self._listener.listen(player, draw)
            alone.append(np.mean(roll.sum(axis=2) == 1))
            answers.append(roll_to_voices(roll, onset)[0])
        return self._evaluator.evaluate(
            self._heard, np.stack(answers), rolls_form=float(np.mean(alone)), quick=quick
        )
