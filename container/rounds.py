"""Several requests at a time in one thread: each has its turn, and the model answers all together.

A round goes through the short requests that have come and gives long ones a turn, as many as fit
into a call of the model, so that neither waits for the end of the other. What they ask of the model
in a round goes through it in as few calls as its largest batch allows.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from inference.arranger import Arranger
from inference.turns import Phrases, Turns, answer_together

# A request is long if its body is larger, or if it asks for more phrases than that or a second
# time. A round takes so many short ones that the first answer does not wait for long.
SHORT_BODY = 16 * 2**10  # bytes; once read it takes up to thirty times as many
SHORT_PHRASES = 32
SHORT_IN_A_ROUND = 16
# Long requests that take turns; the others wait, for each keeps in memory what it has got so far.
LONG_AT_ONCE = 4

FIRST_GUESS_S = 0.05  # from one answer to the next, before there was one
MEMORY = 0.9  # share of the past in the running mean


@dataclass(eq=False)
class Job:
    """A request on its way.

    Attributes:
        start: makes the work on it.
        size: bytes of its body.
        answer: will be there; cancelling it gives the request up.
        turns: the work once it has begun.
        asked: what the work waits for, None before it has begun.
    """

    start: Callable[[Arranger], Turns[Any]]
    size: int
    answer: Future[Any] = field(default_factory=Future)
    turns: Turns[Any] | None = None
    asked: Phrases | None = None

    @property
    def phrases(self) -> int:
        """How many it waits for."""
        return 0 if self.asked is None else len(self.asked)

    def go_on(self, step: Callable[[], Phrases]) -> bool:
        """Works until the next question; False if there is none because the work is done."""
        try:
            self.asked = step()
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

    Attributes:
        arranger: the model.
        seconds_each: from one answer to the next while there is work, a running mean.
    """

    def __init__(self, arranger: Arranger) -> None:
        self.arranger = arranger
        self.seconds_each = FIRST_GUESS_S
        self._new: deque[Job] = deque()
        self._long: deque[Job] = deque()
        self._began: float | None = None  # when the turn under way began
        self._last_end = 0.0

    def add(self, job: Job) -> None:
        """Lets a request wait for its turn; may be called from any thread."""
        self._new.append(job)

    def is_stuck(self, after_s: float) -> bool:
        """Whether one turn, or one call of the model, has taken longer than that."""
        began = self._began  # the thread that works may change it meanwhile
        return began is not None and time.monotonic() - began > after_s

    def work_off(self) -> None:
        """Goes round until nothing is left to do; to be called in one thread only."""
        self._last_end = time.monotonic()
        while self._new or self._long:
            self._go_round()
        self._began = None

    def _go_round(self) -> None:
        most = self.arranger.accompanist.max_batch
        short = self._begin_short()
        long = self._next_long(most)
        begun = LONG_AT_ONCE - len(long)  # at most so many of those that wait
        for batch in _batches([*short, *long], most):
            for job in self._answer(batch):
                if job in long:
                    self._long.insert(begun, job)
                    begun += 1
                else:
                    self._long.append(job)

    def _begin_short(self) -> list[Job]:
        """Begins with the requests that came; returns those that look short."""
        short: list[Job] = []
        while self._new and len(short) < SHORT_IN_A_ROUND:
            job = self._new.popleft()
            if job.size > SHORT_BODY:
                self._long.append(job)
            elif self._begin(job):
                (short if job.phrases <= SHORT_PHRASES else self._long).append(job)
        return short

    def _next_long(self, most: int) -> list[Job]:
        """Takes the first long request, and with it the next ones if `most` phrases are enough."""
        jobs: list[Job] = []
        while self._long and len(jobs) < LONG_AT_ONCE:
            job = self._long.popleft()
            if job.turns is None and not self._begin(job):
                continue
            most -= job.phrases
            if jobs and most < 0:
                self._long.appendleft(job)
                break
            jobs.append(job)
        return jobs

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
        self._began = time.monotonic()
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
        self._began = time.monotonic()
        goes_on = job.go_on(step)
        if not goes_on:
            now = time.monotonic()
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
