"""What happens to a job or an endpoint, as whoever describes it again and again will see it."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Step:
    """What one more describe finds.

    Attributes:
        status: SageMaker's word, such as `InProgress`; also words that it does not have.
        secondary: of training jobs, such as `Downloading`; the status if it is not said.
        message: of the transition to this secondary status.
        log: lines that have come to CloudWatch since the step before.
        files: what has been put beside the artifact since then, names to contents.
        fields: what else a describe says from now on; None takes a field away.
    """

    status: str
    secondary: str | None = None
    message: str = ""
    log: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)


def step(words: str, *, message="", log=(), files=None, **fields) -> Step:
    """Writes a step shortly: `step("InProgress/Training", log=["one"])`."""
    status, _, secondary = words.partition("/")
    return Step(status, secondary or None, message, tuple(log), files or {}, fields)


def script(steps: Iterable[Step | str]) -> tuple[Step, ...]:
    return tuple(step(each) if isinstance(each, str) else each for each in steps)


class Record:
    """One thing that was created: what was asked, and what has become of it.

    Attributes:
        request: the body of the request that created it, whole.
        arn: its name among all accounts.
        step: what the last describe found.
        ahead: the steps that the next describes will find; the last one stays.
        changes: is notified of each step.
    """

    def __init__(self, request, arn, first, ahead=()):
        self.request = request
        self.arn = arn
        self.created = self.changed = datetime.now(UTC)
        self.fields = {}
        self.step = first
        self.ahead = deque(ahead)
        self.changes = threading.Condition()

    @property
    def status(self):
        return self.step.status

    def advance(self):
        """Takes the next step if there is one; returns it, or None."""
        if not self.ahead:
            return None
        self.enter(self.ahead.popleft())
        return self.step

    def enter(self, taken):
        """Takes a step at once, and tells those who wait for it."""
        with self.changes:
            self.step = taken
            self.changed = datetime.now(UTC)
            for name, value in taken.fields.items():
                if value is None:
                    self.fields.pop(name, None)
                else:
                    self.fields[name] = value
            self.changes.notify_all()
