"""Peer (e): the network of a model folder, played by ONNX Runtime behind our routes.

    python -m benchmarks.peers.onnx_server

The folder has a `generator.onnx`, see `benchmarks.peers.onnx_model`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.peers.serve import serve_with
from inference.network import Network

SUFFIX = ".onnx"
INPUT = "in_"  # what the file's names begin with
OUTPUT = "out_"


class OnnxNetwork(Network):
    """A session of ONNX Runtime on the CPU, in the place of the `.tflite` file beside it."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            path.with_suffix(SUFFIX), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = _shapes(self._session.get_inputs(), INPUT)
        self.outputs = _shapes(self._session.get_outputs(), OUTPUT)

    def __call__(self, **inputs: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Computes the outputs of a batch."""
        given = {f"{INPUT}{name}": array for name, array in inputs.items()}
        return dict(zip(self.outputs, self._session.run(None, given), strict=True))


def _shapes(ends: Sequence[Any], prefix: str) -> dict[str, tuple[int, ...]]:
    """The shapes without the batch, -1 where a size is open."""
    return {
        end.name.removeprefix(prefix): tuple(
            size if isinstance(size, int) else -1 for size in end.shape[1:]
        )
        for end in ends
    }


if __name__ == "__main__":
    serve_with(OnnxNetwork)
