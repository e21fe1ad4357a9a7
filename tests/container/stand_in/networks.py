"""Stands in for `training.run`: quick as arithmetic, with real checkpoints, metrics, manifest.

FAULT    what befalls it in the first iteration: `kill` (as the system does when memory runs out),
         `memory`, `hoard` (fills the disk to the last byte), `our own`; `tell` is none, but
         shows what the environment says.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sitecustomize import come_to

from container.start import THREADS
from music.manifest import GENERATOR_FILE
from tests.tiny_models import describe
from training.checkpoints import Checkpoint, CheckpointFolder, check_identity
from training.progress import reporter_for

WEIGHTS = 16_384  # 64 kB


@dataclass(frozen=True)
class Folders:
    """As in `training.run`."""

    model: Path
    output: Path
    checkpoints: Path


def run(hyperparameters, phrases, folders, *, stop_requested, metrics_to):
    """Adds numbers, as often as there are iterations."""
    total = hyperparameters.iterations_for(len(phrases.part("train")))
    reporter = reporter_for(metrics_to, total)
    identity = {"data": phrases.fingerprint}
    checkpoints = CheckpointFolder(folders.checkpoints, keep=hyperparameters.keep_checkpoints)
    weights, done, rows = np.zeros(WEIGHTS, np.float32), 0, []
    if newest := checkpoints.newest():
        check_identity(newest, identity)
        weights, done, rows = newest.arrays["weights"], newest.iteration, newest.history
        reporter.note(f"Continuing from the checkpoint of iteration {done}.")

    def save():
        checkpoints.save(Checkpoint(done, identity, rows, {"weights": weights}))

    while done < total and not stop_requested():
        come_to("trains")
        befall(os.environ.get("FAULT"), folders)
        done += 1
        weights = weights + done
        rows.append({"iteration": float(done), "critic_loss": -1e-05 * done})
        reporter.report({**rows[-1], "generator_loss": float(weights[0])})
        if done % hyperparameters.checkpoint_every == 0:
            come_to("saves")
            save()
    save()
    come_to("exports")
    (folders.model / GENERATOR_FILE).write_bytes(weights.tobytes())
    describe(metrics={"iteration": done}).write(folders.model, [GENERATOR_FILE])
    come_to("ends")
    reporter.close()


def befall(fault, folders):
    """Lets a fault happen."""
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "tell":
        names = ("SM_HP_SEED", "SM_MODEL_DIR", "SM_HOSTS", *THREADS)
        print(*(f"{name}={os.environ[name]}" for name in names))  # noqa: T201
    if fault == "memory":
        np.zeros(1 << 50, np.int8)
    if fault == "our own":
        raise ZeroDivisionError("with AKIAABCDEFGHIJKLMNOP" + "!" * 2000)
    if fault == "hoard":
        with (folders.output / "hoard").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
