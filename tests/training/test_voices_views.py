import numpy as np
import pytest
import tensorflow as tf

from training.pitches import PitchSpace
from training.voices_views import Distances, Views, parallels

# Of float32, where the products would be exact: waves are not.
TOLERANCE = 1e-5


def term_by_term(low, high, distances, period):
    size = low.shape[-1]
    found = np.zeros((*low.shape[:-1], len(distances)))
    for column, distance in enumerate(distances):
        for place in range(size):
            other = place + distance if period is None else (place + distance) % period
            if 0 <= other < size:
                found[..., column] += low[..., place] * high[..., other]
    return found


@pytest.mark.parametrize(
    ("size", "first", "last", "period"),
    [(12, 0, 11, 12), (60, -7, 7, None), (9, -2, 1, None), (7, 0, 6, 7)],
)
def test_distances_are_counted_as_term_by_term(size, first, last, period):
    random = np.random.default_rng(0)
    low, high = random.random((2, 3, 5, size)).astype(np.float32)
    distances = Distances(size, first, last, period=period)
    found = distances.between(distances.low(tf.constant(low)), distances.high(tf.constant(high)))
    expected = term_by_term(low, high, range(first, last + 1), period)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_intervals_go_from_the_lower_voice_up():
    chroma = np.zeros((1, 1, 2, 12), np.float32)
    chroma[..., 0, 11] = chroma[..., 1, 4] = 1.0  # E up to B is a fifth
    found = Views(PitchSpace(48, 24)).intervals(tf.constant(chroma)).numpy()
    np.testing.assert_allclose(found, np.eye(12)[7][None, None, None], atol=TOLERANCE)


def test_moves_are_signed_and_bounded():
    space = PitchSpace(48, 24)
    line = space.one_hot(tf.constant([[[60], [62], [59], [71], [64], [64], [64], [64]]]))
    by_step, by_beat = (moves.numpy()[0, :, 0] for moves in Views(space).moves(line))
    expected = np.zeros((8, 15))
    # The octave up is further than the view reaches.
    for step, move in ((0, 0), (1, 2), (2, -3), (4, -7), (5, 0), (6, 0), (7, 0)):
        expected[step, 7 + move] = 1.0
    np.testing.assert_allclose(by_step, expected, atol=TOLERANCE)
    assert by_beat[:, 7:].argmax(axis=-1).tolist()[:6] == [0, 0, 0, 0, 4, 2]
    assert by_beat[7].argmax() == 0  # B down to E


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        ((48, 50), (55, 57), 1),  # C-G to D-A
        ((48, 50), (60, 62), 0),  # octaves
        ((48, 50), (55, 59), None),  # fifth to sixth
        ((48, 48), (55, 55), None),  # nobody moves
        ((48, 48), (60, 55), None),  # one moves
        ((48, 50), (52, 54), None),  # parallel thirds are fine
    ],
)
def test_parallels_are_perfect_intervals_kept_by_two_moving_voices(low, high, kind):
    space = PitchSpace(36, 48)
    lines = np.repeat([high, low], 4, axis=1)
    chroma = space.chroma(space.one_hot(tf.constant(lines.T[np.newaxis])))
    left = np.zeros((1, 8, 2, 1), np.float32)
    left[0, 4:, :, 0] = (lines[:, 4:] != lines[:, :4]).T
    found = parallels(Views(space).intervals(chroma), tf.constant(left)).numpy()[0, :, 0]
    assert np.all(found[:4] == 0.0)
    expected = np.zeros(2) if kind is None else np.eye(2)[kind]
    np.testing.assert_allclose(found[4:], np.tile(expected, (4, 1)), atol=TOLERANCE)


def test_notes_start_where_voices_move_and_at_the_beginning():
    space = PitchSpace(48, 24)
    pitch = np.array([[60, 55]] * 8)
    pitch[3:, 1] = 57
    onsets = Views(space).of(space.one_hot(tf.constant(pitch[np.newaxis])))[2].numpy()[0]
    expected = np.zeros((8, 2))
    expected[0] = expected[3, 1] = 1.0
    np.testing.assert_allclose(onsets, expected, atol=TOLERANCE)
