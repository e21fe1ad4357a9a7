"""Accompanies a whole song with a generator that knows two bars.

The bars of the song go onto the generator's grid (`grid`), its melody into the register and key
that the generator knows (`hearing`). Every two neighbouring cells are one window, all windows hear
the same noise, and their answers are stitched where they agree (`seams`), moved back and written
as notes (`writing`). Only the generator hears times rounded to the grid: the melody comes back tick
for tick, with its tempo map and time signatures.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.cadence import rest_on_chords
from inference.density import change_density
from inference.errors import ArrangementStopped
from inference.grid import grid_of_song
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
from inference.options import Options, choose_programs
from inference.predictor import Accompanist
from inference.seams import newly_sounding, stitch
from inference.writing import move_pitches, octaves_that_fit, shift_back, write_notes
from music.errors import MusicError
from music.keys import Key
from music.manifest import Manifest
from music.rolls import REST, roll_of_notes
from music.song import Song, Track, pitched_tracks

CHORDAL = 0.1  # above this share of time with several notes a melody track is chords

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
        key: of the melody.
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
        key = find_song_key(song, melody.notes)
        register = choose_register(line, key, self.manifest)
        heard = register.to_ears(line.pitch, self.manifest.melody_range)

        windows = make_windows(*cells_heard(grid, line, heard, bar))
        roll, onset, seams = stitch(
            *self._answer(*windows, options, is_wanted), windows[0], grid.cells
        )
        home = Key((key.tonic + register.key_shift) % OCTAVE, key.mode)
        roll, onset = change_density(
            roll, onset, heard, home, grid, density=options.density, seed=options.seed
        )
        roll, onset = rest_on_chords(roll, onset, heard, home, grid, line)
        roll &= sounding_steps(grid, line)[:, None, None]
        onset = (onset & roll) | newly_sounding(roll)
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
        warnings += _warn_of_chords(melody_roll) + _warn_of_octave(options.octave, octave)
        warnings += _warn_of_register(line, heard, register, shift, self.manifest)
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


def _warn_of_chords(melody_roll: BoolArray) -> list[str]:
    together = melody_roll.sum(axis=1)
    if np.count_nonzero(together > 1) <= CHORDAL * np.count_nonzero(together):
        return []
    return ["The melody track plays several notes at once; the highest were taken as the melody."]


def _warn_of_octave(wanted: int, moved: int) -> list[str]:
    if wanted == moved:
        return []
    return [
        f"The accompaniment was moved by {moved} octaves, not {wanted}: there are no more pitches."
    ]


def _warn_of_register(
    line: Line, heard: IntArray, register: Register, shift: int, manifest: Manifest
) -> list[str]:
    """Says where the model heard the melody, if not where it is."""
    low, high = manifest.melody_range
    warnings = []
    if register.octaves:
        count = abs(register.octaves)
        side, way = ("below", "up") if register.octaves > 0 else ("above", "down")
        moved = -(shift + register.key_shift) // OCTAVE
        back = f"and its answer was moved {moved} down" if moved else "its answer was not moved"
        warnings.append(
            f"The melody lies {side} the model's range ({low}-{high}); the model heard it {count} "
            f"octave{'s' * (count > 1)} {way}, {back}."
        )
    expected = line.pitch + register.key_shift + OCTAVE * register.octaves
    folded = int(np.count_nonzero((heard != expected) & line.onset & line.sounding))
    if folded:
        notes = "note was" if folded == 1 else "notes were"
        warnings.append(
            f"{folded} melody {notes} outside the model's range ({low}-{high}) and heard in "
            "another octave."
        )
    return warnings
