"""The README's numbers, taken from the results of the benchmarks: python -m benchmarks.readme."""

import json
from pathlib import Path
from typing import Any

from benchmarks.page import format_value

README = Path("README.md")
RESULTS = Path("benchmarks/RESULTS.json")
START, END = "<!-- from benchmarks/RESULTS.json -->\n", "<!-- until here -->\n"

# What is said of the number with that key.
ROWS = {
    "whole_run": "training the default, from its start to the report",
    "voices_to_75": "until it scores 75, median of three seeds",
    "unet_over_port": "training `unet`: processor time of the notebook of 2019, ported, over ours",
    "unet_over_pytorch": "the same in PyTorch, over ours",
    "unet_over_jax": "the same in JAX, over ours",
    "phrase_p50": "a two-bar phrase over HTTP, MIDI in, MIDI out, median",
    "phrase_savedmodel": "TensorFlow's SavedModel behind the same server takes",
    "phrase_onnx": "ONNX Runtime behind the same server takes",
    "phrase_p99": "ours, 99th percentile",
    "song_64": "a song of 64 bars",
    "cold_start": "from the start of the server's process to its first answer",
    "cold_start_savedmodel": "SavedModel takes",
    "cold_start_onnx": "ONNX Runtime takes",
    "server_rss": "memory of the server",
}


def render_block(results: dict[str, Any]) -> str:
    """Renders the table between the marks.

    Raises:
        KeyError: if a number was not measured.
    """
    numbers = {
        number["key"]: number
        for section in results["sections"].values()
        for number in section["numbers"]
        if number["key"]
    }
    machine = results["machine"]
    lines = [
        f"| {machine['processor']}, {machine['cores'].partition(' ')[0]} cores | |",
        "|---|---|",
        *(
            f"| {said} | {format_value(numbers[key]['value'])} {numbers[key]['unit']} |"
            for key, said in ROWS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def write_table() -> None:
    """Writes the table into the README."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    block = render_block(json.loads(RESULTS.read_text(encoding="utf-8")))
    README.write_text(before + START + block + END + after, encoding="utf-8")


if __name__ == "__main__":
    write_table()
