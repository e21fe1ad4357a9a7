"""What the generator answers to a song, on the song's grid.

Every two neighbouring cells are one window, all windows hear the same noise, and their answers are
stitched where they agree (`seams`). Where something of an accompaniment is kept (`freeze`), several
noises are heard, and what goes best with it is taken (`listening`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.freeze import Kept
from inference.grid import Grid
from inference.hearing import OCTAVE, Line, Register, cells_heard
from inference.listening import choose_takes
from inference.modulation import window_shifts
from inference.options import Options
from inference.predictor import Accompanist
from inference.seams import stitch
from inference.turns import Answers, Phrases, Turns, before_others
from inference.writing import octaves_that_fit, shift_back, shift_windows
from music.keys import Key
from music.manifest import Manifest

# Answers to choose from where something is kept; fewer if they would be more than so many batches,
# which take a U-Net 20 s on two cores.
TAKES = 8
MAX_BATCHES = 64

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The melody, two cells at a time, `(window, 2 * bar_steps)`.

    Attributes:
        line: the melody as a whole, in the song's key and the generator's register, `(time,)`.
        pitch: the same in windows.
        heard: as the generator hears it: where the song modulates, in another key.
        onset: where notes start.
        shifts: `(window,)`, semitones from `pitch` to `heard`.
    """

    line: IntArray
    pitch: IntArray
    heard: IntArray
    onset: BoolArray
    shifts: IntArray


@dataclass(frozen=True)
class GridAnswer:
    """An accompaniment in the generator's register.

    Attributes:
        roll: `(time, 128, track)`, what is kept laid over it.
        onset: where notes start.
        seams: the steps at which one window took over from another.
        kept: what is kept, in the same register.
        shift: the semitones that take it back to the song's register.
        octave: of the octaves the caller wants, those that fit.
    """

    roll: BoolArray
    onset: BoolArray
    seams: IntArray
    kept: Kept
    shift: int
    octave: int

    @property
    def semitones(self) -> int:
        """By which the answer is to be moved."""
        return self.shift + OCTAVE * self.octave


def hear(grid: Grid, line: Line, register: Register, keys: list[Key], model: Manifest) -> Windows:
    """Lays the melody into windows, each transposed as the generator wants its key."""
    bar, span = model.bar_steps, model.melody_range
    shifts = window_shifts(keys, register.key_shift) * model.tonic_normalized
    melody = register.to_ears(line.pitch, span)
    pitch, onset = make_windows(*cells_heard(grid, line, melody, bar))
    heard = pitch.copy()
    for shift in np.unique(shifts[shifts != 0]).tolist():
        local = replace(register, key_shift=register.key_shift + shift)
        cells = cells_heard(grid, line, local.to_ears(line.pitch, span), bar)
        heard[shifts == shift] = make_windows(*cells)[0][shifts == shift]
    return Windows(melody, pitch, heard, onset, shifts)


def make_windows(pitch: IntArray, onset: BoolArray) -> tuple[IntArray, BoolArray]:
    """Joins every two neighbouring cells: `(cell, step)` to `(cell - 1, 2 * step)`."""
    return (
        np.concatenate([pitch[:-1], pitch[1:]], axis=1),
        np.concatenate([onset[:-1], onset[1:]], axis=1),
    )


def answer_song(
    accompanist: Accompanist,
    grid: Grid,
    windows: Windows,
    register: Register,
    kept: Kept,
    options: Options,
) -> Turns[GridAnswer]:
    """Answers a whole song, in turns of `accompanist.max_batch` windows.

    Args:
        accompanist: the generator.
        grid: of the song.
        windows: what the generator hears.
        register: in which it hears it.
        kept: what of an accompaniment stays, in the song's register.
        options: the caller's choices.
    """
    takes: list[tuple[BoolArray, BoolArray, IntArray]] = []
    seeds = _seeds(options, kept, MAX_BATCHES * accompanist.max_batch // len(windows.heard))
    for number, seed in enumerate(seeds, start=1):
        noise = accompanist.noise(seed, options.temperature)
        turns = _answer_windows(windows, noise, accompanist.max_batch)
        roll, onset = yield from before_others(turns, len(seeds) - number)
        if not takes:
            every_step = roll.reshape(-1, *roll.shape[2:])
            shift = shift_back(every_step, register)
            octave = octaves_that_fit(every_step, shift, options.octave)
            heard = kept.moved(-shift - OCTAVE * octave)
        roll, onset = heard.lay_over_windows(roll, onset, grid.cells)
        takes.append(stitch(roll, onset, windows.pitch, grid.cells))
    rolls, onsets, seams = zip(*takes, strict=True)
    if len(takes) == 1:
        return GridAnswer(rolls[0], onsets[0], seams[0], heard, shift, octave)
    take = choose_takes(np.stack(rolls), np.stack(onsets), windows.line, heard.steps, grid.beats)
    steps = np.arange(grid.steps)
    switches = 1 + np.flatnonzero(np.diff(take))
    of_takes = [cuts[take[cuts] == index] for index, cuts in enumerate(seams)]
    return GridAnswer(
        roll=np.stack(rolls)[take, steps],
        onset=np.stack(onsets)[take, steps],
        seams=np.unique(np.concatenate([switches, *of_takes])),
        kept=heard,
        shift=shift,
        octave=octave,
    )


def _seeds(options: Options, kept: Kept, affordable: int) -> list[int]:
    """The seeds of the noises that are heard, the caller's first."""
    if not kept.steps.any() or kept.steps.all() or not options.temperature:
        return [options.seed]
    takes = range(1, min(TAKES, affordable))
    others = [np.random.SeedSequence([options.seed, take]) for take in takes]
    return [options.seed, *(int(other.generate_state(1)[0]) for other in others)]


def _answer_windows(windows: Windows, noise: NDArray[np.float32], size: int) -> Turns[Answers]:
    """Asks the generator for all windows, so many at once; returns their answers in one key."""
    answers = []
    for first in range(0, len(windows.heard), size):
        part = slice(first, first + size)
        pitch = windows.heard[part]
        same_noise = np.broadcast_to(noise, (len(pitch), *noise.shape))
        more = len(windows.heard) - first - len(pitch)
        answers.append((yield Phrases(pitch, windows.onset[part], same_noise, more)))
    rolls, onsets = zip(*answers, strict=True)
    return (
        shift_windows(np.concatenate(rolls), -windows.shifts),
        shift_windows(np.concatenate(onsets), -windows.shifts),
    )
