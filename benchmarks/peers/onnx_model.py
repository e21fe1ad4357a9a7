"""Converts the network of a model folder for ONNX Runtime, by tf2onnx.

    python -m benchmarks.peers.onnx_model MODEL_FOLDER

tf2onnx 1.17 fails at the SavedModel of `voices` ("graph input 'onset' not exist", a fault of its
rewriter of loops) and converts the `.tflite` file, which computes the same.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.onnx_server import INPUT, OUTPUT, SUFFIX
from inference.network import SIGNATURE
from music.manifest import GENERATOR_FILE

OPSET = 18  # the newest that tf2onnx knows


def convert(folder: Path) -> Path:
    """Writes `generator.onnx` beside `generator.tflite`, with the signature's names."""
    import onnx
    import tf2onnx

    source = folder / GENERATOR_FILE
    model, _ = tf2onnx.convert.from_tflite(str(source), opset=OPSET)
    _rename(model.graph, _signature_names(source))
    onnx.save(model, source.with_suffix(SUFFIX))
    return source.with_suffix(SUFFIX)


def _signature_names(path: Path) -> dict[str, str]:
    """What the signature calls the tensors of a `.tflite` file, with a prefix: some are both."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner(SIGNATURE)
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    return {
        **{str(detail["name"]): f"{INPUT}{name}" for name, detail in inputs.items()},
        **{str(detail["name"]): f"{OUTPUT}{name}" for name, detail in outputs.items()},
    }


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(end, end) for end in ends]
    for end in (*graph.input, *graph.output):
        end.name = names.get(end.name, end.name)


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
