"""How much work can be done before its deadline: the pace of the model, and what is before whom.

Work is counted in phrases, as many as a request will ask the model for, and in turns, for each
question costs something of its own. How long it takes is what it has taken lately, so that a busy
machine, or other requests, count for as much as they cost.
"""

import math
from dataclasses import dataclass

from container.faults import RequestError

# Reading, writing and the call around a question, in phrases: with `voices` a song of n phrases
# takes the processor 1.2 (n + 3) ms, and HTTP comes to that.
QUESTION = 4
MEMORY = 0.95  # share of the past in the running sums, from round to round
# The sums begin as if so many full rounds had taken no time: nobody is refused for a first guess,
# nor for a first round, in which much is read.
ROUNDS_FOR_NOTHING = 5


@dataclass(frozen=True)
class Work:
    """What is left to do of a request.

    Attributes:
        phrases: it will ask for, as far as is known.
        turns: in which it will.
    """

    phrases: int
    turns: int

    @property
    def size(self) -> int:
        """All of it, in phrases."""
        return self.phrases + QUESTION * self.turns


class Pace:
    """Running means of what work takes.

    Args:
        most: phrases of a full turn.
    """

    def __init__(self, most: int) -> None:
        self._rounds: float = ROUNDS_FOR_NOTHING
        self._size: float = ROUNDS_FOR_NOTHING * (most + QUESTION)
        self._model_s = 0.0  # in which work of that size was done
        self._other_s = 0.0  # of these rounds that no long request had anything of

    def note(self, *, round_s: float, model_s: float, short: int, long: int) -> None:
        """Takes a round down.

        Args:
            round_s: seconds it took.
            model_s: seconds of them that the turns took, the rest went into reading.
            short: size of the short requests' turns.
            long: size of the long ones'.
        """
        if not short + long:
            return  # all that came was at fault, or given up
        other_s = round_s - model_s * long / (short + long)
        self._rounds = MEMORY * self._rounds + 1
        self._size = MEMORY * self._size + short + long
        self._model_s = MEMORY * self._model_s + model_s
        self._other_s = MEMORY * self._other_s + other_s

    def seconds(self, work: Work) -> float:
        """How long the work of a long request will take, with what is done between its turns."""
        each, between = self._model_s / self._size, self._other_s / self._rounds
        return each * work.size + between * work.turns


class Timetable:
    """When each of the long requests will be done, one added after the other.

    The first of them have turns, one each; the others begin in order, as soon as one of these is
    done. So a request is done at the latest when all is done, and also when all before it is, and
    then, for each of its turns, a full one of each that it shares them with.

    Args:
        pace: of the model.
        at_once: requests that have turns.
        most: phrases of a full turn.

    Attributes:
        seconds: until all is done.
    """

    def __init__(self, pace: Pace, at_once: int, most: int) -> None:
        self.seconds = 0.0
        self._pace = pace
        self._at_once = at_once
        self._most = most
        self._added = 0
        self._away = 0.0  # seconds, of what was turned away
        self._limit = math.inf  # of `seconds`: with more one would be late that is not

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been added."""
        return not self._added

    def add(self, work: Work, within_s: float) -> None:
        """Adds work that should be done in so many seconds, whether it will or not."""
        end, self.seconds = self._end(work), self.seconds + self._pace.seconds(work)
        self._added += 1
        # Some are in time whatever comes after them, others only as long as it is not too much.
        if self.seconds <= within_s < end:
            self._limit = min(self._limit, within_s)

    def has_room(self, work: Work, within_s: float) -> bool:
        """Whether work would be done in so many seconds, and nobody late for it who is not."""
        total = self.seconds + self._pace.seconds(work)
        return min(total, self._end(work)) <= within_s and total <= self._limit

    def turn_away(self, work: Work, within_s: float) -> float:
        """Returns in how many seconds there would be room for work that comes then.

        Who was turned away before is expected to come back, too.
        """
        own = self._pace.seconds(work)
        end = min(self.seconds + own, self._end(work))
        wait = self.seconds if self.seconds + own > self._limit else end - within_s
        wait = min(self.seconds, max(0.0, wait)) + self._away
        self._away += own
        return wait

    def _end(self, work: Work) -> float:
        """When work will be done that is added now, whatever comes after it."""
        before = self.seconds if self._added >= self._at_once else 0.0
        turns = (self._at_once - 1) * work.turns
        others = Work(turns * self._most, turns)
        return before + self._pace.seconds(work) + self._pace.seconds(others)


def busy(message: str, seconds: float) -> RequestError:
    """Sends a caller away for so many seconds."""
    wait = str(max(1, math.ceil(seconds)))
    hint = f"Try again in {wait} s, or start more instances."
    return RequestError(429, "busy", message, hint, {"Retry-After": wait})
