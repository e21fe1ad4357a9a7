"""What real music measures, to hold a run's numbers against.

The best yardstick is the music of the run itself: the composers' own settings of the melodies that
were played to the network, measured as its answers are. What cannot be measured so is told of Bach,
by name: the constants of the HEADLINE and of its goals come from his chorales.
"""

import re
from dataclasses import dataclass

from music.evaluation import Evaluator
from music.headline import reference
from music.phrases import PhraseSet
from music.quality import GOALS, Quality
from training.judge import MOST_HEARD, MOST_READ

OWN, BACH = "real music", "Bach"
BACH_HEADLINE = 98.5  # windows of his chorales, measured as an accompaniment is
_OF_COPIES = frozenset({"near_copies", "nearest_median"})


@dataclass(frozen=True)
class Level:
    """What real music measures.

    Attributes:
        value: in the unit of the attribute of `Quality`.
        name: whose it is, `OWN` or `BACH`.
    """

    value: float
    name: str


@dataclass(frozen=True)
class Yardstick:
    """Real music.

    Attributes:
        own: what the composers' own settings of the run's melodies measure, if that is known.
        learned: those settings are what the network learned from; they copy themselves.
    """

    own: Quality | None = None
    learned: bool = False

    @classmethod
    def of(cls, phrases: PhraseSet) -> "Yardstick":
        """Measures a data set that `training.judge.Judge` can measure, as it does."""
        train, valid = phrases.part("train"), phrases.part("valid")
        heard = (valid if len(valid) else train).evenly(MOST_HEARD)
        settings = heard.pitch[None, ..., 1:]
        own = Evaluator(train.evenly(MOST_READ)).evaluate(heard, settings, quick=True)
        return cls(own, learned=not len(valid))

    def level(self, name: str) -> Level | None:
        """Returns what real music measures, by the name of an attribute of `Quality`."""
        if self.own is not None and not (self.learned and name in _OF_COPIES):
            own = getattr(self.own, name, None)
            if isinstance(own, float):
                return Level(own, OWN)
        bach = _bach(name)
        return None if bach is None else Level(bach, BACH)


def _bach(name: str) -> float | None:
    if name == "headline":
        return BACH_HEADLINE
    for known, _, real, _, _ in GOALS:
        if known == name:
            found = [float(text) for text in re.findall(r"\d*\.\d+|\d+", real)]
            return sum(found) / len(found)
    return reference().real.get(name)
