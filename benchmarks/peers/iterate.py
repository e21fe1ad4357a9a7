"""One side of a comparison of `unet`'s iterations: ours, or one of its peers.

    python -m benchmarks.peers.iterate NAME BATCH

It trains on the same random rolls of four voices in every round: five batches for the critic and,
as in the notebook, one more for the generator; ours gives the generator the last of the five.
"""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.sides import answer_rounds

TRACKS = 4
STEPS = 32
PITCHES = 128
CRITIC_UPDATES = 5
RANGES = ((67, 79), (60, 67), (53, 60), (41, 53))  # of the voices

Work = Callable[[], object]


def voices(batch: int) -> NDArray[np.int8]:
    """Random pitches `(6, batch, 32, 4)`, the same at every call."""
    low, high = np.array(RANGES).T
    random = np.random.default_rng(0)
    return random.integers(low, high, (CRITIC_UPDATES + 1, batch, STEPS, TRACKS), np.int8)


def rolls(batch: int) -> list[NDArray[np.float32]]:
    """The same as rolls `(batch, 32, 128, 4)` in {-1, 1}, one of each batch."""
    heard = voices(batch)[..., None, :] == np.arange(PITCHES)[:, None]
    return list(2 * heard.astype(np.float32) - 1)


def ours(batch: int, precision: str = "float32") -> Work:
    """This project's training, as a run has it."""
    from training.hyperparameters import Hyperparameters
    from training.unet_gan import UnetGan

    choices = {"architecture": "unet", "batch_size": batch, "precision": precision}
    gan = UnetGan(TRACKS, Hyperparameters.model_validate(choices))
    pitch = voices(batch)[:-1]
    batches = {"pitch": pitch, "onset": np.ones(pitch.shape, np.bool_)}
    rounds = iter(range(10**6))
    return lambda: {
        name: float(term)
        for name, term in gan.iterate(batches, seed=(0, 64 * next(rounds)), done=0.0).items()
    }


def ours_in_bfloat16(batch: int) -> Work:
    """The same with its convolutions in bfloat16."""
    return ours(batch, "bfloat16")


def tensorflow_port(batch: int) -> Work:
    """The notebook's, in TensorFlow and Keras."""
    import tensorflow as tf

    from benchmarks.peers.tensorflow_port import Port

    port, batches = Port(TRACKS), [tf.constant(roll) for roll in rolls(batch)]
    return lambda: [float(loss) for loss in port.iterate(batches)]


def pytorch_port(batch: int) -> Work:
    """The same in PyTorch."""
    import torch

    from benchmarks.peers.pytorch_port import Port

    port, batches = Port(TRACKS), [torch.from_numpy(roll) for roll in rolls(batch)]
    return lambda: [float(loss) for loss in port.iterate(batches)]


def jax_port(batch: int) -> Work:
    """The same in JAX."""
    import jax.numpy as jnp

    from benchmarks.peers.jax_port import Port

    port, batches = Port(TRACKS), [jnp.asarray(roll) for roll in rolls(batch)]
    return lambda: [float(loss) for loss in port.iterate(batches)]


SIDES = {
    "ours": ours,
    "ours in bfloat16": ours_in_bfloat16,
    "TensorFlow": tensorflow_port,
    "PyTorch": pytorch_port,
    "JAX": jax_port,
}


if __name__ == "__main__":
    answer_rounds(SIDES[sys.argv[1]](int(sys.argv[2])))
