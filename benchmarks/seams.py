"""Measures whether the seams between a song's windows can be heard.

    python -m benchmarks.seams MODEL [--split valid] [--seeds 3] [--json]

Whole soprano lines of the Bach chorales and the built-in tunes are accompanied. All beats at which
one window took over from another are compared with all other beats: how often a voice starts a
pitch again that it was singing already, leaps by more than a fifth, moves in parallel fifths,
octaves or unisons, crosses another or strays from it, and is dissonant with the melody. Where there
is a chorale behind the melody, Bach's own voices are measured at all beats.

The ends of phrases are measured, too: how often a voice moves under the last note and under other
long notes (two beats at least), per beat, and how often it sounds a full chord at last.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.arranger import Arranger
from inference.options import Options
from inference.predictor import Predictor
from music.chorales import Chorale, corpus_files, read_chorale
from music.harmony import dissonance, full_chord_rate
from music.melodies import MELODIES, melody
from music.motion import crossings, parallels, wide_spacing
from music.rolls import notes_of_voice, roll_of_notes, roll_to_voices
from music.song import Song, TimeSignature, Track

STEP = 120  # ticks
BEAT = 4  # steps
BAR = 16
LEAP = 7  # semitones, a fifth
LONG = 8  # steps

COLUMNS = ("repeated", "leaps", "parallels", "crossing", "spacing", "voice errors", "dissonance")


@dataclass(frozen=True)
class Piece:
    """Four voices on a grid of sixteenths.

    Attributes:
        pitch: `(time, 4)`.
        onset: `(time, 4)`.
        first: the step of the first bar line, at which beats are counted from.
        seams: steps; empty for what was written by hand.
    """

    pitch: NDArray[np.integer]
    onset: NDArray[np.bool_]
    first: int
    seams: NDArray[np.integer]

    def beats(self) -> NDArray[np.integer]:
        """The steps of all beats with a whole beat before and after that all voices fill."""
        steps = np.arange(self.first % BEAT, len(self.pitch) - BEAT + 1, BEAT)
        steps = steps[steps >= BEAT]
        filled = [(self.pitch[s - BEAT : s + BEAT] >= 0).all() for s in steps.tolist()]
        return steps[np.array(filled, dtype=bool)]


def song_of_chorale(chorale: Chorale) -> tuple[Song, int]:
    """Returns the soprano alone, and the step of its first bar line."""
    first = next(bar for bar in chorale.bars if bar is not None) % BAR
    signatures = [TimeSignature(first * STEP, 4, 4)]
    if first:
        whole = first % BEAT == 0
        signatures.insert(
            0, TimeSignature(0, first // BEAT if whole else first, 4 if whole else 16)
        )
    notes = notes_of_voice(chorale.pitch[:, 0], chorale.onset[:, 0], STEP)
    song = Song(STEP * BEAT, (Track("Soprano", 0, tuple(notes)),))
    return Song(STEP * BEAT, song.tracks, time_signatures=tuple(signatures)), first


def accompany(arranger: Arranger, song: Song, first: int, options: Options) -> Piece:
    """Accompanies a melody and reads the answer from its notes."""
    arrangement = arranger.arrange(song, options)
    ticks = song.ticks_per_beat // BEAT
    steps = len(arrangement.roll)
    tracks = [roll_of_notes(t.notes, ticks, steps) for t in arrangement.song.tracks]
    roll, onset = (np.stack(parts, axis=-1) for parts in zip(*tracks, strict=True))
    return Piece(*roll_to_voices(roll, onset), first, arrangement.seams)


def errors_at(piece: Piece, beats: NDArray[np.integer]) -> NDArray[np.float64]:
    """Counts what `COLUMNS` names at beats, `(columns,)`."""
    if not len(beats):
        return np.zeros(len(COLUMNS))
    around = np.stack([piece.pitch[s - BEAT : s + BEAT] for s in beats.tolist()])
    before, now = piece.pitch[beats - 1, 1:], piece.pitch[beats, 1:]
    again = (before == now) & piece.onset[beats, 1:]
    leaps = np.abs(before.astype(int) - now) > LEAP
    rates = [rate(part) for rate, part in (
        (parallels, around), (crossings, around[:, BEAT:]), (wide_spacing, around[:, BEAT:]),
    )]  # fmt: skip
    errors = [r.each.sum() for r in rates]
    dissonant = dissonance(around[:, BEAT:]).each.sum()
    return np.array([again.mean(1).sum(), leaps.mean(1).sum(), *errors, sum(errors), dissonant])


def ends_of(piece: Piece) -> dict[str, NDArray[np.float64]]:
    """Under the last and under other long notes: moves, beats, full chords at last, notes."""
    found = {"last note": np.zeros(4), "long notes": np.zeros(4)}
    starts = np.flatnonzero(piece.onset[:, 0])
    for start, stop in zip(starts, [*starts[1:], len(piece.pitch)], strict=True):
        end = start + int(np.argmin(np.append(piece.pitch[start:stop, 0] >= 0, False)))
        held = piece.pitch[start:end, 1:]
        if end - start < (LONG if stop < len(piece.pitch) else BEAT) or (held < 0).any():
            continue
        moves = (held[1:] != held[:-1]).sum() + (
            piece.onset[start + 1 : end, 1:] & (held[1:] == held[:-1])
        ).sum()
        chord = full_chord_rate(piece.pitch[None, end - 1 : end]).overall
        kind = "last note" if stop == len(piece.pitch) else "long notes"
        found[kind] += moves, (end - start) / BEAT, chord, 1
    return found


def summarise(pieces: list[Piece]) -> dict[str, dict[str, float]]:
    """Percentages at seams, at other beats, and at the ends of phrases."""
    table = {}
    at_seams = [np.intersect1d(p.beats(), p.seams) for p in pieces]
    elsewhere = [np.setdiff1d(p.beats(), p.seams) for p in pieces]
    for name, chosen in (("seams", at_seams), ("other beats", elsewhere)):
        if count := sum(map(len, chosen)):
            sums = sum(errors_at(p, beats) for p, beats in zip(pieces, chosen, strict=True))
            shares = dict(zip(COLUMNS, (100 * sums / count).round(2).tolist(), strict=True))
            table[name] = {"beats": count, **shares}
    for kind in ("last note", "long notes"):
        moves, beats, chords, count = sum(ends_of(piece)[kind] for piece in pieces)
        if count:
            table[kind] = {
                "notes": int(count),
                "moves a beat": round(float(moves / beats), 3),
                "full chords": round(100 * float(chords / count), 1),
            }
    return table


def chorales(split: str) -> Iterator[Chorale]:
    """Yields the chorales of a part of the data."""
    text = Path(__file__).parent.parent.joinpath("music", "split.json").read_text("utf-8")
    names = set(json.loads(text)[split])
    for path in corpus_files():
        chorale = read_chorale(path) if path.name in names else None
        if chorale is not None and not (chorale.pitch[:, 0] < 0).all():
            yield chorale


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder with a manifest.json")
    parser.add_argument("--split", default="valid", choices=("valid", "test"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    arranger = Arranger(Predictor(given.model))
    scores = list(chorales(given.split))
    lines = [song_of_chorale(chorale) for chorale in scores]
    tunes = [(melody(name), 0) for name in MELODIES]
    options = [Options(seed=seed) for seed in range(given.seeds)]
    bach = [
        Piece(score.pitch, score.onset, first, np.zeros(0, int))
        for score, (_, first) in zip(scores, lines, strict=True)
    ]
    tables = {"Bach": summarise(bach)}
    for name, songs in ((f"{len(lines)} chorale melodies", lines), (f"{len(tunes)} tunes", tunes)):
        tables[name] = summarise([accompany(arranger, *song, o) for song in songs for o in options])
    if given.json:
        print(json.dumps(tables, indent=2))
        return
    for name, table in tables.items():
        print(f"\n{name}")
        for row, values in table.items():
            print(f"  {row:12} " + "  ".join(f"{key} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
