"""Peer (d): the SavedModel of a model folder, played by TensorFlow behind our routes.

    python -m benchmarks.peers.savedmodel_server

It is what TensorFlow's guide to SavedModel shows: loaded once, its signature called with tensors;
TensorFlow chooses its own threads, which is as many as there are cores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.peers.serve import serve_with
from inference.network import SIGNATURE, Network

VERSION = "1"  # the folder that TensorFlow Serving would look for


class SavedModelNetwork(Network):
    """The signature of a SavedModel, in the place of the `.tflite` file beside it."""

    def __init__(self, path: Path, threads: int) -> None:
        import tensorflow as tf

        del threads
        self._constant = tf.constant
        self._model = tf.saved_model.load(str(path.parent / VERSION))  # keeps the weights alive
        self._signature = self._model.signatures[SIGNATURE]
        self.inputs = _shapes(self._signature.structured_input_signature[1])
        self.outputs = _shapes(self._signature.structured_outputs)

    def __call__(self, **inputs: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Computes the outputs of a batch."""
        tensors = {name: self._constant(array) for name, array in inputs.items()}
        return {name: tensor.numpy() for name, tensor in self._signature(**tensors).items()}


def _shapes(specs: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes without the batch, -1 where a size is open."""
    return {
        name: tuple(-1 if size is None else int(size) for size in spec.shape[1:])
        for name, spec in specs.items()
    }


if __name__ == "__main__":
    serve_with(SavedModelNetwork)
