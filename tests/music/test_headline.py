import math

import pytest

from music.headline import Factors, factors, reference

REAL = dict(reference().real)


def test_real_values_score_100():
    found = factors(REAL)
    assert found == Factors(1.0, 1.0, 1.0, 1.0, 1.0)
    assert found.headline == pytest.approx(100.0)


def test_the_constants_are_the_published_ones():
    known = reference()
    assert known.real["D_overlap"] == pytest.approx(0.929, abs=5e-4)
    assert known.random_in_scale["FFD8"] == pytest.approx(168.7, abs=0.05)
    assert known.shuffled["pcs"] == pytest.approx(0.2296, abs=5e-5)


def test_floors_are_floors():
    floors = {**REAL, **reference().random_in_scale}
    found = factors(floors)
    assert found.likeness == found.frechet == 0.01
    assert found.voice_leading == found.rhythm == 1.0
    # within one standard deviation of the shuffled ones each consonance term is sd / distance
    found = factors({**REAL, **reference().shuffled})
    expected = [
        reference().real_sd[name] / abs(REAL[name] - reference().shuffled[name])
        for name in ("full_chord_rate", "mel_fit", "outer_cons", "diss_beat", "pcs", "mbh")
    ]
    assert found.consonance == pytest.approx(sum(expected) / 6)


def test_a_row_of_the_published_table_by_hand():
    """Octave copies, published as 9.6: more consonant than Bach, and no better for it."""
    copies = {
        **REAL,
        "D_overlap": 0.45,
        "FFD8": 1636.0,
        "full_chord_rate": 0.0,
        "mel_fit": 1.0,
        "outer_cons": 1.0,
        "diss_beat": 0.0,
        "pcs": 1.0,
        "mbh": 0.199,
        "voice_errors": 4.3,
        "step_rate": 0.867,
        "odd16": 0.059,
        "qualified_notes": 0.983,
        "note_count": 21.0,
    }
    assert factors(copies).headline == pytest.approx(9.6, abs=0.2)


@pytest.mark.parametrize(
    ("name", "value", "factor", "expected"),
    [
        ("D_overlap", 0.99, "likeness", 1.0),
        ("D_overlap", (0.9294913755802424 + 0.4872703381063534) / 2, "likeness", 0.5),
        ("FFD8", 0.0, "frechet", 1.0),
        ("FFD8", math.sqrt(2.0 * 168.73034073837098), "frechet", 0.5),
        ("diss_beat", 0.0, "consonance", 1 - (0.0771695 - 0.0055060) / 0.2403014 / 6),
        ("diss_beat", 0.08, "consonance", 1.0),  # within a standard deviation
        ("voice_errors", 0.18, "voice_leading", 0.75),
        ("voice_errors", 9.0, "voice_leading", 0.5),
        ("step_rate", 0.885, "voice_leading", 0.75),
        ("odd16", 0.5, "rhythm", 2 / 3),
        ("qualified_notes", 0.895, "rhythm", 1 - 0.5 / 3),
        ("note_count", 30.6, "rhythm", 1 - 0.5 / 3),
        ("note_count", math.nan, "rhythm", 2 / 3),
    ],
)
def test_each_term_by_hand(name, value, factor, expected):
    assert getattr(factors({**REAL, name: value}), factor) == pytest.approx(expected, abs=1e-5)


def test_one_weakness_is_not_hidden():
    assert Factors(1.0, 1.0, 1.0, 0.01, 1.0).headline == pytest.approx(100 * 0.01**0.2)
