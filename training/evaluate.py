"""Evaluates a trained generator: `python -m training.evaluate MODEL_OR_JOB [--split test]`.

Prints every number of the quality report beside real music, with gates and goals, and writes them
as JSON. Models are chosen on `valid`; `test` is for the last word.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from music.chorales import load_chorales
from music.errors import MusicError
from music.phrase_file import read_phrases
from music.quality import Quality

if TYPE_CHECKING:
    from training.listening import Listening

CHANNEL = Path("input", "data", "train", "phrases.npz")


def evaluate(
    folder: Path, split: Literal["valid", "test"], data: Path | None = None
) -> tuple[Quality, "Listening", bool]:
    """Measures an exported model.

    Args:
        folder: of a model, or of a job that holds one.
        split: whose melodies it accompanies.
        data: the data set; None takes the job's own, or the chorales.

    Returns:
        What was found, how far it listens, and whether the data set is the one that it learned
        from.

    Raises:
        MusicError: if model or data cannot be used, or the data is not four-part music.
    """
    model = folder / "model" if (folder / "model").is_dir() else folder
    own = folder / CHANNEL
    path = data or (own if own.is_file() else None)
    phrases = load_chorales() if path is None else read_phrases(path)

    from training.measuring import Measuring
    from training.players import ExportedModel

    player = ExportedModel(model)
    track = int(player.manifest.hyperparameters.get("condition_track", 0))
    heard = phrases.part(split)
    measuring = Measuring(phrases.part("train"), heard, track)
    answers = measuring.listen(player) if len(heard) else []
    quality, listening = measuring.wholly(player, answers) if answers else (None, None)
    if quality is None or listening is None:
        raise MusicError(
            "cannot_measure",
            "The measures are of four voices under a soprano, and of 20 phrases or more.",
            "Give such a data set with --data.",
        )
    own_data = player.manifest.dataset.get("fingerprint") == phrases.fingerprint
    return quality, listening, own_data


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        quality, listening, own = evaluate(options.folder, options.split, options.data)
    except (MusicError, FileNotFoundError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    if not own:
        sys.stderr.write("Note: the model learned from another data set than this one.\n")
    output = options.output or Path(f"quality-{options.split}.json")
    found = {"split": options.split, **quality.as_dict(), "listening": listening.as_dict()}
    output.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.write(f"{quality.table()}\n{listening.sentence()}\nWritten to {output}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path, help="a job's folder, or a model folder")
    parser.add_argument("--split", choices=("valid", "test"), default="valid")
    parser.add_argument("--data", type=Path, help="phrases.npz; else the job's own or the chorales")
    parser.add_argument("--output", type=Path, help="the JSON file; else quality-SPLIT.json here")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
