"""Follows a job from its start to its end: its states and every line it prints."""

import contextlib
import time
from collections.abc import Callable, Iterator

from launcher.errors import LauncherError
from launcher.protocols import Jobs
from launcher.records import Job

# Faults that pass by themselves: the next look may succeed.
PASSING = frozenset({"throttled", "no_connection", "aws_unavailable"})

_SLICE_S = 0.2  # Ctrl-C waits no longer


def follow(
    jobs: Jobs,
    job: Job,
    *,
    on_wait: Callable[[], None] = lambda: None,
    on_trouble: Callable[[LauncherError], None] = lambda _error: None,
) -> Iterator[Job | str]:
    """Yields what happens to a job until it has ended.

    Args:
        jobs: where the job runs.
        job: as it was started.
        on_wait: called between two looks; what it raises ends the following, not the job.
        on_trouble: called when the job cannot be looked at for a while, once each time.

    Yields:
        The job whenever its state has changed, the last time as it ended; and each line of the log
        of this attempt, without its line break.
    """
    lines = _Lines(job)
    seen = None
    while True:
        job = _look(jobs, job, on_wait, on_trouble)
        state = (job.status, job.secondary_status, job.remote and job.remote.phases)
        if job.is_running and state != seen:
            seen = state
            yield job
        # Behind the look: what ended prints nothing more.
        yield from lines.new(is_over=not job.is_running)
        if not job.is_running:
            yield job
            break
        _wait(jobs.poll_s, on_wait)
    if job.remote is not None:  # whose last lines may come after its end
        time.sleep(jobs.poll_s)
        with contextlib.suppress(LauncherError):
            job = jobs.find(str(job.folder))
        yield from lines.new(is_over=True)
        yield job


def _look(
    jobs: Jobs,
    job: Job,
    on_wait: Callable[[], None],
    on_trouble: Callable[[LauncherError], None],
) -> Job:
    """Returns the job as it is, as soon as that can be seen."""
    told = False
    while True:
        try:
            return jobs.find(str(job.folder))
        except LauncherError as error:
            if error.code not in PASSING:
                raise
            if not told:
                told = True
                on_trouble(error)
        _wait(jobs.poll_s, on_wait)


def _wait(seconds: float, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    while True:
        on_wait()
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _SLICE_S))


def last_lines(job: Job, count: int) -> list[str]:
    """Returns the last lines that an attempt printed."""
    return list(_Lines(job).new(is_over=True))[-count:]


def last_metrics(job: Job) -> dict[str, float]:
    """Returns the newest value of each metric that the last attempt has printed.

    Of the iterations it is the highest: a headline is told when later ones have been made.
    """
    from training.metric_lines import parse_line

    newest: dict[str, float] = {}
    for line in _Lines(job).new(is_over=True):
        values = parse_line(line) or {}
        reached = max(values.get("iteration", 0.0), newest.get("iteration", 0.0))
        newest |= values and {**values, "iteration": reached}
    return newest


class _Lines:
    """Cuts a growing log into lines."""

    def __init__(self, job: Job) -> None:
        self._log = job.log
        self._offset = job.log_offset
        self._rest = b""

    def new(self, *, is_over: bool) -> Iterator[str]:
        """Yields the lines that are whole since the last call; at the end, the rest as well."""
        data = self._read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if is_over and self._rest:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            yield line.decode("utf-8", errors="replace").rstrip("\r")

    def _read(self) -> bytes:
        if not self._log.exists():
            return b""
        with self._log.open("rb") as file:
            file.seek(self._offset)
            return file.read()
