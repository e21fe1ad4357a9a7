"""The one thread in which the model works, and what waits in front of it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from container.capacity import busy
from container.faults import RequestError
from container.rounds import Job, Rounds
from inference.arranger import Arranger
from inference.turns import Turns

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Worker:
    """Does the work of requests in turns, see `Rounds`.

    Nothing here blocks the event loop: `/ping` is answered whatever the model does.

    Attributes:
        waiting: requests that have been admitted and not yet answered.
    """

    def __init__(self, load: Callable[[], Arranger], *, queue_limit: int) -> None:
        self.waiting = 0
        self._load = load
        self._queue_limit = queue_limit
        self._rounds: Rounds | None = None
        self._failed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def is_ready(self) -> bool:
        """Whether the model has been loaded and warmed up."""
        return self._rounds is not None

    async def load(self) -> None:
        """Loads the model; from then on the worker is ready.

        Raises:
            ModelError: if the model cannot be loaded; the worker will never be ready.
        """
        try:
            arranger = await asyncio.wrap_future(self._thread.submit(self._load))
        except BaseException:
            self._failed = True
            raise
        self._rounds = Rounds(arranger)

    def close(self) -> None:
        """Lets the work that is still wanted end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def is_stuck(self, after_s: float) -> bool:
        """Whether the model has not come back from a turn for longer than that."""
        return self._rounds is not None and self._rounds.is_stuck(after_s)

    def refusal(self) -> RequestError | None:
        """Says why a request cannot be worked on now: 503 `not_ready`, 429 `busy`; else None."""
        if self._rounds is None:
            reason = "could not be loaded" if self._failed else "is being loaded"
            return RequestError(
                503,
                "not_ready",
                f"The model {reason}.",
                "See the server's log." if self._failed else "Try again in a second.",
                {"Retry-After": "1"},
            )
        if self.waiting >= self._queue_limit:
            seconds = self._rounds.seconds_each * self.waiting
            return busy(f"{self.waiting} requests are waiting already.", seconds)
        return None

    async def run(
        self, work: Callable[[Arranger], Turns[Answer]], *, size: int, within_s: float
    ) -> Answer:
        """Does the work of one request; cancelling the caller gives it up.

        Args:
            work: makes it; this and its turns happen in the worker's thread.
            size: bytes of the request's body.
            within_s: seconds until nobody wants the answer any more.

        Raises:
            RequestError: see `refusal`; or 429 `busy`, if the answer would not be there in time.
        """
        if fault := self.refusal():
            raise fault
        if self._rounds is None:
            raise RuntimeError("A worker that refuses no request has a model.")
        coming: Future[Answer] = Future()
        self._rounds.add(Job(work, size, coming, within_s))
        self._thread.submit(self._rounds.work_off)
        self.waiting += 1
        try:
            return await asyncio.wrap_future(coming)
        finally:
            coming.cancel()  # a thread cannot be stopped, but it looks up before each turn
            self.waiting -= 1
            del coming  # an error would hold this frame, which holds the error, and so the body
