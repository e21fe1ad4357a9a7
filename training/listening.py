"""How much the accompaniment listens to the melody, and how much it follows the noise."""

from dataclasses import asdict, dataclass


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
