"""The SDK and command line on the caller's machine; never imports TensorFlow.

    from launcher import train, deploy, invoke

    job = train(hyperparameters={"iterations": 500})
    deploy(job.name)
    song = invoke("twinkle").takes[0].midi

A function and the module that `python -m` runs share each name (`launcher.train`). Here the name is
always the function, whatever has been imported before.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launcher.aws.price_list import prices as prices
    from launcher.aws.setup import setup as setup
    from launcher.batching import batch as batch
    from launcher.checking import check as check
    from launcher.endpoints import deploy as deploy
    from launcher.errors import JobFailedError as JobFailedError
    from launcher.errors import LauncherError as LauncherError
    from launcher.invocation import invoke as invoke
    from launcher.jobs import delete as delete
    from launcher.jobs import fetch as fetch
    from launcher.jobs import status as status
    from launcher.jobs import stop as stop
    from launcher.jobs import train as train
    from launcher.own_data import data as data
    from launcher.sweeping import sweep as sweep
    from launcher.tuning import tune as tune

# Resolved at first use: `python -m launcher --help` needs none of them.
_HOMES = {
    "check": "launcher.checking",
    "data": "launcher.own_data",
    "train": "launcher.jobs",
    "tune": "launcher.tuning",
    "status": "launcher.jobs",
    "stop": "launcher.jobs",
    "fetch": "launcher.jobs",
    "delete": "launcher.jobs",
    "deploy": "launcher.endpoints",
    "invoke": "launcher.invocation",
    "batch": "launcher.batching",
    "sweep": "launcher.sweeping",
    "setup": "launcher.aws.setup",
    "prices": "launcher.aws.price_list",
    "JobFailedError": "launcher.errors",
    "LauncherError": "launcher.errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


class _Launcher(ModuleType):
    """This package: importing the module `launcher.train` does not hide the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Launcher
