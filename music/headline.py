"""The HEADLINE: one number for the quality of an accompanist, 0..100.

It is `100 (D' F' C' V' R')^(1/5)`: like the training music in all features one by one (D') and
together (F'), consonant as real music is (C'), with its voice leading (V') and its rhythm (R').
Each factor is 1 at the value of real Bach and about 0 at that of a random or shuffled
accompaniment; closeness counts, so that more consonant than Bach is no better than less. The
geometric mean lets no strength hide a weakness: copies of the melody an octave down score 10.

The constants in `reference.json` come from two-bar windows of the Bach chorales: `real` and
`real_sd` from 12 splits by tune, `random_in_scale` and `shuffled` from accompaniments of the test
melodies by random notes of the scale and by other chorales in the same key. They hold for about
373 phrases: the Frechet distance grows as phrases become fewer.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FLOOR = 0.01  # a factor of 0 would hide all differences in the others
SHUFFLED_TERMS = ("full_chord_rate", "mel_fit", "outer_cons", "diss_beat", "pcs", "mbh")


@dataclass(frozen=True)
class Reference:
    """What real music and the floors measure, by the names in `reference.json`."""

    real: Mapping[str, float]
    real_sd: Mapping[str, float]
    random_in_scale: Mapping[str, float]
    shuffled: Mapping[str, float]


@dataclass(frozen=True)
class Factors:
    """The five factors of the HEADLINE, each .01..1."""

    likeness: float
    frechet: float
    consonance: float
    voice_leading: float
    rhythm: float

    @property
    def headline(self) -> float:
        """The geometric mean of the factors, times 100."""
        product = self.likeness * self.frechet * self.consonance * self.voice_leading * self.rhythm
        return float(100.0 * product**0.2)


@lru_cache(maxsize=1)
def reference() -> Reference:
    """Reads the constants of the HEADLINE."""
    return Reference(**json.loads(Path(__file__).with_name("reference.json").read_text("utf-8")))


def factors(values: Mapping[str, float]) -> Factors:
    """Computes the factors of the HEADLINE.

    Args:
        values: measurements by the names of `Reference.real`; `FFD` is not needed. A NaN is the
            worst value.
    """
    known = reference()
    real, floor = known.real, known.random_in_scale
    likeness = (values["D_overlap"] - floor["D_overlap"]) / (real["D_overlap"] - floor["D_overlap"])
    # a distance of 0 would have no logarithm; anything below the real one is as good as real
    ratio = max(values["FFD8"], 1e-9) / real["FFD8"]
    frechet = 1.0 - math.log(ratio) / math.log(floor["FFD8"] / real["FFD8"])
    consonance = [_consonance_term(name, values[name], known) for name in SHUFFLED_TERMS]
    voice_leading = [
        _closeness(values["voice_errors"], real["voice_errors"], 0.25),
        _closeness(values["step_rate"], real["step_rate"], 0.30),
    ]
    rhythm = [
        _closeness(values["odd16"], real["odd16"], 0.25),
        _closeness(values["qualified_notes"], real["qualified_notes"], 0.15),
        _closeness(values["note_count"], real["note_count"], 12.0),
    ]
    return Factors(
        *(
            _clip(factor, FLOOR)
            for factor in (
                likeness,
                frechet,
                _mean(consonance),
                _mean(voice_leading),
                _mean(rhythm),
            )
        )
    )


def _consonance_term(name: str, value: float, known: Reference) -> float:
    real, scale = known.real[name], abs(known.real[name] - known.shuffled[name])
    return _clip(1.0 - max(0.0, abs(value - real) - known.real_sd[name]) / scale, 0.0)


def _closeness(value: float, real: float, tolerance: float) -> float:
    return _clip(1.0 - abs(value - real) / tolerance, 0.0)


def _clip(value: float, low: float) -> float:
    return low if math.isnan(value) else min(1.0, max(low, value))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
