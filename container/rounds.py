"""Several requests at a time in one thread: each has its turn, and the model answers all together.

A round goes through the short requests that have come and gives long ones a turn, as many as fit
into a call of the model, so that neither waits for the end of the other. What they ask of the model
in a round goes through it in as few calls as its largest batch allows.

Long requests that would not be done before their deadline are refused as soon as that can be told:
mostly before the model has worked for them, later only if it has become too slow for all of them.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from container.capacity import QUESTION, Pace, Timetable, Work, busy
from container.faults import RequestError
from inference.arranger import Arranger
from inference.turns import Phrases, Turns, answer_together

# A request is long if its body is larger, or if it asks for more phrases than that in all. A round
# takes so many short ones that the first answer does not wait for long.
SHORT_BODY = 16 * 2**10  # bytes; once read it takes up to thirty times as many
SHORT_PHRASES = 32
SHORT_IN_A_ROUND = 16
# Long requests that take turns; the others wait, for each keeps in memory what it has got so far.
LONG_AT_ONCE = 4

FIRST_GUESS_S = 0.05  # from one answer to the next, before there was one
MEMORY = 0.9  # share of the past in the running means
# Of the time until its deadline, in which a request that comes must be done by what is known then:
# the model may become slower. Once kept it may take all of the time.
MARGIN = 0.8


@dataclass(eq=False)
class Job:
    """A request on its way.

    Attributes:
        start: makes the work on it.
        size: bytes of its body.
        answer: will be there; cancelling it gives the request up.
        within_s: seconds from its coming to its deadline.
        deadline: in the time of the rounds.
        turns: the work once it has begun.
        asked: what the work waits for, None before it has begun.
        full: phrases of its largest question.
        is_kept: whether it has been found that it can be done in time.
    """

    start: Callable[[Arranger], Turns[Any]]
    size: int
    answer: Future[Any] = field(default_factory=Future)
    within_s: float = math.inf
    deadline: float = math.inf
    turns: Turns[Any] | None = None
    asked: Phrases | None = None
    full: int = 0
    is_kept: bool = False

    @property
    def phrases(self) -> int:
        """How many it waits for."""
        return 0 if self.asked is None else len(self.asked)

    @property
    def left(self) -> Work | None:
        """What is left to do; None if that is not known yet."""
        if self.asked is None:
            return None
        return Work(self.asked.left, math.ceil(self.asked.left / self.full))

    @property
    def is_short(self) -> bool:
        """Whether what is left is little; it may be more than was expected at first."""
        return self.asked is not None and self.asked.left <= SHORT_PHRASES

    def go_on(self, step: Callable[[], Phrases]) -> bool:
        """Works until the next question; False if there is none because the work is done."""
        try:
            self.asked = step()
            self.full = max(self.full, len(self.asked))
            return True
        except StopIteration as end:
            if self.answer.set_running_or_notify_cancel():
                self.answer.set_result(end.value)
        except BaseException as error:  # whatever it is, somebody waits for it
            self.fail(error)
        return False

    def fail(self, error: BaseException) -> None:
        """Answers with an error, and lets go of it: its trace holds this request, and the body."""
        answer, self.answer = self.answer, Future()
        if answer.set_running_or_notify_cancel():
            answer.set_exception(error)


class Rounds:
    """Does the work of requests in turns.

    Args:
        arranger: the model.
        clock: tells the time in seconds.

    Attributes:
        seconds_each: from one answer to the next while there is work, a running mean.
    """

    def __init__(self, arranger: Arranger, clock: Callable[[], float] = time.monotonic) -> None:
        self.arranger = arranger
        self.seconds_each = FIRST_GUESS_S
        self._clock = clock
        self._most = arranger.accompanist.max_batch
        self._pace = Pace(self._most)
        self._unread = float(self._most)  # phrases of a large body, a running mean of those read
        self._new: deque[Job] = deque()
        self._short: list[Job] = []  # those that have begun
        self._long: deque[Job] = deque()
        self._began: float | None = None  # when the turn under way began
        self._last_end = 0.0

    def add(self, job: Job) -> None:
        """Lets a request wait for its turn; may be called from any thread."""
        job.deadline = self._clock() + job.within_s
        self._new.append(job)

    def is_stuck(self, after_s: float) -> bool:
        """Whether one turn, or one call of the model, has taken longer than that."""
        began = self._began  # the thread that works may change it meanwhile
        return began is not None and self._clock() - began > after_s

    def work_off(self) -> None:
        """Goes round until nothing is left to do; to be called in one thread only."""
        self._last_end = self._clock()
        while self._new or self._short or self._long:
            self._go_round()
        self._began = None

    def _go_round(self) -> None:
        start = self._clock()
        short = self._begin_short()
        self._refuse_late()
        long = self._next_long()
        sizes = [sum(job.phrases + QUESTION for job in jobs) for jobs in (short, long)]
        read = self._clock()
        begun = LONG_AT_ONCE - len(long)  # at most so many of those that wait
        for batch in _batches([*short, *long], self._most):
            for job in self._answer(batch):
                if job in long:
                    self._long.insert(begun, job)
                    begun += 1
                else:
                    (self._short if job.is_short else self._long).append(job)
        end = self._clock()
        self._pace.note(round_s=end - start, model_s=end - read, short=sizes[0], long=sizes[1])

    def _begin_short(self) -> list[Job]:
        """Begins with the requests that came; returns the short ones."""
        short, self._short = self._short, []
        while self._new and len(short) < SHORT_IN_A_ROUND:
            job = self._new.popleft()
            if job.size > SHORT_BODY:
                self._long.append(job)
            elif self._begin(job):
                (short if job.is_short else self._long).append(job)
        return short

    def _refuse_late(self, taken: Sequence[Job] = ()) -> None:
        """Refuses long requests that would not be done in time, or make earlier ones late.

        The earliest has its chance, whatever it takes: else it might be sent away for ever.

        Args:
            taken: are about to have a turn, and stay.
        """
        unread = Work(round(self._unread), math.ceil(self._unread / self._most))
        table = Timetable(self._pace, LONG_AT_ONCE, self._most)
        for job in sorted([*taken, *self._long], key=lambda job: job.deadline):
            work, left_s = job.left or unread, job.deadline - self._clock()
            within_s = left_s if job.is_kept else MARGIN * left_s
            job.is_kept = job in taken or table.is_empty or table.has_room(work, within_s)
            if job.answer.cancelled():
                job.is_kept = False
            elif job.is_kept:
                table.add(work, left_s)
            else:
                job.fail(_busy(table.seconds, table.turn_away(work, MARGIN * job.within_s)))
        self._long = deque(job for job in self._long if job.is_kept)

    def _next_long(self) -> list[Job]:
        """Takes the first long request, and the next ones as long as a call has room for them."""
        jobs: list[Job] = []
        room = self._most
        while self._long and len(jobs) < LONG_AT_ONCE:
            job = self._long[0]
            if job.turns is None:
                self._read_first(jobs)
                continue
            if jobs and job.phrases > room:
                break
            room -= job.phrases
            jobs.append(self._long.popleft())
        return jobs

    def _read_first(self, taken: Sequence[Job]) -> None:
        """Begins with the first that waits, whose body was too large to be read before."""
        job = self._long.popleft()
        if self._begin(job) and job.asked:
            self._unread = MEMORY * self._unread + (1 - MEMORY) * job.asked.left
            job.is_kept = False  # it was only a guess
            self._long.appendleft(job)
            self._refuse_late(taken)

    def _begin(self, job: Job) -> bool:
        if job.answer.cancelled():
            return False
        turns = job.turns = job.start(self.arranger)
        return self._give_turn(job, lambda: next(turns))

    def _answer(self, batch: list[Job]) -> list[Job]:
        """Answers what they ask in one call of the model; returns those that go on."""
        waiting = [
            (job, job.turns, job.asked)
            for job in batch
            if job.turns and job.asked and not job.answer.cancelled()
        ]
        if not waiting:
            return []
        self._began = self._clock()
        try:
            answers = answer_together(self.arranger.accompanist, [asked for *_, asked in waiting])
        except Exception as error:
            for job, *_ in waiting:
                job.fail(error)
            return []
        return [
            job
            for (job, turns, _), answer in zip(waiting, answers, strict=True)
            if self._give_turn(job, partial(turns.send, answer))
        ]

    def _give_turn(self, job: Job, step: Callable[[], Phrases]) -> bool:
        """Lets the work go on; returns whether it is not done then."""
        self._began = self._clock()
        goes_on = job.go_on(step)
        if not goes_on:
            now = self._clock()
            took, self._last_end = now - self._last_end, now
            self.seconds_each = MEMORY * self.seconds_each + (1 - MEMORY) * took
        return goes_on


def _batches(jobs: Iterable[Job], most: int) -> list[list[Job]]:
    """Puts jobs together, in order, as many as ask for `most` phrases or less."""
    batches: list[list[Job]] = []
    room = 0
    for job in jobs:
        if not batches or job.phrases > room:
            batches.append([])
            room = most
        batches[-1].append(job)
        room -= job.phrases
    return batches


def _busy(before_s: float, room_in_s: float) -> RequestError:
    message = (
        f"The requests that came before will take {before_s:.0f} s, and this one would not be "
        "answered in time."
    )
    return busy(message, room_in_s)
