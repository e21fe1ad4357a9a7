"""The end of a training: the exported model accompanies a song, as its server will.

It proves that the artifact loads and plays, and leaves something to hear.
"""

import logging
from pathlib import Path

MELODY = "ode-to-joy"

logger = logging.getLogger(__name__)


def play_a_song(model: Path, output: Path) -> Path:
    """Accompanies a melody that comes along with the model of a training.

    Args:
        model: the model folder.
        output: gets `song.mid` and `song.png`.

    Returns:
        The path of `song.mid`.
    """
    from inference.arranger import Arranger
    from inference.options import Options
    from inference.predictor import Predictor
    from music.melodies import MELODIES, melody
    from music.midi import write_midi
    from music.picture import draw_song

    song = Arranger(Predictor(model)).arrange(melody(MELODY), Options()).song
    path = output / "song.mid"
    _write(path, write_midi(song))
    _write(path.with_suffix(".png"), draw_song(song, title=MELODIES[MELODY].title))
    logger.info("The model accompanied %s: %s", MELODIES[MELODY].title, path)
    return path


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f"draft-{path.name}")
    draft.write_bytes(data)
    draft.replace(path)
