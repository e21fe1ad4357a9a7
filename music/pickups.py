"""Where the bars of a file begin: a pickup that the file does not tell of, and the doubt of one.

MIDI has no pickups. A file that begins with one tells of it by a short first time signature, or
begins with rests; else all its bar lines are too early. Long notes start on strong beats and the
last note on a strong one, so music whose weak beats are the strong ones has such bar lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.song import Song, TimeSignature, Track

STEPS_PER_BEAT = 4
NOISE = 0.2  # beats; differences of strength that say nothing
CLEAR = 1.0  # the doubt beyond which bar lines are wrong; measured, see tests/music/test_pickups.py

_UNIT = 8  # steps: two beats, a strong one and a weak one
_LEAST_UNITS = 8  # four bars, below which nothing is clear
_LONGEST = 8  # steps; a longer note is no stronger
_MUCH = 0.05  # the share by which weak places have to be stronger to say anything
_MOST_BEATS = 8
_HALVES = (4, 2, 1)  # steps by which bar lines may be wrong: quarters, eighths, sixteenths


@dataclass(frozen=True)
class Bars:
    """What is known of a song's bars.

    Attributes:
        song: with the bars that are used.
        pickup: quarters, as said for it; None where the file's own bars are used.
        remark: what the user should know, empty if there is nothing.
    """

    song: Song
    pickup: float | None = None
    remark: str = ""


@dataclass(frozen=True)
class _Doubt:
    """How much speaks for other bar lines, and the pickup, in quarters, that it speaks for."""

    score: float = 0.0
    pickup: float = 0.0

    @property
    def is_clear(self) -> bool:
        return self.score > CLEAR


def check_pickup(pickup: float | None) -> None:
    """Refuses what is no pickup.

    Raises:
        MusicError: `bad_pickup`.
    """
    if pickup is not None and not (0 <= pickup < _MOST_BEATS and pickup * STEPS_PER_BEAT % 1 == 0):
        raise MusicError(
            "bad_pickup",
            f"A pickup of {pickup:g} beats is none.",
            f"Give quarters, such as 1 or 0.5, less than {_MOST_BEATS}.",
        )


def find_bars(song: Song, tracks: Sequence[Track], pickup: float | None) -> Bars:
    """Decides where the bars of a song begin.

    Args:
        song: as it was read.
        tracks: those that count.
        pickup: quarters before the first whole bar, said by the user. 0 means the bars of the file,
            whatever the music says. A file with a short first bar of its own keeps it, and so do
            files whose own bars the music clearly prefers. None lets the music judge.

    Raises:
        MusicError: `shifted_bars` if the music clearly speaks against its bar lines.
    """
    if pickup == 0:
        return Bars(song)
    if pickup and not _has_short_bar(song):
        moved = _with_pickup(song, pickup)
        if not _doubt(moved, tracks).is_clear:
            return Bars(moved, pickup, f"read with a pickup of {_beats(pickup)}")
    doubt = _doubt(song, tracks)
    if doubt.is_clear:
        raise MusicError(
            "shifted_bars",
            "Its long notes and its end are not where its bar lines say: it seems to begin with a "
            f"pickup of {_beats(doubt.pickup)} that it does not tell of.",
            f"Give `--pickup {doubt.pickup:g}`, or `--pickup 0` if its bar lines are right.",
        )
    if doubt.score > 0:
        return Bars(song, None, f"check whether it begins with a pickup of {_beats(doubt.pickup)}")
    return Bars(song)


def _beats(pickup: float) -> str:
    return f"{pickup:g} beat{'' if pickup <= 1 else 's'}"


def _has_short_bar(song: Song) -> bool:
    """Whether the file tells of a pickup itself."""
    first, second = (*song.bars()[:2], (0, 0), (0, 0))[:2]
    return first[1] - first[0] < second[1] - second[0]


def _with_pickup(song: Song, pickup: float) -> Song:
    """Gives a song a short first bar."""
    tick = round(pickup * song.ticks_per_beat)
    first, *others = song.time_signatures
    short = TimeSignature(0, round(pickup * STEPS_PER_BEAT), 4 * STEPS_PER_BEAT)
    later = [signature for signature in others if signature.tick >= tick]
    return replace(song, time_signatures=(short, replace(first, tick=tick), *later))


def _doubt(song: Song, tracks: Sequence[Track]) -> _Doubt:
    """Compares weak places with strong ones: quarters, then eighths, then sixteenths."""
    starts = _unit_starts(song)
    if len(starts) < _LEAST_UNITS:
        return _Doubt()
    strength, last = strengths(song, tracks, int(starts[-1]) + _UNIT)
    units = strength[starts[:, None] + np.arange(_UNIT)]
    worst = _Doubt()
    for half in _HALVES:
        weak, strong = units[:, half :: 2 * half].mean(axis=1), units[:, :: 2 * half].mean(axis=1)
        more = weak - strong
        evidence = float(more.mean() / ((more.std() + NOISE) / np.sqrt(len(more))))
        place = last % (2 * half)
        score = evidence + {half: 1.0, 0: -1.0}.get(place, 0.0)
        is_much = more.mean() > _MUCH * strong.mean()
        if is_much and score > worst.score:
            worst = _Doubt(score, _likely_pickup(strength, starts, half))
    return worst


def _unit_starts(song: Song) -> NDArray[np.int64]:
    """The first step of each two beats of the bars that two beats divide."""
    beat = song.ticks_per_beat
    starts: list[int] = []
    for start, end in song.bars():
        if (end - start) % (2 * beat) == 0 and start * STEPS_PER_BEAT % beat == 0:
            step = start * STEPS_PER_BEAT // beat
            starts += range(step, step + (end - start) * STEPS_PER_BEAT // beat, _UNIT)
    return np.array(starts, np.int64)


def strengths(
    song: Song, tracks: Sequence[Track], least: int = 0
) -> tuple[NDArray[np.float64], int]:
    """How long the notes are that start at each step, in beats, and where in its bar the last is.

    The last is where half of the tracks start a note together; at least so many steps are read.
    """
    per_step = song.ticks_per_beat / STEPS_PER_BEAT
    steps = max(
        least, 1 + int(max(note.start for t in tracks for note in t.notes) / per_step + 0.5)
    )
    strength = np.zeros((len(tracks), steps))
    for row, track in zip(strength, tracks, strict=True):
        times = np.array([(note.start, note.end) for note in track.notes]) / per_step
        first = np.floor(times[:, 0] + 0.5).astype(np.int64)
        length = np.clip(times[:, 1] - times[:, 0], 0.0, _LONGEST)
        np.maximum.at(row, first, length)
    last = int(np.flatnonzero((strength > 0).mean(axis=0) >= 0.5).max(initial=0))
    bar = max((start for start, _ in song.bars() if start <= last * per_step), default=0)
    return strength.mean(axis=0) / STEPS_PER_BEAT, round(last - bar / per_step)


def _likely_pickup(strength: NDArray[np.float64], starts: NDArray[np.int64], half: int) -> float:
    """Of the places that are wrong by `half`, the strongest in four beats, in quarters."""
    bars = starts[: len(starts) // 2 * 2 : 2]
    places = range(half, 2 * _UNIT, 2 * half)
    inside = [bars[bars + place < len(strength)] + place for place in places]
    found = max(zip(places, inside, strict=True), key=lambda item: strength[item[1]].mean())
    return found[0] / STEPS_PER_BEAT
