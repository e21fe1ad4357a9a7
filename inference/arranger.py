"""Accompanies a whole song with a generator that knows two bars.

The bars of the song go onto the generator's grid (`grid`), its melody into the register and key
that the generator knows (`hearing`). Every two neighbouring cells are one window, all windows hear
the same noise, and their answers are stitched where they agree (`seams`), moved back and written
as notes (`writing`). Only the generator hears times rounded to the grid: the melody comes back tick
for tick, with its tempo map and time signatures.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.cadence import rest_on_chords
from inference.density import change_density
from inference.errors import ArrangementStopped
from inference.grid import Grid, grid_of_song
from inference.hearing import (
    OCTAVE,
    Line,
    Register,
    cells_heard,
    choose_register,
    find_song_key,
    line_of_notes,
    sounding_steps,
)
from inference.measures import measure
from inference.modulation import keys_of_cells, window_shifts
from inference.options import Options, choose_programs
from inference.predictor import Accompanist
from inference.remarks import warn_of_chords, warn_of_octave, warn_of_register
from inference.seams import newly_sounding, stitch
from inference.writing import (
    move_pitches,
    octaves_that_fit,
    shift_back,
    shift_windows,
    write_notes,
)
from music.errors import MusicError
from music.keys import Key
from music.rolls import REST, roll_of_notes
from music.song import Song, Track, pitched_tracks

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Arrangement:
    """An accompanied song.

    Attributes:
        song: the melody first, with the notes it came with, then the accompanying tracks.
        seed: of the noise.
        warnings: what was left out, moved or could not be done, a sentence each.
        metrics: see `inference.measures.measure`.
        key: of the melody, or of the most of it if it modulates.
        roll: `(time, 128, track)`, the song on the generator's grid, the melody as track 0.
        seams: the steps of the grid at which one window took over from another.
    """

    song: Song
    seed: int
    warnings: tuple[str, ...]
    metrics: dict[str, float]
    key: Key
    roll: BoolArray
    seams: IntArray


@dataclass(frozen=True)
class Windows:
    """The melody, two cells at a time, `(window, 2 * bar_steps)`.

    Attributes:
        pitch: in the song's key and the generator's register.
        heard: as the generator hears it: where the song modulates, in another key.
        onset: where notes start.
        shifts: `(window,)`, semitones from `pitch` to `heard`.
    """

    pitch: IntArray
    heard: IntArray
    onset: BoolArray
    shifts: IntArray


class Arranger:
    """Accompanies songs of any length.

    Attributes:
        accompanist: the generator.
        manifest: what it is.
    """

    def __init__(self, accompanist: Accompanist) -> None:
        self.accompanist = accompanist
        self.manifest = accompanist.manifest

    def arrange(
        self, song: Song, options: Options, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> Arrangement:
        """Accompanies a song.

        Args:
            song: its tracks other than the melody are left out, with a warning.
            options: the caller's choices.
            is_wanted: asked before each batch of windows; False gives up.

        Returns:
            The song, as long as its melody.

        Raises:
            MusicError: `no_notes`, `drums_only`, `too_long`, `bad_option`, `unknown_instrument`.
            ArrangementStopped: if `is_wanted` said so.
            ModelError: if the generator fails.
        """
        melody_program, programs = choose_programs(options.instruments, self.manifest.programs)
        track, warnings = choose_melody(song, options.melody_track)
        program = track.program if melody_program is None else melody_program
        melody = replace(track, name=track.name or "Melody", program=program)
        song = replace(song, tracks=(melody,))
        beat, bar = self.manifest.steps_per_beat, self.manifest.bar_steps
        grid = grid_of_song(song, steps_per_beat=beat, bar_steps=bar)
        line = line_of_notes(grid, melody.notes)
        keys = keys_of_cells(grid, line, find_song_key(song, melody.notes))
        [(key, _)] = Counter(keys).most_common(1)
        register = choose_register(line, key, self.manifest)
        heard = register.to_ears(line.pitch, self.manifest.melody_range)

        windows = self._hear(grid, line, register, keys)
        roll, onset, seams = self._stitched(grid, windows, options, is_wanted)
        keys = [Key((k.tonic + register.key_shift) % OCTAVE, k.mode) for k in keys]
        roll, onset = _shape(roll, onset, heard, keys, grid, line, options)
        shift = shift_back(roll, register)
        octave = octaves_that_fit(roll, shift, options.octave)
        pitches_up = shift + OCTAVE * octave
        roll, onset = move_pitches(roll, pitches_up), move_pitches(onset, pitches_up)

        span = min(n.start for n in melody.notes), max(n.end for n in melody.notes)
        tracks = [
            Track(name.title(), program, write_notes(grid, line, span, roll[..., i], onset[..., i]))
            for i, (name, program) in enumerate(
                zip(self.manifest.tracks[1:], programs, strict=True)
            )
        ]
        melody_roll, _ = roll_of_notes(grid.step_notes(melody.notes), 1, grid.steps)
        warnings += warn_of_chords(melody_roll) + warn_of_octave(options.octave, octave)
        warnings += warn_of_register(line, heard, register, shift, self.manifest)
        if not roll.any():
            warnings.append("The model answered with silence; it may need more training.")
        top = np.where(line.sounding, line.pitch, REST)
        return Arrangement(
            song=replace(song, tracks=(melody, *tracks)),
            seed=options.seed,
            warnings=tuple(warnings),
            metrics=measure(top, roll, onset, key, beat),
            key=key,
            roll=np.concatenate([melody_roll[..., None], roll], axis=2),
            seams=seams,
        )

    def _hear(self, grid: Grid, line: Line, register: Register, keys: list[Key]) -> Windows:
        """Lays the melody into windows, each transposed as the generator wants its key."""
        bar, span = self.manifest.bar_steps, self.manifest.melody_range
        shifts = window_shifts(keys, register.key_shift) * self.manifest.tonic_normalized
        pitch, onset = make_windows(
            *cells_heard(grid, line, register.to_ears(line.pitch, span), bar)
        )
        heard = pitch.copy()
        for shift in np.unique(shifts[shifts != 0]).tolist():
            local = replace(register, key_shift=register.key_shift + shift)
            cells = cells_heard(grid, line, local.to_ears(line.pitch, span), bar)
            heard[shifts == shift] = make_windows(*cells)[0][shifts == shift]
        return Windows(pitch, heard, onset, shifts)

    def _stitched(
        self, grid: Grid, windows: Windows, options: Options, is_wanted: Callable[[], bool]
    ) -> tuple[BoolArray, BoolArray, IntArray]:
        """Answers all windows and joins them; see `stitch`."""
        roll, onset = self._answer(windows.heard, windows.onset, options, is_wanted)
        roll, onset = (shift_windows(part, -windows.shifts) for part in (roll, onset))
        return stitch(roll, onset, windows.pitch, grid.cells)

    def _answer(
        self, pitch: IntArray, onset: BoolArray, options: Options, is_wanted: Callable[[], bool]
    ) -> tuple[BoolArray, BoolArray]:
        """Asks the generator for all windows, as many at once as it likes."""
        noise = self.accompanist.noise(options.seed, options.temperature)
        size = self.accompanist.max_batch
        answers = []
        for first in range(0, len(pitch), size):
            if not is_wanted():
                raise ArrangementStopped
            part = slice(first, first + size)
            same_noise = np.broadcast_to(noise, (len(pitch[part]), *noise.shape))
            answers.append(self.accompanist.accompany(pitch[part], onset[part], same_noise))
        rolls, onsets = zip(*answers, strict=True)
        return np.concatenate(rolls), np.concatenate(onsets)


def make_windows(pitch: IntArray, onset: BoolArray) -> tuple[IntArray, BoolArray]:
    """Joins every two neighbouring cells: `(cell, step)` to `(cell - 1, 2 * step)`."""
    return (
        np.concatenate([pitch[:-1], pitch[1:]], axis=1),
        np.concatenate([onset[:-1], onset[1:]], axis=1),
    )


def choose_melody(song: Song, index: int | None) -> tuple[Track, list[str]]:
    """Finds the melody among the tracks of a song.

    Args:
        song: any.
        index: the track the caller wants, from 0, or None for the first that is not drums.

    Returns:
        The track, and warnings that name the tracks left out.

    Raises:
        MusicError: `no_notes` or `drums_only` if there is no melody to be found, `bad_option` if
            the track wanted is none.
    """
    pitched = pitched_tracks(song)
    chosen = pitched[0] if index is None else index
    if chosen not in pitched:
        shown = [f"{i} ({song.tracks[i].name[:40] or 'unnamed'})" for i in pitched[:10]]
        raise MusicError(
            "bad_option",
            f"Track {chosen} is no melody among the {len(song.tracks)} tracks, counted from 0.",
            f"Choose `melody_track` from {', '.join(shown)}.",
        )
    names = [
        (track.name[:40] or "unnamed") + (" (drums)" if track.is_drum else "")
        for i, track in enumerate(song.tracks)
        if i != chosen and track.notes
    ]
    if not names:
        return song.tracks[chosen], []
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    listed = ", ".join(names[:5]) + more
    return song.tracks[chosen], [f"Only track {chosen} was accompanied; left out: {listed}."]


def _shape(
    roll: BoolArray,
    onset: BoolArray,
    heard: IntArray,
    keys: list[Key],
    grid: Grid,
    line: Line,
    options: Options,
) -> tuple[BoolArray, BoolArray]:
    """Makes the answer `(time, 128, track)` as dense as wanted, with rests where they belong."""
    roll, onset = change_density(
        roll, onset, heard, keys, grid, density=options.density, seed=options.seed
    )
    roll, onset = rest_on_chords(roll, onset, heard, keys[-1], grid, line)
    roll &= sounding_steps(grid, line)[:, None, None]
    return roll, (onset & roll) | newly_sounding(roll)
