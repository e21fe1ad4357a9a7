"""Converts the network of a model folder for ONNX Runtime, by tf2onnx.

    python -m benchmarks.peers.onnx_model MODEL_FOLDER

tf2onnx 1.17 fails at a SavedModel whose signature calls an input and an output alike ("graph input
'roll' not exist"). It is given the SavedModel's network as a `.tflite` file: the model folder's own
has the same network in a form that LiteRT computes sooner, but ONNX Runtime later.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.onnx_server import INPUT, OUTPUT, SUFFIX
from benchmarks.peers.savedmodel_server import VERSION
from inference.network import SIGNATURE
from music.manifest import GENERATOR_FILE

OPSET = 18  # the newest that tf2onnx knows


def convert(folder: Path) -> Path:
    """Writes `generator.onnx` beside `generator.tflite`, with the signature's names."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    target = (folder / GENERATOR_FILE).with_suffix(SUFFIX)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, GENERATOR_FILE)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / VERSION))
        source.write_bytes(converter.convert())
        model, _ = tf2onnx.convert.from_tflite(str(source), opset=OPSET)
        _rename(model.graph, _signature_names(source))
    onnx.save(model, target)
    return target


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
