"""All that a run measures of its music: quality, tracks, and how well it listens."""

from music.phrases import PhraseSet
from music.quality import Quality
from training.history import Row
from training.judge import Judge
from training.listening import Listening, ListeningTest
from training.players import Player
from training.track_metrics import TrackMeter, quality_row


class Measuring:
    """Measures what a generator plays to given melodies.

    Args:
        train: the phrases it learns from.
        heard: the phrases whose melodies are played to it.
        condition_track: the track that is the melody.
    """

    def __init__(self, train: PhraseSet, heard: PhraseSet, condition_track: int) -> None:
        self._judge = Judge(train, heard, condition_track)
        self._tracks = TrackMeter(heard, condition_track)
        self._listening = ListeningTest(heard, condition_track)

    def quickly(self, player: Player) -> tuple[Quality | None, Row]:
        """Measures without what takes seconds: the quality, if it can be told, and all as a row."""
        quality = self._judge.measure(player, quick=True)
        row = self._tracks.measure(player) | self._listening.measure(player).as_row()
        if quality is not None:
            row |= {"headline": quality.headline} | quality_row(quality)
        return quality, row

    def wholly(self, player: Player) -> tuple[Quality | None, Listening]:
        """Measures everything, once the training is over."""
        return self._judge.measure(player), self._listening.measure(player)
