"""Music in three beats whose file says four, or nothing, which in MIDI is the same.

Cut at such bar lines, every phrase would begin elsewhere in its bar. Long notes start on strong
beats: where every third beat is the stronger one, clearly more than every second or fourth, the
bars have three.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.pickups import NOISE, STEPS_PER_BEAT, strengths
from music.song import Song, Track

CLEAR = 1.5  # beyond which bars of four beats are wrong; measured, see tests/music/test_meters.py

_LEAST_BARS = 6  # below which nothing is clear


def check_meter(song: Song, tracks: Sequence[Track]) -> None:
    """Refuses music that clearly goes in three where its file says or means 4/4.

    Args:
        song: as it was read.
        tracks: those that count.

    Raises:
        MusicError: `hidden_meter`.
    """
    if len(song.time_signatures) > 1 or song.bars()[0] != (0, 4 * song.ticks_per_beat):
        return
    beats = strengths(song, tracks)[0][::STEPS_PER_BEAT]
    if _evidence(beats, 3) - max(_evidence(beats, 2), _evidence(beats, 4)) > CLEAR:
        raise MusicError(
            "hidden_meter",
            "Its long notes start with every third beat, as in 3/4, and its file says 4/4 or "
            "nothing.",
            "Write the time signature into the file, or give `--pickup 0` if its bars are right.",
        )


def _evidence(beats: NDArray[np.float64], period: int) -> float:
    """How clearly one beat of each bar of `period` beats is the strongest, wherever bars begin."""
    found = [-np.inf]
    for first in range(period):
        count = (len(beats) - first) // period
        if count >= _LEAST_BARS:
            bars = beats[first : first + count * period].reshape(count, period)
            more = bars[:, 0] - bars[:, 1:].mean(axis=1)
            found.append(float(more.mean() / ((more.std() + NOISE) / np.sqrt(count))))
    return max(found)
