"""Puts quick networks into `python -m container train`; everything around them is real.

Python loads this at the start of every process that has this folder on its PYTHONPATH.

MOMENT   the module at whose import, or the phase of the training at which, the job is asked to
         stop: SIGTERM goes to the supervisor, from within it or from the trainer.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
STAND_INS = {"training.run": "networks.py", "container.concert": "concert.py"}
IN_TRAINER = "container.trainer" in sys.orig_argv


def come_to(moment):
    """Asks the job to stop if this is the moment, twice; goes on once the trainer has heard it."""
    if moment != os.environ.get("MOMENT"):
        return
    for _ in range(2):
        os.kill(os.getppid() if IN_TRAINER else os.getpid(), signal.SIGTERM)
    while not has_heard():
        pass


def has_heard():
    """Whether the signal waits to be let through, or the trainer's flag is up."""
    flag = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return signal.SIGTERM in signal.sigpending() or (flag is not None and flag())


class Finder:
    """Finds our modules in the place of theirs, and notices when one is asked for."""

    def find_spec(self, name, _path=None, _target=None):
        come_to(f"{'trainer' if IN_TRAINER else 'supervisor'} imports {name}")
        if name in STAND_INS:
            return importlib.util.spec_from_file_location(name, FOLDER / STAND_INS[name])
        return None


sys.meta_path.insert(0, Finder())
