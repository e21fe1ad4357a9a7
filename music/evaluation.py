"""Evaluates accompaniments of given melodies against real music.

    evaluator = Evaluator(phrases.part("train"))
    quality = evaluator.evaluate(phrases.part("valid"), accompaniments)
    print(quality.table())

None of these metrics is a loss; do not train on them, or they measure nothing any more.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.distances import (
    FrechetReference,
    classifier_auc,
    diversity,
    histogram_overlap,
    nearest_training,
    overlap,
)
from music.errors import MusicError
from music.features import Features, measure
from music.harmony import Pitches
from music.headline import factors
from music.phrases import PhraseSet
from music.quality import Quality

NEAR = 0.25  # a phrase that differs from a training phrase in fewer cells is a near copy


class Evaluator:
    """Holds what must be known of the training phrases, so that evaluations are quick.

    Args:
        train: the training phrases; voice 0 is the melody.
    """

    def __init__(self, train: PhraseSet) -> None:
        self._accompaniment = train.pitch[..., 1:]
        self._features = measure(train.pitch, train.tonic)
        self._frechet = FrechetReference(self._features.vectors)
        on_eighths = measure(hold_eighths(train.pitch), train.tonic)
        self._frechet_on_eighths = FrechetReference(on_eighths.vectors)

    def evaluate(
        self,
        reference: PhraseSet,
        accompaniments: NDArray[np.integer[Any]],
        *,
        rolls_form: float | None = None,
        quick: bool = False,
    ) -> Quality:
        """Measures accompaniments of the melodies of `reference`.

        Args:
            reference: the phrases whose melodies were accompanied, `n` of them.
            accompaniments: `(draws, n, time, voice - 1)`, MIDI pitches or -1. The first draw is
                measured; all of them count for diversity.
            rolls_form: the share of voice-steps with exactly one pitch before any clean-up; counted
                in `accompaniments` by default, where a rest is none.
            quick: leave out C2ST; with phrases of one song only it is left out anyhow.

        Raises:
            MusicError: `bad_accompaniments` if the shape or a pitch is not as expected.
        """
        _check(reference, accompaniments)
        first = np.concatenate([reference.pitch[..., :1], accompaniments[0]], axis=-1)
        found = measure(first, reference.tonic)
        on_eighths = measure(hold_eighths(first), reference.tonic)
        nearest = nearest_training(accompaniments[0], self._accompaniment)
        auc = None
        if not quick and len(np.unique(reference.source)) > 1:  # folds are divided by song
            real_vectors = measure(reference.pitch, reference.tonic).vectors
            auc = classifier_auc(found.vectors, real_vectors, reference.source)
        values = _values(found, self._features)
        values["FFD8"] = self._frechet_on_eighths.distance(on_eighths.vectors)
        rates = {name: item.overall for name, item in found.rates.items()}
        return Quality(
            form=float(np.mean(accompaniments >= 0)) if rolls_form is None else rolls_form,
            qualified_notes=rates["qualified_notes"],
            overlap=values["D_overlap"],
            ffd=self._frechet.distance(found.vectors),
            ffd8=values["FFD8"],
            c2st_auc=auc,
            full_chord=rates["full_chord"],
            diss=rates["diss"],
            outer_cons=rates["outer_cons"],
            mel_fit=rates["mel_fit"],
            pcs=rates["pcs"],
            mbh=values["mbh"],
            in_scale=rates["in_scale"],
            tonal_distance=rates["tonal_distance"],
            parallels=rates["parallels"],
            crossing=rates["crossing"],
            spacing=rates["spacing"],
            step_rate=rates["step_rate"],
            odd16=values["odd16"],
            note_count=values["note_count"],
            near_copies=float(np.mean(nearest < NEAR)),
            nearest_median=float(np.median(nearest)),
            diversity=diversity(accompaniments),
            factors=factors(values),
            phrases=len(reference),
        )


def evaluate(
    reference: PhraseSet,
    accompaniments: NDArray[np.integer[Any]],
    train: PhraseSet,
    *,
    rolls_form: float | None = None,
    quick: bool = False,
) -> Quality:
    """Evaluates once; see `Evaluator`, which is quicker for more than one time."""
    return Evaluator(train).evaluate(reference, accompaniments, rolls_form=rolls_form, quick=quick)


def hold_eighths(pitch: Pitches) -> Pitches:
    """Copies the accompaniment of `(n, time, voice)` from even to odd steps."""
    held = pitch.copy()
    held[:, 1::2, 1:] = held[:, 0::2, 1:]
    return held


def _values(found: Features, training: Features) -> dict[str, float]:
    """Returns the measurements that the headline needs, but for FFD8."""
    rates = found.rates
    return {
        "D_overlap": overlap(found, training),
        "full_chord_rate": rates["full_chord"].overall,
        "mel_fit": rates["mel_fit"].overall,
        "outer_cons": rates["outer_cons"].overall,
        "diss_beat": rates["diss"].overall,
        "pcs": rates["pcs"].overall,
        "mbh": histogram_overlap(found, training, "melody_bass"),
        "voice_errors": sum(rates[n].overall for n in ("parallels", "crossing", "spacing")),
        "step_rate": rates["step_rate"].overall,
        "odd16": float(found.odd16.mean()),
        "qualified_notes": rates["qualified_notes"].overall,
        "note_count": found.mean("notes"),
    }


def _check(reference: PhraseSet, accompaniments: NDArray[np.integer[Any]]) -> None:
    n, steps, voices = reference.pitch.shape
    expected = (n, steps, voices - 1)
    if accompaniments.ndim != 4 or accompaniments.shape[1:] != expected or not len(accompaniments):
        raise MusicError(
            "bad_accompaniments",
            f"`accompaniments` must have shape (draws, {n}, {steps}, {voices - 1}); "
            f"received {accompaniments.shape}.",
            "Give at least one draw for each melody.",
        )
    if (
        accompaniments.dtype.kind not in "iu"
        or accompaniments.min() < -1
        or (accompaniments.max() > 127)
    ):
        raise MusicError(
            "bad_accompaniments",
            f"Pitches must be integers from -1 to 127, not {accompaniments.dtype} "
            f"{accompaniments.min()} to {accompaniments.max()}.",
            "Turn rolls into voices with `music.rolls.roll_to_voices`.",
        )
