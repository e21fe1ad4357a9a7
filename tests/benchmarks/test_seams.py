"""The benchmark counts what it says, on voices written by hand."""

import numpy as np
import pytest

from benchmarks.seams import COLUMNS, Piece, ends_of, errors_at, summarise

CHORD = (72, 67, 64, 48)


def piece(*beats, held=()):
    """Four voices, a chord a beat, each struck but the voices and beats `held`."""
    pitch = np.repeat(np.array(beats), 4, axis=0)
    onset = np.zeros(pitch.shape, dtype=bool)
    onset[::4] = True
    for beat, voice in held:
        onset[4 * beat, voice] = False
    return Piece(pitch, onset, 0, np.array([4]))


@pytest.mark.parametrize(
    ("after", "held", "expected"),
    [
        (CHORD, [(1, 1), (1, 2)], {"repeated": 1 / 3}),
        ((72, 67, 64, 56), [], {"repeated": 2 / 3, "leaps": 1 / 3}),
        ((74, 67, 64, 50), [], {"repeated": 2 / 3, "parallels": 1, "dissonance": 1 / 3}),
        ((72, 63, 64, 48), [], {"repeated": 2 / 3, "crossing": 1}),
        ((72, 59, 58, 48), [], {"leaps": 1 / 3, "spacing": 1, "repeated": 1 / 3}),
    ],
)
def test_errors(after, held, expected):
    found = dict(
        zip(COLUMNS, errors_at(piece(CHORD, after, held=held), np.array([4])), strict=True)
    )
    for name in ("repeated", "leaps", "parallels", "crossing", "spacing"):
        assert found[name] == pytest.approx(expected.get(name, 0)), name
    assert found["voice errors"] == found["parallels"] + found["crossing"] + found["spacing"]


def test_seams_are_told_from_other_beats():
    table = summarise([piece(CHORD, (74, 67, 64, 50), CHORD, CHORD)])
    assert table["seams"]["beats"] == 1
    assert table["seams"]["parallels"] == 100
    assert table["other beats"]["beats"] == 2
    assert table["other beats"]["parallels"] == 50  # back again


def test_moves_under_long_notes():
    still = [(beat, voice) for beat in (1, 2, 3) for voice in range(4)]
    ends = ends_of(piece(*[CHORD] * 6, held=still))
    # Four held beats and two of one each, of which the last is the end.
    assert ends["long notes"].tolist() == [0, 4, 1, 1]
    assert ends["last note"].tolist() == [0, 1, 1, 1]
    still.remove((2, 3))  # the bass is struck again
    assert ends_of(piece(*[CHORD] * 6, held=still))["long notes"].tolist() == [1, 4, 1, 1]
