"""A generator's network in LiteRT, which answers the same question alike every time.

LiteRT 2.3 with its default delegate may compute something else, other notes and no error, when its
batch has grown since an earlier call, and when it is called again with a batch of the same size. So
its tensors are allocated for every call, which takes 0.1 to 0.4 ms, and the first call with more
than ever before is made twice. See tests/inference/test_network.py.

Of a file for a batch of one, as `unet` was exported before, nothing is ever resized: its tensors
are allocated once, and what comes together is answered one by one.
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
        runner = self._interpreter.get_signature_runner(SIGNATURE)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        del runner  # LiteRT allocates nothing while someone holds it
        self._inputs, self._outputs = _indices(inputs), _indices(outputs)
        self.inputs, self.outputs = _shapes(inputs), _shapes(outputs)
        self._one_by_one = _takes_one(inputs)
        self._largest = 0
        if self._one_by_one:
            self._interpreter.allocate_tensors()

    def __call__(self, **inputs: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Computes the outputs of a batch.

        Raises:
            RuntimeError, ValueError: if the inputs do not fit, or LiteRT cannot compute.
        """
        batch = max(map(len, inputs.values()))
        if self._one_by_one:
            return self._invoke_each(inputs, batch)
        if 0 < self._largest < batch:
            self._compute(inputs)  # its memory grows meanwhile
        self._largest = max(self._largest, batch)
        return self._compute(inputs)

    def _invoke_each(
        self, inputs: Mapping[str, NDArray[Any]], batch: int
    ) -> Mapping[str, NDArray[Any]]:
        answers = [
            self._invoke({name: array[n : n + 1] for name, array in inputs.items()})
            for n in range(batch)
        ]
        return {name: np.concatenate([one[name] for one in answers]) for name in self._outputs}

    def _compute(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        network = self._interpreter
        for extra in (1, 0):  # the same size again would allocate nothing
            for name, array in inputs.items():
                shape = (len(array) + extra, *array.shape[1:])
                network.resize_tensor_input(self._inputs[name], shape)
        network.allocate_tensors()
        return self._invoke(inputs)

    def _invoke(self, inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        network = self._interpreter
        for name, array in inputs.items():
            network.set_tensor(self._inputs[name], np.ascontiguousarray(array))
        network.invoke()
        return {name: network.get_tensor(index) for name, index in self._outputs.items()}


def _indices(details: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int(detail["index"]) for name, detail in details.items()}


def _takes_one(details: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(int(detail["shape_signature"][0]) == 1 for detail in details.values())


def _shapes(details: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(int(size) for size in detail["shape_signature"][1:])
        for name, detail in details.items()
    }
