"""Measures whether new voices go with those that are kept.

    python -m benchmarks.freeze MODEL [--songs 20] [--takes 1 8]

Whole soprano lines of the Bach chorales (valid) are accompanied while Bach's own bass is kept, then
his alto and tenor, then every other two bars of another answer. `takes` is of how many answers the
best is put together; 1 does not listen. Errors and dissonances are counted as `benchmarks.seams`
does, but dissonances between all pairs of voices; all are per hundred beats or pairs.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.seams import COLUMNS, STEP, Piece, accompany, chorales, errors_at, song_of_chorale
from inference import answering
from inference.arranger import Arranger
from inference.options import Options
from inference.predictor import Predictor
from music.chorales import Chorale
from music.harmony import DISSONANT
from music.rolls import notes_of_voice
from music.song import Song, Track

VOICES = ("Soprano", "Alto", "Tenor", "Bass")


def with_all_voices(chorale: Chorale) -> tuple[Song, int]:
    """Returns the whole chorale as a song, and the step of its first bar line."""
    song, first = song_of_chorale(chorale)
    lines = zip(VOICES, chorale.pitch.T, chorale.onset.T, strict=True)
    tracks = tuple(Track(name, 0, tuple(notes_of_voice(p, o, STEP))) for name, p, o in lines)
    return replace(song, tracks=tracks), first


def every_other_two_bars(arranger: Arranger, chorale: Chorale) -> tuple[Song, int, str]:
    """Returns another answer, the step of its first bar line, and bars to keep of it."""
    song, first = song_of_chorale(chorale)
    song = arranger.arrange(song, Options(seed=100)).song
    bars = [str(bar) for bar in range(1, len(song.bars()) + 1) if bar // 2 % 2]
    return song, first, ",".join(bars)


def rates(found: list[tuple[Piece, NDArray[np.integer]]]) -> dict[str, float]:
    """The rates of pieces at some of their beats, in percent."""
    beats = sum(len(chosen) for _, chosen in found)
    errors = sum(errors_at(piece, chosen) for piece, chosen in found)
    shares = dict(zip(COLUMNS, (100 * errors / beats).round(1).tolist(), strict=True))
    pitch = np.concatenate([piece.pitch[chosen] for piece, chosen in found]).astype(int)
    pairs = [DISSONANT[(pitch[:, a] - pitch[:, b]) % 12] for a, b in combinations(range(4), 2)]
    dissonant = round(100 * float(np.mean(pairs)), 1)
    return {"beats": beats, **shares, "dissonant pairs": dissonant}


def measure(arranger: Arranger, scores: list[Chorale]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yields what was kept, and the rates."""
    for name, tracks in (("bass", ("bass",)), ("alto and tenor", ("alto", "tenor"))):
        options = Options(seed=1, freeze_tracks=tracks)
        pieces = [accompany(arranger, *with_all_voices(score), options) for score in scores]
        yield name, rates([(piece, piece.beats()) for piece in pieces])
    at_joints, everywhere = [], []
    for score in scores:
        song, first, bars = every_other_two_bars(arranger, score)
        piece = accompany(arranger, song, first, Options(seed=1, freeze_bars=bars))
        joints = [start // STEP for start, _ in song.bars()[1::2]]
        at_joints.append((piece, np.intersect1d(piece.beats(), joints)))
        everywhere.append((piece, piece.beats()))
    yield "every other two bars", rates(everywhere)
    yield "their bar lines", rates(at_joints)


def main() -> None:
    """Prints a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder with a manifest.json")
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--takes", type=int, nargs="+", default=[1, answering.TAKES])
    given = parser.parse_args()
    arranger = Arranger(Predictor(given.model))
    scores = list(islice(chorales("valid"), given.songs))
    for takes in given.takes:
        answering.TAKES = takes
        for name, values in measure(arranger, scores):
            row = "  ".join(f"{key} {value}" for key, value in values.items())
            print(f"{takes} takes, {name}: {row}", flush=True)


if __name__ == "__main__":
    main()
