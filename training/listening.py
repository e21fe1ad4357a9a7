"""How much the accompaniment listens to the melody, and how much it follows the noise."""

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from music.phrases import PhraseSet
from training.batches import shifts_to_c
from training.history import Row
from training.players import Player
from training.samples import Answer, Listener

MOST_EXCHANGED = 100  # melodies; more would take longer to say the same
HIGHEST = 127


@dataclass(frozen=True)
class Listening:
    """What changes in the answers when something else is asked.

    Attributes:
        melody: the share of accompaniment cells, 0..1, that change when the melody is exchanged
            for another of the same key and the noise is kept.
        noise: the share that changes when only the noise does.
    """

    melody: float
    noise: float

    @property
    def score(self) -> float:
        """The melody's part in what changes, 0..1; 0 if nothing ever changes."""
        both = self.melody + self.noise
        return self.melody / both if both else 0.0

    def as_dict(self) -> dict[str, float]:
        """Returns the numbers, ready for JSON."""
        return {**asdict(self), "score": self.score}

    def sentence(self) -> str:
        """Returns the numbers in words."""
        return (
            f"LISTENING {self.score:.2f}: of the notes, {self.melody:.0%} change with the melody "
            f"and {self.noise:.0%} with the noise alone (Bach's: {BACH.score:.2f}, "
            f"{BACH.melody:.0%} and {BACH.noise:.0%})"
        )

    def as_row(self) -> Row:
        """Returns the numbers as a part of a history's row."""
        return {f"listening_{name}": value for name, value in self.as_dict().items()}


# The first is measured on the validation chorales as below, their own accompaniments taken for the
# answers; the second is the median of 4,293 pairs of phrases that Bach set twice.
BACH = Listening(melody=0.90, noise=0.625)


class ListeningTest:
    """Compares answers with those to other noise, and to other melodies with the same noise.

    Args:
        heard: the phrases whose melodies are played.
        condition_track: the track that is the melody.
    """

    def __init__(self, heard: PhraseSet, condition_track: int) -> None:
        self._foreign = Listener(exchange_melodies(heard, condition_track), condition_track)
        self._some = np.linspace(0, len(heard) - 1, min(MOST_EXCHANGED, len(heard))).astype(int)

    def measure(self, player: Player, own: Answer, other_noise: Answer) -> Listening:
        """Listens to a generator.

        Args:
            player: the generator.
            own: what it played to all phrases' melodies, with noise 0.
            other_noise: the same with other noise.
        """
        other_melody = self._foreign.listen(player, 0, self._some)
        return Listening(
            melody=_differing(own.roll[self._some], other_melody.roll),
            noise=_differing(own.roll, other_noise.roll),
        )


def exchange_melodies(phrases: PhraseSet, condition_track: int) -> PhraseSet:
    """Gives each phrase the melody of another one of the same mode, moved into its own key.

    The other is half the phrases away, so that it is most often of another song. Of tracks with
    chords, the line on top is taken.
    """
    shifts = shifts_to_c(phrases)
    order = np.arange(len(phrases))
    partner = order.copy()
    for mode in np.unique(phrases.mode):
        here = order[phrases.mode == mode]
        partner[here] = np.roll(here, len(here) // 2)
    move = (shifts[partner] - shifts)[:, None]
    pitch, onset = phrases.pitch.copy(), phrases.onset.copy()
    line = phrases.pitch[partner, :, condition_track].astype(np.int64)
    moved = line + (move + 6) % 12 - 6  # the nearest way round
    moved = np.where(moved > HIGHEST, moved - 12, np.where(moved < 0, moved + 12, moved))
    pitch[..., condition_track] = np.where(line < 0, line, moved)
    onset[..., condition_track] = phrases.onset[partner, :, condition_track]
    return replace(phrases, pitch=pitch, onset=onset)


def _differing(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """The share of cells `(phrase, step, track)` in which rolls `(n, 32, 128, track)` differ."""
    return float(np.mean(np.any(one != other, axis=2)))
