"""Models to serve, made in a process of their own: TensorFlow stays out of the measuring one.

    python -m benchmarks.models voices|unet ITERATIONS FOLDER

`voices` is trained shortly. `unet` is not: a few iterations teach it to play everything or nothing,
and writing thousands of notes would take longer than the network. Its weights are as drawn, and its
last bias lets as many notes sound as there are in music; how long a network takes does not depend
on what its weights are.
"""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench import Bench
from benchmarks.recorded_run import DEFAULT_RUN, default_run

if TYPE_CHECKING:
    from music.phrases import PhraseSet
    from training.gan import Gan
    from training.hyperparameters import Hyperparameters

ITERATIONS = {"voices": 60, "unet": 0}
HEARD = 64  # phrases, to set the bias of `unet`


def model_folder(bench: Bench, architecture: str) -> Path:
    """A model that this run of the benchmarks serves; the first call makes it.

    A quick measurement has the short run's, for an export takes a while.
    """
    if bench.quick and architecture == "voices":
        default_run(bench)
        return bench.folder / DEFAULT_RUN / "model"
    folder = bench.folder / f"served-{architecture}"
    if not folder.exists():
        run_module("benchmarks.models", architecture, str(ITERATIONS[architecture]), str(folder))
    return folder / "model"


def run_module(module: str, *arguments: str) -> None:
    """Runs a module in a process of its own.

    Raises:
        RuntimeError: if it fails.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`python -m {module}` failed: {done.stderr[-2000:]}")


def make(architecture: str, iterations: int, folder: Path) -> None:
    """Trains on the chorales, or exports what nothing was taught yet."""
    from music.chorales import load_chorales
    from training.hyperparameters import Hyperparameters
    from training.run import Folders, run

    values = Hyperparameters(architecture=architecture, iterations=max(1, iterations))
    if not iterations:
        _export_untrained(values, folder / "model")
        return
    places = Folders(*(folder / name for name in ("model", "output", "checkpoints")))
    run(values, load_chorales(), places, stop_requested=lambda: False, metrics_to=sys.stderr)


def _export_untrained(values: "Hyperparameters", folder: Path) -> None:
    import keras

    from music.chorales import load_chorales
    from training.export import export
    from training.origin import origin_of
    from training.run import build_gan

    keras.utils.set_random_seed(values.seed)
    phrases = load_chorales()
    gan = build_gan(values, phrases)
    if values.architecture == "unet":
        _play_sparsely(gan, phrases.part("valid"))
    folder.parent.mkdir(parents=True)
    export(gan, folder, origin_of(values, phrases, gan), {})


def _play_sparsely(gan: "Gan", phrases: "PhraseSet") -> None:
    """Sets the last bias so that in each accompanying track one of all pitches sounds."""
    import numpy as np
    import tensorflow as tf

    from music.rolls import PITCHES
    from training.players import melody_inputs

    pitch, onset = phrases.pitch[:HEARD, :, 0], phrases.onset[:HEARD, :, 0]
    noise = tf.random.stateless_normal((len(pitch), *gan.noise_shape), (0, 0))
    inputs = melody_inputs("unet", pitch, onset)
    answer = gan.serve(noise=noise, **inputs)["roll"].numpy()[..., 1:]
    rarest = np.quantile(answer, 1 - 1 / PITCHES, axis=(0, 1, 2))
    bias = gan.generator.layers[-1].bias
    bias.assign(bias - np.append(0.0, np.arctanh(rarest)))


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
