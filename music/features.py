"""The features by which a set of phrases is compared with the training phrases.

Eighteen scalars say how a phrase's accompaniment fits its melody, how its voices move and how
much happens in it; six histograms say which pitch classes, note lengths, chords and outer
intervals it uses. Pitch classes count from the tonic of the phrase's key, so that transposing a
phrase changes nothing.

The overlap D compares all of them, one by one; the Frechet distance compares 69 numbers together:
the scalars and the four short histograms.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music import harmony, motion
from music.errors import MusicError
from music.harmony import Floats, Pitches

SCALARS = (
    "full_chord",
    "mel_fit",
    "outer_cons",
    "diss",
    "pcs",
    "in_scale",
    "tonal_distance",
    "parallels",
    "crossing",
    "spacing",
    "notes",
    "move",
    "step_rate",
    "range",
    "pitches",
    "pitch_classes",
    "qualified_notes",
    "inter_onset",
)
# Pitch class and length histograms and their transitions after Yang and Lerch 2018 (mgeval).
SHORT_HISTOGRAMS = ("pitch_class", "length", "chord", "melody_bass")
HISTOGRAMS = (*SHORT_HISTOGRAMS, "pitch_class_transition", "length_transition")


@dataclass(frozen=True, eq=False)
class Features:
    """What was measured of `n` phrases.

    Attributes:
        rates: shares with their chances, for numbers over all phrases together.
        scalars: `(n, 18)`, in the order of `SCALARS`.
        histograms: by name, `(n, classes)`; each row sums to 1, or to 0 without notes.
        odd16: `(n,)`, whether an accompanying voice changes on an odd sixteenth.
    """

    rates: Mapping[str, harmony.Rate]
    scalars: Floats
    histograms: Mapping[str, Floats]
    odd16: NDArray[np.bool_]

    @property
    def vectors(self) -> Floats:
        """The 69 numbers of each phrase that are compared together, `(n, 69)`."""
        short = [self.histograms[name] for name in SHORT_HISTOGRAMS]
        return np.concatenate([self.scalars, *short], axis=1)

    def mean(self, scalar: str) -> float:
        """The mean over phrases of one of the scalars."""
        return float(self.scalars[:, SCALARS.index(scalar)].mean())


def measure(pitch: Pitches, tonic: Pitches) -> Features:
    """Measures phrases.

    Args:
        pitch: `(n, time, voice)`, MIDI pitches or -1; voice 0 the melody, the last voice the
            bass; `time` a whole number of beats.
        tonic: `(n,)`, the pitch class of each phrase's key.

    Raises:
        MusicError: `bad_phrases` if the shapes do not fit.
    """
    if pitch.ndim != 3 or pitch.shape[1] % harmony.STEPS_PER_BEAT or pitch.shape[2] < 2:
        raise MusicError(
            "bad_phrases",
            f"`pitch` must be (n, time, voice) in whole beats; received {pitch.shape}.",
            "Give the melody as voice 0 and at least one voice beside it.",
        )
    wide, home = pitch.astype(np.int64), np.asarray(tonic, np.int64)
    rates = _rates(wide)
    return Features(
        rates=rates,
        scalars=_scalars(wide, rates),
        histograms=_histograms(wide, home),
        odd16=motion.odd_changes(wide[..., 1:]),
    )


def _rates(pitch: Pitches) -> dict[str, harmony.Rate]:
    accompaniment = pitch[..., 1:]
    return {
        "full_chord": harmony.full_chord_rate(pitch),
        "mel_fit": harmony.melody_fit(pitch),
        "outer_cons": harmony.outer_consonance(pitch),
        "diss": harmony.dissonance(pitch),
        "pcs": harmony.consonance(pitch),
        "in_scale": harmony.best_scale_rate(pitch),
        "tonal_distance": harmony.tonal_distance(pitch),
        "parallels": motion.parallels(pitch),
        "crossing": motion.crossings(pitch),
        "spacing": motion.wide_spacing(pitch),
        "move": motion.mean_move(accompaniment),
        "step_rate": motion.steps_of_moves(accompaniment),
        "qualified_notes": motion.qualified_notes(motion.note_list(accompaniment)),
    }


def _scalars(pitch: Pitches, rates: Mapping[str, harmony.Rate]) -> Floats:
    accompaniment = pitch[..., 1:]
    used = harmony.pitch_class_counts(accompaniment) > 0
    others = {
        "notes": motion.note_counts(motion.note_list(accompaniment)),
        "range": motion.mean_range(accompaniment),
        "pitches": motion.pitches_per_voice(accompaniment),
        "pitch_classes": used.sum(axis=1).astype(float),
        "inter_onset": motion.inter_onset(accompaniment),
    }
    return np.stack(
        [others[name] if name in others else rates[name].each for name in SCALARS], axis=1
    )


def _histograms(pitch: Pitches, tonic: Pitches) -> dict[str, Floats]:
    accompaniment = pitch[..., 1:]
    notes = motion.note_list(accompaniment)
    at_tonic = np.where(accompaniment >= 0, accompaniment - tonic[:, None, None] + 12, -1)
    counts = harmony.pitch_class_counts(at_tonic)
    return {
        "pitch_class": counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
        "length": motion.length_histogram(notes),
        "chord": harmony.chord_histogram(pitch),
        "melody_bass": harmony.melody_bass_histogram(pitch),
        "pitch_class_transition": motion.pitch_class_transitions(notes, tonic),
        "length_transition": motion.length_transitions(notes),
    }
