"""Which key each part of a melody is in.

A generator that knows C major and A minor only must hear each part in its own key. The key of the
whole song holds unless the notes speak against it for long: the likeliest path of keys over the
cells is found (Viterbi), where each note is as likely as the profile of its key says and each
change of key costs `CHANGE`. A bar or two in the dominant, as in most chorales, is no change of
key: none of 76 chorale melodies has one, but of the built-in tunes played twice, the second time in
another key, 91 bars in 100 or more (a fourth apart) to all bars (a tone apart) are found.
"""

import numpy as np
from numpy.typing import NDArray

from inference.grid import Grid
from inference.hearing import OCTAVE, Line
from music.keys import MAJOR_PROFILE, MINOR_PROFILE, Key

CHANGE = 4.0  # nats; a quarter out of the scale is worth about 0.6
QUARTER = 4  # steps
LOG_PROFILES = np.log(
    [
        np.roll(profile / profile.sum(), tonic)
        for profile in (MAJOR_PROFILE, MINOR_PROFILE)
        for tonic in range(OCTAVE)
    ]
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def keys_of_cells(grid: Grid, line: Line, song_key: Key) -> list[Key]:
    """Finds the key of each cell.

    Args:
        grid: of the song.
        line: the melody.
        song_key: of the whole song; it is the answer if there is no change of key.
    """
    likelihood = np.stack(
        [_likelihood(line, slice(cell.start, cell.start + cell.steps)) for cell in grid.cells]
    )
    path = _likeliest_path(likelihood)
    if len({key.shift_to_c for key in path}) == 1:
        return [song_key] * len(path)
    return path


def window_shifts(keys: list[Key], key_shift: int) -> IntArray:
    """The semitones by which each window of two cells is heard apart from the song, -6..5.

    Args:
        keys: of the cells. A window with two keys is heard in the later one.
        key_shift: by which the song is heard higher.
    """
    heard = np.array([key.shift_to_c for key in (keys[1:] or keys)])
    return (heard - key_shift + OCTAVE // 2) % OCTAVE - OCTAVE // 2


def _likelihood(line: Line, part: slice) -> FloatArray:
    """The log likelihood of a part of the melody in each key, `(24,)`, major keys first."""
    pitch = line.pitch[part][line.sounding[part]]
    quarters = np.bincount(pitch % OCTAVE, minlength=OCTAVE) / QUARTER
    return np.asarray(LOG_PROFILES @ quarters)


def _likeliest_path(likelihood: FloatArray) -> list[Key]:
    """The keys of all cells together, from `(cell, 24)`."""
    best = likelihood[0]
    origins = []
    for row in likelihood[1:]:
        other = int(best.argmax())
        moves = best[other] - CHANGE > best
        origins.append(np.where(moves, other, np.arange(len(best))))
        best = np.where(moves, best[other] - CHANGE, best) + row
    path = [int(best.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return [Key(key % OCTAVE, "minor" if key >= OCTAVE else "major") for key in reversed(path)]
