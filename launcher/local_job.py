"""Plays SageMaker for one training job on this machine: `python -m launcher.local_job FOLDER`.

`launcher.jobs` starts it as a process of its own, which outlives the command. It runs the
container's process with the job's folder in the place of /opt/ml, passes a stop on, and packs the
model and the output where SageMaker would put them.
"""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from launcher.archives import pack
from launcher.state import read_state, write_state

STATE = "job.json"
LOG = "log.txt"
FAILURE_LENGTH = 1024  # of SageMaker's FailureReason


def now() -> str:
    """The time as SageMaker writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class LocalJob:
    """One attempt at a job.

    Args:
        folder: of the job; holds job.json and everything that /opt/ml would hold.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stopping = False
        self.child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Runs the job to its end and returns the exit code of its process."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the follower's
        self._update(status="InProgress", secondary_status="Training", pid=os.getpid(), started=now())
        code = self._train()
        self._update(secondary_status="Uploading")
        for name, packed in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
            if any((self.folder / name).glob("*")):
                pack(self.folder / name, self.folder / "output" / packed)
        word = "Failed" if code else "Stopped" if self.stopping else "Completed"
        self._update(
            status=word,
            secondary_status=word,
            ended=now(),
            exit_code=code,
            failure_reason=self._failure_reason(code) if code else None,
        )
        return code

    def _train(self) -> int:
        variables = {"SAGEMAKER_BASE_DIR": str(self.folder), "TRAINING_JOB_NAME": self.folder.name}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "container", "train"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
        )
        if self.stopping:  # the stop came before there was a child to pass it to
            self.child.terminate()
        return self.child.wait()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:
            return
        self.stopping = True
        self._update(status="Stopping", secondary_status="Stopping")
        if self.child is not None:
            self.child.terminate()

    def _failure_reason(self, code: int) -> str:
        try:
            text = (self.folder / "output" / "failure").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            text = f"The training process ended with exit code {code} and left no reason."
        return text[:FAILURE_LENGTH]

    def _update(self, **changes: Any) -> None:
        path = self.folder / STATE
        write_state(path, {**(read_state(path) or {}), **changes})


if __name__ == "__main__":
    sys.exit(LocalJob(Path(sys.argv[1])).run())
