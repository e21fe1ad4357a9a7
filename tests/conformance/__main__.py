"""Holds any image against SageMaker's contract, with real containers, and prints what holds.

python -m tests.conformance IMAGE [--serve-image IMAGE]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest


def main(arguments: Sequence[str]) -> int:
    """Runs the tests of this folder; returns pytest's exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("image", help="trains; also serves, unless there is --serve-image")
    parser.add_argument("--serve-image", help="serves")
    given, others = parser.parse_known_args(arguments)
    return pytest.main(
        [
            str(Path(__file__).parent),
            "-m=docker",
            f"--image={given.image}",
            f"--serve-image={given.serve_image or given.image}",
            *others,
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
