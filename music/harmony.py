"""How the voices sound together: chords, consonance, scales, tonal distance.

All functions take voices `(n, time, voice)`, MIDI pitches or -1, voice 0 the melody and the last
voice the bass. Chords are judged at *beat slices*, the first step of each beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.keys import HARMONIC_MINOR, MAJOR

STEPS_PER_BEAT = 4

Pitches = NDArray[np.integer]
Floats = NDArray[np.float64]

TRIADS: tuple[tuple[int, ...], ...] = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8))
SEVENTHS: tuple[tuple[int, ...], ...] = (
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 3, 6, 10),
    (0, 3, 6, 9),
)
# A chord type is the first of these that fits: four triads, five sevenths, a seventh without its
# third or fifth, a third or sixth, a fifth or fourth, one pitch class, and two kinds of the rest.
CHORD_TYPES = 15
_INCOMPLETE_SEVENTH, _THIRD, _FIFTH, _ONE, _OTHER_SMALL, _OTHER = range(9, 15)

CONSONANT = np.isin(np.arange(12), (0, 3, 4, 7, 8, 9))
DISSONANT = np.isin(np.arange(12), (1, 2, 6, 10, 11))
HARSH = np.isin(np.arange(12), (1, 11))
# Yeh et al. 2021 call it pitch consonance score; the fourth counts for neither side.
CONSONANCE_SCORE = np.where(CONSONANT, 1, np.where(np.arange(12) == 5, 0, -1))


@dataclass(frozen=True, eq=False)
class Rate:
    """How often something happens: `hits` out of `chances`, each `(n,)`, one entry per phrase."""

    hits: Floats
    chances: Floats

    @property
    def each(self) -> Floats:
        """The rate of each phrase, `(n,)`; 0 where there was no chance."""
        return np.divide(self.hits, self.chances, out=np.zeros(len(self.hits)), where=self.some)

    @property
    def some(self) -> NDArray[np.bool_]:
        """Which phrases had a chance at all."""
        return np.asarray(self.chances > 0)

    @property
    def overall(self) -> float:
        """The rate over all phrases together; 0 if there was no chance."""
        return float(self.hits.sum() / max(self.chances.sum(), 1e-12))


def rate(hits: NDArray[np.generic], chances: NDArray[np.generic]) -> Rate:
    """Sums hits and chances `(n, ...)` to a rate per phrase."""
    return Rate(
        np.asarray(hits, float).reshape(len(hits), -1).sum(axis=1),
        np.asarray(chances, float).reshape(len(chances), -1).sum(axis=1),
    )


def beat_slices(pitch: Pitches) -> Pitches:
    """Returns what sounds at the first step of each beat, `(n, beat, voice)`."""
    return pitch[:, ::STEPS_PER_BEAT]


def pitch_class_sets(pitch: Pitches) -> NDArray[np.int64]:
    """Returns the pitch classes along the last axis as a set of bits, 0..4095; rests add none."""
    bits = np.where(pitch >= 0, 1 << (pitch.astype(np.int64) % 12), 0)
    return np.asarray(np.bitwise_or.reduce(bits, axis=-1))


def chord_types(pitch: Pitches) -> NDArray[np.int64]:
    """Classifies chords `(..., voice)` by pitch class into 0..14, or -1 for silence."""
    return _TYPES[pitch_class_sets(pitch)]


def full_chord_rate(pitch: Pitches) -> Rate:
    """Beat slices whose voices form a triad or a seventh chord.

    Triads are major, minor, diminished or augmented and complete; of a seventh (dominant, major,
    minor, half-diminished, diminished) one tone that is not the root may be missing.
    """
    types = chord_types(beat_slices(pitch))
    return rate(_is_full(types), np.ones(types.shape))


def chord_rate(pitch: Pitches) -> Rate:
    """Beat slices that are full chords or consonances of one or two pitch classes."""
    types = chord_types(beat_slices(pitch))
    return rate(_is_tertian(types), np.ones(types.shape))


def melody_fit(pitch: Pitches) -> Rate:
    """Of the beat slices whose accompaniment is a chord by itself, those the melody keeps one."""
    slices = beat_slices(pitch)
    alone = _is_tertian(chord_types(slices[..., 1:]))
    return rate(alone & _is_tertian(chord_types(slices)), alone)


def outer_consonance(pitch: Pitches) -> Rate:
    """Beat slices where melody and bass form a third, sixth, fifth, unison or octave."""
    slices = beat_slices(pitch)
    both = (slices[..., 0] >= 0) & (slices[..., -1] >= 0)
    return rate(both & CONSONANT[(slices[..., 0] - slices[..., -1]) % 12], both)


def dissonance(pitch: Pitches) -> Rate:
    """Pairs of the melody and another voice at beat slices: seconds, sevenths and tritones."""
    interval, both = _melody_intervals(beat_slices(pitch))
    return rate(both & DISSONANT[interval], both)


def harshness(pitch: Pitches) -> Rate:
    """Pairs of the melody and another voice at beat slices: minor seconds, major sevenths."""
    interval, both = _melody_intervals(beat_slices(pitch))
    return rate(both & HARSH[interval], both)


def consonance(pitch: Pitches) -> Rate:
    """Mean of +1 (consonant), 0 (fourth), -1 (dissonant) over melody pairs at every step."""
    interval, both = _melody_intervals(pitch)
    return rate(np.where(both, CONSONANCE_SCORE[interval], 0), both)


def melody_bass_histogram(pitch: Pitches) -> Floats:
    """Shares of the 12 interval classes from bass up to melody at beat slices, `(n, 12)`."""
    slices = beat_slices(pitch)
    both = (slices[..., 0] >= 0) & (slices[..., -1] >= 0)
    interval = np.where(both, (slices[..., 0] - slices[..., -1]) % 12, -1)
    return np.asarray((interval[..., None] == np.arange(12)).mean(axis=1))


def chord_histogram(pitch: Pitches) -> Floats:
    """Shares of the 15 chord types at beat slices, `(n, 15)`; silent slices count for none."""
    types = chord_types(beat_slices(pitch))
    return np.asarray((types[..., None] == np.arange(CHORD_TYPES)).mean(axis=1))


def pitch_class_counts(pitch: Pitches) -> NDArray[np.int64]:
    """Counts the sounding cells of each pitch class over the last two axes, `(..., 12)`."""
    classes = np.where(pitch >= 0, pitch % 12, -1).reshape(*pitch.shape[:-2], -1)
    return np.stack([(classes == pitch_class).sum(axis=-1) for pitch_class in range(12)], axis=-1)


def best_scale_rate(pitch: Pitches) -> Rate:
    """Sounding cells inside the best fitting of the 24 major and harmonic minor scales."""
    counts = pitch_class_counts(pitch)
    return rate((counts @ _SCALES.T).max(axis=1), counts)


def tonal_distance(pitch: Pitches) -> Rate:
    """Distance of the tonal centroids of melody and accompaniment, averaged over beats.

    References:
        Harte, Sandler and Gasser, Detecting Harmonic Change in Musical Audio, 2006; radii 1, 1, .5.
    """
    n, steps, voices = pitch.shape
    beats = pitch.reshape(n, steps // STEPS_PER_BEAT, STEPS_PER_BEAT, voices)
    melody, accompaniment = pitch_class_counts(beats[..., :1]), pitch_class_counts(beats[..., 1:])
    weight, other = melody.sum(axis=-1), accompaniment.sum(axis=-1)
    centroid = melody @ _TONAL_SPACE / np.maximum(weight, 1)[..., None]
    other_centroid = accompaniment @ _TONAL_SPACE / np.maximum(other, 1)[..., None]
    both = (weight > 0) & (other > 0)
    return rate(both * np.linalg.norm(centroid - other_centroid, axis=-1), both)


def _melody_intervals(pitch: Pitches) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
    """Interval classes from each other voice up to the melody, and where both sound."""
    melody, others = pitch[..., :1], pitch[..., 1:]
    return (melody - others) % 12, (melody >= 0) & (others >= 0)


def _is_full(types: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((types >= 0) & (types <= _INCOMPLETE_SEVENTH))


def _is_tertian(types: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((types >= 0) & (types <= _ONE))


def _chord_type_table() -> NDArray[np.int64]:
    table = np.full(4096, -1)
    sevenths_with_gap: list[tuple[int, ...]] = [
        tuple(tone for tone in chord if tone != gap) for chord in SEVENTHS for gap in chord[1:]
    ]
    kinds: list[list[tuple[int, ...]]] = [[chord] for chord in (*TRIADS, *SEVENTHS)]
    kinds += [sevenths_with_gap, [(0, 3), (0, 4)], [(0, 7)], [(0,)]]
    for kind, chords in enumerate(kinds):
        for chord in chords:
            for root in range(12):
                members = sum(1 << (tone + root) % 12 for tone in chord)
                table[members] = kind if table[members] < 0 else table[members]
    for members in range(1, 4096):
        if table[members] < 0:
            table[members] = _OTHER_SMALL if members.bit_count() <= 3 else _OTHER
    return table


_TYPES = _chord_type_table()
_SCALES = np.array(
    [np.roll(scale, tonic) for scale in (MAJOR, HARMONIC_MINOR) for tonic in range(12)], np.int64
)
_ANGLES = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
_TONAL_SPACE = np.concatenate([np.sin(_ANGLES), np.cos(_ANGLES)], axis=1) * [1, 1, 0.5, 1, 1, 0.5]
