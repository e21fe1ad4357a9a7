"""Kills trainings at bad moments, and holds what they end with against an undisturbed one.

    python -m tests.kill_sweep [--kills 50] [--seed 0] [--folder FOLDER]

A training runs as SageMaker starts it. SIGKILL ends it with all its processes: at any moment, while
a checkpoint, a sample or the model is written, or while progress is uploaded. Then everything but
its input and its checkpoints is wiped, as after a spot interruption, and it is started again, and
killed again, until it may end. Final weights, metric history and exported model must then be those
of the undisturbed training, bit for bit; but of the SavedModel only the values of its variables,
because TensorFlow numbers its functions anew whenever it writes one.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from container.paths import TrainingPaths
from music.manifest import GENERATOR_FILE
from music.phrases import PhraseSet
from tests.container.folders import job, phrase_set
from tests.container.processes import failure_of, plain_environment, start
from tests.container.s3_server import S3Server
from training.checkpoints import CheckpointFolder
from training.export import WEIGHTS_FILE

MOMENTS = ("any", "checkpoint", "sample", "export", "upload")
KILLS_A_TRAINING = 5
LOOK_S = 0.0005
PATIENCE_S = 600
GIVEN = {
    "iterations": "12",
    "batch_size": "4",
    "checkpoint_every": "2",
    "sample_every": "3",
    "warmup_share": "0.3",
    "seed": "5",
}


@dataclass(frozen=True)
class Ended:
    """What a training ends with.

    Attributes:
        digests: of each variable, of the metric history and of each file of the model, by name.
        seconds: it took.
    """

    digests: dict[str, str]
    seconds: float


class Sweep:
    """Trainings on the same data with the same choices.

    Args:
        folder: where they run; an undisturbed one is run at once.
        server: takes their progress.
        seed: of all random moments.
    """

    def __init__(self, folder: Path, server: S3Server, seed: int) -> None:
        self.folder = folder
        self.server = server
        self.random = random.Random(seed)
        self.uploading = threading.Event()
        server.gate = self._notice
        self.undisturbed = self.train("undisturbed", ())

    def train(self, name: str, moments: Sequence[str]) -> Ended:
        """Runs one training that is killed at the given moments, then ends.

        Raises:
            AssertionError: if it does not end well.
        """
        base = self.folder / name
        given = {**GIVEN, "progress_s3_uri": f"s3://{self.server.bucket}/sweep"}
        paths = job(base, hyperparameters=given, train=_music())
        for moment in moments:
            if self._killed(paths, moment):
                _wipe(paths)
        start = time.monotonic()
        process = self._start(paths)
        code = process.wait(PATIENCE_S)
        if code:
            raise AssertionError(f"{name} ended with {code}: {failure_of(base)}")
        return Ended(_digests(paths), time.monotonic() - start)

    def differences(self, ended: Ended) -> list[str]:
        """The names of what is not as in the undisturbed training."""
        ours, theirs = self.undisturbed.digests, ended.digests
        return sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))

    def _killed(self, paths: TrainingPaths, moment: str) -> bool:
        """Starts the training and kills it at a moment; False if it ended before that came."""
        self.uploading.clear()
        limit = time.monotonic() + PATIENCE_S
        if moment == "any":
            limit = time.monotonic() + self.random.uniform(0.0, 1.0) * self.undisturbed.seconds
        has_come = self._watch(paths, moment)
        times = self.random.randint(1, 3) if moment in ("checkpoint", "sample") else 1
        process = self._start(paths)
        while process.poll() is None and time.monotonic() < limit and times:
            if has_come():
                times -= 1
                while times and has_come() and process.poll() is None:
                    time.sleep(LOOK_S)
            time.sleep(LOOK_S)
        ended = process.poll() is not None
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return not ended

    def _watch(self, paths: TrainingPaths, moment: str) -> Callable[[], bool]:
        def any_of(folder: Path, pattern: str) -> Callable[[], bool]:
            return lambda: any(folder.glob(pattern))

        return {
            "any": lambda: False,
            "checkpoint": any_of(paths.checkpoints, "draft-*"),
            "sample": any_of(paths.output / "samples", "draft-*"),
            "export": any_of(paths.model, "draft/1/*"),
            "upload": self.uploading.is_set,
        }[moment]

    def _start(self, paths: TrainingPaths) -> "subprocess.Popen[bytes]":
        environ = {
            **plain_environment(),
            **self.server.environ,
            "SAGEMAKER_BASE_DIR": str(paths.base),
        }
        return start("train", environ, paths.base / "log")

    def _notice(self, request: object) -> None:
        if getattr(request, "method", "") == "PUT":
            self.uploading.set()


def sweep(
    folder: Path, moments: Sequence[str], seed: int
) -> Iterator[tuple[Sequence[str], list[str]]]:
    """Yields the moments of each training and what differed at its end."""
    with S3Server().running() as server:
        server.begin()
        trainings = Sweep(folder, server, seed)
        for first in range(0, len(moments), KILLS_A_TRAINING):
            chosen = moments[first : first + KILLS_A_TRAINING]
            ended = trainings.train(f"training-{first:03d}", chosen)
            yield chosen, trainings.differences(ended)


def _music() -> PhraseSet:
    train, valid = phrase_set(24), phrase_set(20, split="valid", seed=1)
    names = ("pitch", "onset", "fermata", "source", "tags", "tonic", "mode", "bar", "split")
    joined = {n: np.concatenate([getattr(train, n), getattr(valid, n)]) for n in names}
    return PhraseSet(**joined, header=train.header)


def _wipe(paths: TrainingPaths) -> None:
    for place in (paths.model, paths.output.parent):
        shutil.rmtree(place, ignore_errors=True)


def _digests(paths: TrainingPaths) -> dict[str, str]:
    """Digests of weights, history and model; the report holds times and is none of them."""
    newest = CheckpointFolder(paths.checkpoints, keep=2).newest()
    if newest is None:
        raise AssertionError("There is no checkpoint at the end.")
    content = {f"variable {name}": array.tobytes() for name, array in newest.arrays.items()}
    content["history"] = repr(newest.history).encode()
    content["metrics.jsonl"] = (paths.output / "metrics.jsonl").read_bytes()
    for name in (GENERATOR_FILE, WEIGHTS_FILE):
        content[f"model {name}"] = (paths.model / name).read_bytes()
    content["model 1"] = _saved_variables(paths.model / "1")
    manifest = json.loads((paths.model / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] = {n: h for n, h in manifest["files"].items() if not n.startswith("1/")}
    content["model manifest.json"] = json.dumps(manifest, sort_keys=True).encode()
    return {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}


def _saved_variables(folder: Path) -> bytes:
    """The values in a SavedModel; TensorFlow and Keras number and order them as they like."""
    import tensorflow as tf

    saved = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    names = [n for n in saved.get_variable_to_shape_map() if n.endswith("VARIABLE_VALUE")]
    return b"".join(sorted(saved.get_tensor(name).tobytes() for name in names))


def main(arguments: Sequence[str]) -> int:
    """Prints each training and the sum; returns 0 if all ended as the undisturbed one."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill_sweep", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="kept for a look; else a temporary one")
    given = parser.parse_args(arguments)
    survived = 0
    moments = [MOMENTS[number % len(MOMENTS)] for number in range(given.kills)]
    random.Random(given.seed).shuffle(moments)
    with tempfile.TemporaryDirectory() as temporary:
        for killed, differing in sweep(given.folder or Path(temporary), moments, given.seed):
            survived += 0 if differing else len(killed)
            found = f"differs in {', '.join(differing[:5])}" if differing else "bit-identical"
            sys.stdout.write(f"killed at {', '.join(killed)}: {found}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{survived} of {given.kills} kills left no trace.\n")
    return 0 if survived == given.kills else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
