"""Accompanies a whole song with a generator that knows two bars.

The bars of the song go onto the generator's grid (`grid`), its melody into the register and key
that the generator knows (`hearing`). It answers window by window (`answering`); the answer is made
as dense as wanted, moved back and written as notes (`writing`). Only the generator hears times
rounded to the grid: the melody comes back tick for tick, with its tempo map and time signatures,
and so does what is kept of an accompaniment (`freeze`).
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.answering import GridAnswer, answer_song, hear
from inference.cadence import rest_on_chords
from inference.density import change_density
from inference.freeze import Kept, keep
from inference.grid import Grid, grid_of_song
from inference.hearing import (
    OCTAVE,
    Line,
    choose_register,
    find_song_key,
    line_of_notes,
    sounding_steps,
)
from inference.held import changes
from inference.measures import measure
from inference.modulation import keys_of_cells
from inference.options import Options, choose_programs
from inference.parts import choose_melody, find_parts, warn_of_left_out
from inference.predictor import Accompanist
from inference.remarks import warn_of_chords, warn_of_octave, warn_of_register
from inference.seams import newly_sounding
from inference.turns import Turns, finish
from inference.writing import (
    move_pitches,
    write_notes,
)
from music.keys import Key
from music.rolls import REST, roll_of_notes
from music.song import Note, Song, Track

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


class Arranger:
    """Accompanies songs of any length.

    Attributes:
        accompanist: the generator.
        manifest: what it is.
    """

    def __init__(self, accompanist: Accompanist) -> None:
        self.accompanist = accompanist
        self.manifest = accompanist.manifest

    def arrange(self, song: Song, options: Options) -> Arrangement:
        """Accompanies a song.

        Args:
            song: its tracks other than the melody are left out, with a warning, unless something of
                them is kept.
            options: the caller's choices.

        Returns:
            The song, as long as its melody.

        Raises:
            MusicError: `no_notes`, `drums_only`, `too_long`, `bad_option`, `unknown_instrument`.
            ModelError: if the generator fails.
        """
        return finish(self.arrange_in_turns(song, options), self.accompanist)

    def arrange_in_turns(self, song: Song, options: Options) -> Turns[Arrangement]:
        """Does what `arrange` does, while somebody else asks the generator."""
        index = choose_melody(song, options.melody_track)
        names = self.manifest.tracks
        parts = find_parts(song, index, names[1:]) if options.freezes else []
        warnings = warn_of_left_out(song, index, parts)
        track, others = song.tracks[index], [None if i is None else song.tracks[i] for i in parts]
        melody_program, programs = choose_programs(options.instruments, self._programs(others))
        program = track.program if melody_program is None else melody_program
        melody = replace(track, name=track.name or "Melody", program=program)

        song = replace(song, tracks=(melody, *(part for part in others if part)))
        beat, bar = self.manifest.steps_per_beat, self.manifest.bar_steps
        grid = grid_of_song(song, steps_per_beat=beat, bar_steps=bar)
        kept, told = keep(options, grid, others, names)
        warnings += told
        line = line_of_notes(grid, melody.notes)
        keys = keys_of_cells(grid, line, find_song_key(song, melody.notes))
        [(key, _)] = Counter(keys).most_common(1)
        register = choose_register(line, key, self.manifest)
        windows = hear(grid, line, register, keys, self.manifest)
        answer = yield from answer_song(self.accompanist, grid, windows, register, kept, options)
        heard_keys = [Key((k.tonic + register.key_shift) % OCTAVE, k.mode) for k in keys]
        roll, onset = _shape(answer, windows.line, heard_keys, grid, line, options)
        roll, onset = (move_pitches(part, answer.semitones) for part in (roll, onset))
        roll, onset = kept.without(roll, onset)

        written = _write(grid, line, melody.notes, kept, roll, onset)
        tracks = [
            Track(name.title(), program, notes)
            for name, program, notes in zip(names[1:], programs, written, strict=True)
        ]
        roll, onset = kept.lay_over(roll, onset)
        melody_roll, _ = roll_of_notes(grid.step_notes(melody.notes), 1, grid.steps)
        warnings += warn_of_chords(melody_roll) + warn_of_octave(options.octave, answer.octave)
        warnings += warn_of_register(line, windows.line, register, answer.shift, self.manifest)
        if not roll.any():
            warnings.append("The model answered with silence; it may need more training.")
        top = np.where(line.sounding, line.pitch, REST)
        keys_of_steps = [
            k for k, cell in zip(keys, grid.cells, strict=True) for _ in range(cell.steps)
        ]
        return Arrangement(
            song=replace(song, tracks=(melody, *tracks)),
            seed=options.seed,
            warnings=tuple(warnings),
            metrics=measure(top, roll, onset, keys_of_steps, beat),
            key=key,
            roll=np.concatenate([melody_roll[..., None], roll], axis=2),
            seams=answer.seams,
        )

    def _programs(self, parts: list[Track | None]) -> list[int]:
        """The model's programs, those of the song's own parts before them."""
        melody, *others = self.manifest.programs
        own = [None if part is None else part.program for part in parts] or [None] * len(others)
        return [melody, *(o if p is None else p for o, p in zip(others, own, strict=True))]


def _shape(
    answer: GridAnswer, heard: IntArray, keys: list[Key], grid: Grid, line: Line, options: Options
) -> tuple[BoolArray, BoolArray]:
    """Makes the answer `(time, 128, track)` as dense as wanted, with rests where they belong."""
    roll, onset = change_density(
        answer.roll, answer.onset, heard, keys, grid, density=options.density, seed=options.seed
    )
    roll, onset = answer.kept.lay_over(roll, onset)
    may_rest = ~np.any(changes(roll, onset) & answer.kept.steps, axis=1)
    roll, onset = rest_on_chords(roll, onset, heard, keys[-1], grid, line, may_rest)
    roll &= sounding_steps(grid, line)[:, None, None]
    return roll, (onset & roll) | newly_sounding(roll)


def _write(
    grid: Grid,
    line: Line,
    melody: tuple[Note, ...],
    kept: Kept,
    roll: BoolArray,
    onset: BoolArray,
) -> list[tuple[Note, ...]]:
    """Writes the notes of each track of `(time, 128, track)`, and between them those kept."""
    span = min(note.start for note in melody), max(note.end for note in melody)
    return [
        kept.fit(i, write_notes(grid, line, span, roll[..., i], onset[..., i]))
        for i in range(roll.shape[2])
    ]
