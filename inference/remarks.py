"""What a caller is told of one song, a sentence each."""

import numpy as np
from numpy.typing import NDArray

from inference.hearing import OCTAVE, Line, Register
from music.manifest import Manifest

CHORDAL = 0.1  # above this share of time with several notes a melody track is chords

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def warn_of_chords(melody_roll: BoolArray) -> list[str]:
    """Says if the melody `(time, 128)` often has several notes at once."""
    together = melody_roll.sum(axis=1)
    if np.count_nonzero(together > 1) <= CHORDAL * np.count_nonzero(together):
        return []
    return ["The melody track plays several notes at once; the highest were taken as the melody."]


def warn_of_octave(wanted: int, moved: int) -> list[str]:
    """Says by how many octaves the accompaniment was moved, if not by those wanted."""
    if wanted == moved:
        return []
    return [
        f"The accompaniment was moved by {moved} octaves, not {wanted}: there are no more pitches."
    ]


def warn_of_register(
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
