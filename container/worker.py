"""The one thread in which the model works, and the queue in front of it."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from container.faults import RequestError
from inference.arranger import Arranger

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
IsWanted = Callable[[], bool]

FIRST_GUESS_S = 0.05  # how long a request takes, before one was answered
MEMORY = 0.9  # share of the past in the running mean


class Worker:
    """Does the work of requests one after the other, in the order in which they came.

    Nothing here blocks the event loop: `/ping` is answered whatever the model does.

    Attributes:
        waiting: requests that have been admitted and not yet answered.
    """

    def __init__(self, load: Callable[[], Arranger], *, queue_limit: int) -> None:
        self.waiting = 0
        self._load = load
        self._queue_limit = queue_limit
        self._arranger: Arranger | None = None
        self._failed = False
        self._mean_s = FIRST_GUESS_S
        self._began: float | None = None  # when the work under way began
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def is_ready(self) -> bool:
        """Whether the model has been loaded and warmed up."""
        return self._arranger is not None

    async def load(self) -> None:
        """Loads the model; from then on the worker is ready.

        Raises:
            ModelError: if the model cannot be loaded; the worker will never be ready.
        """
        try:
            self._arranger = await asyncio.wrap_future(self._thread.submit(self._load))
        except BaseException:
            self._failed = True
            raise

    def close(self) -> None:
        """Lets the work under way end, and drops the rest."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def is_stuck(self, after_s: float) -> bool:
        """Whether the model has been at one request for longer than that."""
        began = self._began  # the worker's thread may change it meanwhile
        return began is not None and time.monotonic() - began > after_s

    def refusal(self) -> RequestError | None:
        """Says why a request cannot be worked on now: 503 `not_ready`, 429 `busy`; else None."""
        if not self.is_ready:
            reason = "could not be loaded" if self._failed else "is being loaded"
            return RequestError(
                503,
                "not_ready",
                f"The model {reason}.",
                "See the server's log." if self._failed else "Try again in a second.",
                {"Retry-After": "1"},
            )
        if self.waiting >= self._queue_limit:
            seconds = math.ceil(self._mean_s * self.waiting)
            return RequestError(
                429,
                "busy",
                f"{self.waiting} requests are waiting already.",
                f"Try again in {max(1, seconds)} s, or start more instances.",
                {"Retry-After": str(max(1, seconds))},
            )
        return None

    async def run(self, work: Callable[[Arranger, IsWanted], Answer]) -> Answer:
        """Does the work of one request; cancelling the caller gives it up.

        Args:
            work: is called in the worker's thread, with the arranger and a function that says
                whether its answer is still wanted.

        Raises:
            RequestError: see `refusal`.
        """
        if fault := self.refusal():
            raise fault
        arranger = self._arranger
        if arranger is None:
            raise RuntimeError("A worker that refuses no request has a model.")
        given_up = threading.Event()

        def timed() -> Answer:
            self._began = start = time.monotonic()
            try:
                return work(arranger, lambda: not given_up.is_set())
            finally:
                self._began = None
                took = time.monotonic() - start
                self._mean_s = MEMORY * self._mean_s + (1 - MEMORY) * took

        self.waiting += 1
        try:
            return await asyncio.wrap_future(self._thread.submit(timed))
        finally:
            given_up.set()  # a thread cannot be stopped, but it looks up between two batches
            self.waiting -= 1
