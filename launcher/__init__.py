"""The SDK and command line on the caller's machine; never imports TensorFlow.

    from launcher import train, deploy, invoke

    job = train(hyperparameters={"iterations": "400"})
    endpoint = deploy(job.name)
    song = invoke("twinkle").takes[0].midi

Each command of `python -m launcher` is one of these functions. They are looked up when they are
asked for, so that the command line starts at once.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "train": "launcher.jobs",
    "status": "launcher.jobs",
    "stop": "launcher.jobs",
    "deploy": "launcher.endpoints",
    "delete": "launcher.endpoints",
    "invoke": "launcher.client",
    "LauncherError": "launcher.errors",
}

__all__ = ["LauncherError", "delete", "deploy", "invoke", "status", "stop", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'launcher' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
