"""What an evaluation found, with its gates and goals, as numbers and as a table."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from music.headline import Factors, reference

FORM_GATE = 0.99
NEAR_COPIES_GATE = 0.10
DIVERSITY_GATE = (0.30, 0.80)

# name of the attribute, title, value of real Bach, lower and upper bound of the goal
GOALS: tuple[tuple[str, str, str, float | None, float | None], ...] = (
    ("form", "form: one pitch per voice and step", "1.00", FORM_GATE, None),
    ("qualified_notes", "qualified notes (eighth or longer)", ".97", 0.93, 0.99),
    ("overlap", "D, overlap with the training music", ".929", 0.82, None),
    ("ffd8", "FFD8, Frechet distance on eighths", "2.0", None, 5.0),
    ("ffd", "FFD, Frechet distance", "2.1", None, 12.0),
    ("c2st_auc", "C2ST, real or not (AUC)", ".49", None, 0.92),
    ("full_chord", "full chords", ".889", 0.80, None),
    ("diss", "dissonance with the melody", ".077", None, 0.12),
    ("outer_cons", "melody and bass consonant", ".928", 0.85, None),
    ("mel_fit", "melody fits the chord", ".965", 0.925, 1.0),
    ("pcs", "consonance score", ".665", 0.585, 0.745),
    ("voice_errors", "voice errors", ".05-.06", None, 0.12),
    ("near_copies", "near copies of training music", ".04", None, NEAR_COPIES_GATE),
    ("nearest_median", "distance to training music, median", ".45", 0.35, None),
    ("diversity", "difference between takes", ".625", *DIVERSITY_GATE),
)


@dataclass(frozen=True)
class Quality:
    """Every number of an evaluation. Shares are 0..1.

    Attributes:
        form: voice-steps with exactly one pitch.
        qualified_notes: accompanying notes of an eighth or longer.
        overlap: D; also the similarity index, 1 for the training set against itself.
        ffd: Frechet feature distance.
        ffd8: the same after the accompaniment of both sides was copied from even to odd steps.
        c2st_auc: how well a classifier tells it from the real music; None if left out.
        full_chord: beats with a triad or seventh chord.
        diss: dissonant pairs with the melody on beats.
        outer_cons: beats with melody and bass consonant.
        mel_fit: accompanying chords that the melody leaves chords.
        pcs: mean consonance with the melody, -1..1.
        mbh: overlap of the melody-bass interval histogram with the training phrases.
        in_scale: cells inside the best fitting scale of the phrase.
        tonal_distance: of melody and accompaniment.
        parallels: parallel fifths, octaves and unisons per beat transition.
        crossing: steps with crossed voices.
        spacing: steps with neighbours more than an octave apart.
        step_rate: melodic moves by a semitone or a whole tone.
        odd16: phrases that change on an odd sixteenth.
        note_count: accompanying notes of a phrase.
        near_copies: phrases nearer than .25 to a training phrase.
        nearest_median: median distance to the nearest training phrase.
        diversity: differing cells between two draws; None for one draw.
        factors: the factors of the headline.
        phrases: how many phrases were measured.
    """

    form: float
    qualified_notes: float
    overlap: float
    ffd: float
    ffd8: float
    c2st_auc: float | None
    full_chord: float
    diss: float
    outer_cons: float
    mel_fit: float
    pcs: float
    mbh: float
    in_scale: float
    tonal_distance: float
    parallels: float
    crossing: float
    spacing: float
    step_rate: float
    odd16: float
    note_count: float
    near_copies: float
    nearest_median: float
    diversity: float | None
    factors: Factors
    phrases: int

    @property
    def headline(self) -> float:
        """The HEADLINE, 0..100. It counts only if the result is not `gated`."""
        return self.factors.headline

    @property
    def voice_errors(self) -> float:
        """Parallels, crossing and spacing together."""
        return self.parallels + self.crossing + self.spacing

    @property
    def gates(self) -> Mapping[str, bool]:
        """Which gates are held. One draw cannot show diversity, so it does not hold that gate."""
        low, high = DIVERSITY_GATE
        return {
            "form": self.form >= FORM_GATE,
            "memorisation": self.near_copies <= NEAR_COPIES_GATE,
            "diversity": self.diversity is not None and low <= self.diversity <= high,
        }

    @property
    def gated(self) -> bool:
        """Whether a gate fails, so that the headline does not count."""
        return not all(self.gates.values())

    def as_dict(self) -> dict[str, Any]:
        """Returns all numbers, gates and the headline, ready for JSON."""
        return {
            "headline": self.headline,
            "gated": self.gated,
            "gates": dict(self.gates),
            **dataclasses.asdict(self),
            "voice_errors": self.voice_errors,
        }

    def table(self) -> str:
        """Returns the numbers beside those of real Bach and their goals, as text."""
        lines = [f"{'':36}{'this':>8}{'real':>9}  goal"]
        for name, title, real, low, high in GOALS:
            value = getattr(self, name)
            shown = "-" if value is None else f"{value:.3f}"
            lines.append(f"{title:36}{shown:>8}{real:>9}  {_goal(value, low, high)}")
        real_values = reference().real
        for name, title in (
            ("mbh", "melody-bass intervals, overlap"),
            ("step_rate", "moves by step"),
            ("odd16", "phrases with sixteenths"),
            ("note_count", "notes of a phrase"),
        ):
            lines.append(f"{title:36}{getattr(self, name):>8.3f}{real_values[name]:>9.3g}")
        parts = ", ".join(f"{k} {v:.2f}" for k, v in dataclasses.asdict(self.factors).items())
        failed = ", ".join(name for name, held in self.gates.items() if not held)
        verdict = f"gated by {failed}" if failed else "gates held"
        return "\n".join([*lines, f"HEADLINE {self.headline:.1f} ({verdict}): {parts}"])


def _goal(value: float | None, low: float | None, high: float | None) -> str:
    parts = [f">= {low:g}"] if low is not None else []
    parts += [f"<= {high:g}"] if high is not None else []
    text = ", ".join(parts)
    if value is None:
        return text
    missed = (low is not None and value < low) or (high is not None and value > high)
    return f"{text}  {'missed' if missed else 'ok'}"
