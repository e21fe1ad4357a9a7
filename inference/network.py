"""A generator's network in LiteRT, which answers the same question alike every time.

LiteRT 2.3 with its default delegate may compute something else, other notes and no error, when its
batch has grown since an earlier call, and when it is called again with a batch of the same size. So
its tensors are allocated for every call, which takes some milliseconds, and the first call with
more than ever before is made twice. See tests/inference/test_network.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = "serving_default"


class Network:
    """The signature of a `.tflite` file; it is not thread-safe.

    Attributes:
        inputs: the shapes without the batch, by name; -1 where the file leaves a size open.
        outputs: likewise.

    Raises:
        RuntimeError, ValueError: if the file is no network with the signature.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Loads a network.

        Args:
            path: the `.tflite` file.
            threads: to compute with.
        """
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        # LiteRT resizes nothing while someone holds the runner, which is asked for names only.
        runner = self._interpreter.get_signature_runner(SIGNATURE)
        self._inputs = _indices(runner.get_input_details())
        self._outputs = _indices(runner.get_output_details())
        self.inputs = _shapes(runner.get_input_details())
        self.outputs = _shapes(runner.get_output_details())
        self._largest = 0

    def __call__(self, **inputs: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Computes the outputs of a batch.

        Raises:
            RuntimeError, ValueError: if the inputs do not fit, or LiteRT cannot compute.
        """
        batch = max(map(len, inputs.values()))
        if 0 < self._largest < batch:
            self._compute(inputs)  # its memory grows meanwhile
        self._largest = max(self._largest, batch)
        return self._compute(inputs)

    def _compute(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        network = self._interpreter
        for extra in (1, 0):  # the same size again would allocate nothing
            for name, array in inputs.items():
                shape = (len(array) + extra, *array.shape[1:])
                network.resize_tensor_input(self._inputs[name], shape)
        network.allocate_tensors()
        for name, array in inputs.items():
            network.set_tensor(self._inputs[name], np.ascontiguousarray(array))
        network.invoke()
        return {name: network.get_tensor(index) for name, index in self._outputs.items()}


def _indices(details: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int(detail["index"]) for name, detail in details.items()}


def _shapes(details: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(int(size) for size in detail["shape_signature"][1:])
        for name, detail in details.items()
    }
