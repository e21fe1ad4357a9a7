"""Uploads a job's output to S3 while the job runs.

A thread looks at the output folder every few seconds and uploads what has changed. The training
never waits for it and never hears of its faults; each kind of fault is logged once. At the end of
the job the last files have a limited time, and the log says whether all are in S3.
"""

import contextlib
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from container.errors import UploadError
from container.output_files import Stamp, list_files, read_whole
from container.s3_faults import explain
from container.s3_folder import S3Folder

_MOST_NAMED = 5  # missing files
_GLANCE_S = 0.05  # between looks at the stop flag

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Times in seconds.

    Attributes:
        every: between two looks at the folder.
        first_pause: after a first failure; each further one doubles it.
        longest_pause: no pause after a failure is longer.
        patience: for the last files of a run that has ended.
        stopped_patience: the same of a run that was asked to stop: it has saved already, and all
            of it shall fit into 30 s.
    """

    every: float = 5.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    patience: float = 60.0
    stopped_patience: float = 8.0


@contextlib.contextmanager
def uploading(
    uri: str | None, folder: Path, environ: Mapping[str, str], stop: Callable[[], bool]
) -> Iterator[None]:
    """Uploads a folder while the body runs, and what is left after it, however it ends.

    Args:
        uri: `s3://bucket/prefix`, or None for no upload.
        folder: the output of the job.
        environ: the environment.
        stop: whether the job has been asked to stop; then there is less time at the end.
    """
    if uri is None:
        yield
        return
    uploader = Uploader(folder, S3Folder(uri, environ))
    uploader.start()
    try:
        yield
    finally:
        uploader.finish(stop)


class Uploader:
    """Keeps a folder in S3 in step with one on this machine.

    Args:
        folder: of this machine.
        place: of S3.
        pace: how often, and how patiently.
    """

    def __init__(self, folder: Path, place: S3Folder, pace: Pace | None = None) -> None:
        self._folder = folder
        self._place = place
        self._pace = pace or Pace()
        self._sent: dict[str, Stamp] = {}
        self._tries: Counter[str] = Counter()  # in vain, by file
        self._faults: dict[str, UploadError] = {}  # of the last try in vain, by file
        self._told: set[str] = set()
        # Its own, because the training seeds the one that everybody shares.
        self._random = random.Random()  # noqa: S311 (no secret: spreads the tries of many jobs)
        self._ending = threading.Event()
        self._ended = threading.Event()
        self._gave_up = threading.Event()

    def start(self) -> None:
        """Begins, in a thread that never keeps the process alive."""
        logger.info("Progress goes to %s/ while the job runs.", self._place.uri)
        threading.Thread(target=self._work, name="progress", daemon=True).start()

    def finish(self, stop: Callable[[], bool]) -> None:
        """Uploads what is left, within the time there is, and logs whether all is in S3.

        Args:
            stop: asked again and again, because a stop may also come while this waits.
        """
        self._ending.set()
        began = time.monotonic()
        while not self._ended.wait(_GLANCE_S):
            patience = self._pace.stopped_patience if stop() else self._pace.patience
            if time.monotonic() - began > patience:
                break
        self._gave_up.set()
        self._sum_up()

    def _work(self) -> None:
        try:
            self._keep_up()
            self._catch_up()
        finally:
            self._ended.set()

    def _keep_up(self) -> None:
        """Uploads what the running job writes."""
        failures = 0
        while not self._ending.wait(self._pause(failures)):
            failures = failures + 1 if self._send_changes() else 0

    def _catch_up(self) -> None:
        """Uploads what the job has left, as long as that may help and somebody waits."""
        failures = 0
        while (fault := self._send_changes()) and not fault.is_lasting:
            failures += 1
            if self._gave_up.wait(self._back_off(failures)):
                break

    def _pause(self, failures: int) -> float:
        return max(self._pace.every, self._back_off(failures)) if failures else self._pace.every

    def _back_off(self, failures: int) -> float:
        doublings = min(failures - 1, 30)  # a long outage must not become a number out of range
        longest = min(self._pace.longest_pause, self._pace.first_pause * 2**doublings)
        return longest * self._random.uniform(0.5, 1.0)

    def _send_changes(self) -> UploadError | None:
        """Uploads what is new; returns the last fault."""
        last = None
        for name, stamp in self._changes():
            fault = self._send(name, stamp)
            if fault is None:
                continue
            last = fault
            self._tell(fault)
            if fault.concerns_all:
                break
        return last

    def _changes(self) -> list[tuple[str, Stamp]]:
        """What is not in S3 yet: first what has failed least."""
        sent = dict(self._sent)  # the thread may still be at work when the job sums up
        files = list_files(self._folder).items()
        return sorted(
            ((name, stamp) for name, stamp in files if sent.get(name) != stamp),
            key=lambda change: (self._tries[change[0]], *_rank(change[0])),
        )

    def _send(self, name: str, stamp: Stamp) -> UploadError | None:
        try:
            self._place.put(name, read_whole(self._folder / name))
        except FileNotFoundError:  # deleted just now: there is nothing to upload
            return None
        except Exception as error:  # whatever it is, the training goes on
            self._tries[name] += 1
            self._faults[name] = explain(error, self._place.uri)
            return self._faults[name]
        # The stamp was taken before the content: what changed in between is uploaded again.
        self._sent[name] = stamp
        self._faults.pop(name, None)
        self._tries.pop(name, None)
        return None

    def _tell(self, fault: UploadError) -> None:
        if fault.code not in self._told and not self._gave_up.is_set():
            self._told.add(fault.code)
            logger.warning("Progress is not uploaded for now. %s", fault)

    def _sum_up(self) -> None:
        missing = sorted((name for name, _ in self._changes()), key=_rank)
        if not missing:
            count = len(self._sent)
            files = "1 file" if count == 1 else f"{count} files"
            logger.info("Progress is complete at %s/, %s.", self._place.uri, files)
            return
        faults = dict(self._faults)
        more = len(missing) - _MOST_NAMED
        named = ", ".join(missing[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        logger.warning(
            "Progress at %s/ is not complete, missing or old there: %s. %s The output of the job "
            "has them all.",
            self._place.uri,
            named,
            next(filter(None, map(faults.get, missing)), "The time for the last files was over."),
        )


def _rank(name: str) -> tuple[int, str]:
    """What comes first: the report and the metrics, then the folders."""
    return name.count("/"), name
