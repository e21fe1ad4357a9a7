"""All that is measured of a generator's music: quality, tracks, and how well it listens."""

from collections.abc import Sequence

from music.phrases import PhraseSet
from music.quality import Quality
from training.history import Row
from training.judge import Judge
from training.listening import Listening, ListeningTest
from training.players import Player
from training.samples import Answer, Listener
from training.track_metrics import generated_row, quality_row

# Answers to each melody, with other noise. What a headline is made of is in the first; the others
# tell how much takes differ, which has to be within its bounds in between and exact at the end.
DRAWS, QUICK_DRAWS = 4, 2
MOST_UNJUDGED = 200  # phrases; more would take longer to say the same


class Measuring:
    """Measures what a generator plays to given melodies.

    Args:
        train: the phrases it learns from.
        heard: the phrases whose melodies are played to it.
        condition_track: the track that is the melody.
    """

    def __init__(self, train: PhraseSet, heard: PhraseSet, condition_track: int) -> None:
        self._judge = Judge(train, heard, condition_track)
        self._heard = self._judge.heard if self._judge.judges else heard.evenly(MOST_UNJUDGED)
        self._condition_track = condition_track
        self._listener = Listener(self._heard, condition_track)
        self._listening = ListeningTest(self._heard, condition_track)

    def quickly(self, player: Player, answers: Sequence[Answer]) -> tuple[Quality | None, Row]:
        """Measures without what takes seconds: the quality, if it can be told, and all as a row.

        Args:
            player: the generator.
            answers: what it played, see `listen`.
        """
        quality = self._judge.measure(answers, quick=True)
        row = generated_row(answers[0], self._heard, self._condition_track)
        row |= self._listening.measure(player, *answers[:2]).as_row()
        if quality is not None:
            row |= {"headline": quality.headline} | quality_row(quality)
        return quality, row

    def wholly(self, player: Player, answers: Sequence[Answer]) -> tuple[Quality | None, Listening]:
        """Measures everything, of more answers, once the training is over; see `quickly`."""
        more = range(len(answers), DRAWS) if self._judge.judges else ()
        every = [*answers, *(self._listener.listen(player, draw) for draw in more)]
        return self._judge.measure(every), self._listening.measure(player, *answers[:2])

    def listen(self, player: Player) -> list[Answer]:
        """Lets it play to every melody, each time with other noise."""
        return [self._listener.listen(player, draw) for draw in range(QUICK_DRAWS)]
