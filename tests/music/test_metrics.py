import numpy as np
import pytest

from music.errors import MusicError
from music.keys import Key
from music.metrics import empty_bar_rate, in_scale_rate, pitches_used, polyphonic_rate


def roll_of(*tracks, steps=32):
    """One phrase; each track is a list of (first step, last step, pitch)."""
    roll = np.zeros((1, steps, 128, len(tracks)), bool)
    for track, notes in enumerate(tracks):
        for start, end, pitch in notes:
            roll[0, start:end, pitch, track] = True
    return roll


def held(*pitches):
    return [(0, 32, pitch) for pitch in pitches]


def test_empty_bars_are_empty():
    """The published function says 1, .5 and 0 here."""
    roll = roll_of([(0, 1, 60), (31, 32, 60)], [(16, 32, 60)], [])
    assert empty_bar_rate(roll).tolist() == [0.0, 0.5, 1.0]
    assert empty_bar_rate(roll, steps_per_bar=8).tolist() == [0.5, 0.5, 1.0]
    with pytest.raises(MusicError, match="32 steps are no whole number of bars of 12"):
        empty_bar_rate(roll, steps_per_bar=12)


def test_pitches_are_counted_once_a_phrase():
    roll = roll_of([(0, 8, 60), (8, 16, 72), (16, 24, 60)], [], [(0, 32, 0), (0, 32, 127)])
    assert pitches_used(roll).tolist() == [2.0, 0.0, 2.0]
    assert pitches_used(np.concatenate([roll, roll_of([], [], [])])).tolist() == [1.0, 0.0, 1.0]


C_MAJOR_SCALE = (60, 62, 64, 65, 67, 69, 71)


@pytest.mark.parametrize(
    ("pitches", "rate"),
    [
        (C_MAJOR_SCALE, 1.0),  # published: .625; pypianoroll 1.0.4: .857
        ((61,), 0.0),  # published: 1
        ((72,), 1.0),  # published: 0
        (tuple(range(24, 108)), 7 / 12),
        ((60, 61, 60 + 24, 61 + 24), 0.5),
    ],
)
def test_the_scale_is_folded_by_octaves(pitches, rate):
    assert in_scale_rate(roll_of(held(*pitches))).tolist() == [pytest.approx(rate)]


def test_the_scale_of_the_detected_key():
    d_major = roll_of(held(*(pitch + 2 for pitch in C_MAJOR_SCALE)))
    assert in_scale_rate(d_major).tolist() == [pytest.approx(5 / 7)]
    assert in_scale_rate(d_major, [Key(2, "major")]).tolist() == [1.0]
    a_minor = roll_of(held(57, 59, 60, 62, 64, 65, 68), [])
    assert in_scale_rate(a_minor, [Key(9, "minor")]).tolist() == [1.0, 0.0]
    both = np.concatenate([d_major, roll_of(held(60))])
    assert in_scale_rate(both, [Key(2, "major"), Key(0, "major")]).tolist() == [1.0]
    with pytest.raises(MusicError, match="2 keys were given for 1 phrases"):
        in_scale_rate(d_major, [Key(0, "major")] * 2)


def test_polyphony():
    roll = roll_of([(0, 8, 60), (4, 8, 64), (4, 6, 67)], held(60))
    assert polyphonic_rate(roll).tolist() == [4 / 32, 0.0]
    assert polyphonic_rate(roll, threshold=3).tolist() == [2 / 32, 0.0]


def test_scaled_rolls_and_other_shapes_are_refused():
    """On rolls of -1 and 1 the published metrics are constants; here they are a fault."""
    with pytest.raises(MusicError, match="must be bool; received float64"):
        polyphonic_rate(np.where(roll_of(held(60)), 1.0, -1.0))
    with pytest.raises(MusicError, match=r"`roll` must have shape"):
        pitches_used(np.zeros((32, 128, 1), bool))
