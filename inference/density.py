"""How much the voices move: fewer moves between beats, or passing and neighbouring notes more.

Both begin with what the generator answered and leave what sounds on the beats as it is. Chance
decides which moves go and which notes come, drawn from the seed for every step and voice, so that
the same seed and density give the same song.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.grid import Grid
from inference.held import changes, hold
from music.keys import HARMONIC_MINOR, MAJOR, Key
from music.rolls import REST

NORMAL = 1.0
EIGHTH = 2  # steps
SHORTEST_BEAT = 4  # steps; shorter beats have no room for an eighth between them
THIRDS = (3, 4)  # semitones
CLASH = (1, 11)  # semitones and octaves, between a new note and any other voice

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def change_density(
    roll: BoolArray,
    onset: BoolArray,
    heard: IntArray,
    keys: Sequence[Key],
    grid: Grid,
    *,
    density: float,
    seed: int,
) -> tuple[BoolArray, BoolArray]:
    """Makes an answer calmer or busier.

    Args:
        roll: `(time, 128, track)`.
        onset: where notes start.
        heard: the melody as the generator heard it, `(time,)`.
        keys: of the song's cells, as the generator heard them.
        grid: of the song.
        density: below 1 the share of the moves between beats that stay; above 1, density - 1 is the
            share of the places for a passing or neighbouring note that get one.
        seed: of the take.

    Returns:
        `roll` and `onset`.
    """
    chance = np.random.Generator(np.random.Philox([seed, 1])).random((len(roll), roll.shape[2]))
    if density < NORMAL:
        stays = grid.beats[:, None] | (chance < density)
        return hold(roll, onset, stays & changes(roll, onset))
    if density > NORMAL:
        return _ornament(roll, onset, heard, keys, grid, chance < density - NORMAL)
    return roll, onset


def _ornament(
    roll: BoolArray,
    onset: BoolArray,
    heard: IntArray,
    keys: Sequence[Key],
    grid: Grid,
    wanted: BoolArray,
) -> tuple[BoolArray, BoolArray]:
    """Lays notes of the scale on the last eighth of beats on which a voice does not move."""
    roll, onset = roll.copy(), onset.copy()
    moved = changes(roll, onset)
    beats = np.flatnonzero(grid.beats)
    cell_of_step = np.repeat(np.arange(len(grid.cells)), [cell.steps for cell in grid.cells])
    for beat, following in zip(beats[:-1].tolist(), beats[1:].tolist(), strict=True):
        first = following - EIGHTH
        if following - beat < SHORTEST_BEAT:
            continue
        for track in np.flatnonzero(wanted[first]).tolist():
            before, after = (np.flatnonzero(roll[step, :, track]) for step in (first, following))
            if moved[beat + 1 : following, track].any() or len(before) != 1 or len(after) != 1:
                continue
            key = keys[cell_of_step[first]]
            others = np.delete(roll[first:following], track, axis=2)
            note = _between(int(before[0]), int(after[0]), key, others, heard[first:following])
            if note is not None:
                roll[first:following, :, track] = False
                roll[first:following, note, track] = True
                onset[first, note, track] = onset[following, after[0], track] = True
    return roll, onset


def _between(before: int, after: int, key: Key, others: BoolArray, melody: IntArray) -> int | None:
    """The note of the scale between two a third apart, or below a repeated one, if none clashes."""
    if abs(after - before) in THIRDS:
        low, high = sorted((before, after))
        choice = [note for note in range(low + 1, high) if _in_scale(note, key)]
    elif before == after:
        choice = [note for note in (before - 1, before - 2) if _in_scale(note, key)]
    else:
        return None
    sounding = np.append(np.flatnonzero(others.any(axis=(0, 2))), melody[melody != REST])
    clear = [note for note in choice if not np.isin((sounding - note) % 12, CLASH).any()]
    return clear[0] if clear else None


def _in_scale(note: int, key: Key) -> bool:
    scale = MAJOR if key.mode == "major" else HARMONIC_MINOR
    return bool(scale[(note - key.tonic) % 12])
