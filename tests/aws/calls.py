"""Every call that is made of AWS: written down, and who made it."""

import sys
from dataclasses import dataclass, field

from botocore.handlers import BUILTIN_HANDLERS


@dataclass
class Recording:
    """What was called while a test ran.

    Attributes:
        calls: (`service:Action`, parameters) of each call, once, however often it is tried.
        launched: those of them that were not made by a test itself.
    """

    calls: list = field(default_factory=list)
    launched: list = field(default_factory=list)

    def add(self, action, parameters):
        """Adds a call that is being made in this very thread."""
        call = (action, parameters)
        self.calls.append(call)
        if _caller() != "tests":
            self.launched.append(call)

    def add_launched(self, action, parameters):
        """Adds a call that another process has made."""
        self.calls.append((action, parameters))
        self.launched.append((action, parameters))


_recordings = []


def begin_recording():
    recording = Recording()
    _recordings.append(recording)
    return recording


def end_recording(recording):
    _recordings[:] = [each for each in _recordings if each is not recording]


def _record(params, model, **_):
    for recording in _recordings:
        recording.add(f"{model.service_model.signing_name}:{model.name}", dict(params))


# Of every session that is made from now on. Parameters are seen before they are checked.
BUILTIN_HANDLERS.append(("provide-client-params", _record))


def _caller():
    """The room of the code that asked for it; none in a thread of a library's own."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        room = name.partition(".")[0]
        if room in ("launcher", "tests") and name != __name__:
            return room
        frame = frame.f_back
    return None
