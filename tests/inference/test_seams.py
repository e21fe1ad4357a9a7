import numpy as np

from inference.grid import Cell
from inference.seams import _parallels, choose_cuts, stitch
from music.rolls import voices_to_roll

BAR = 16


def cells(*steps, lead=0, beat=4):
    starts = np.cumsum([0, *steps])
    return [
        Cell(int(start), count, lead if index == 0 else 0, beat)
        for index, (start, count) in enumerate(zip(starts, steps, strict=False))
    ]


def windows(*lines):
    """One voice: each line is `(pitch, first step, last step)` notes of one window."""
    pitch = np.full((len(lines), 2 * BAR, 1), -1, dtype=np.int8)
    onset = np.zeros_like(pitch, dtype=bool)
    for window, notes in enumerate(lines):
        for value, start, end in notes:
            pitch[window, start:end] = value
            onset[window, start] = True
    return voices_to_roll(pitch, onset)


def quarters(*pitches):
    return [(pitch, 4 * i, 4 * i + 4) for i, pitch in enumerate(pitches)]


def still(roll):
    """A melody that holds one note."""
    return np.full(roll.shape[:2], 72)


def tops(roll):
    return np.where(roll.any(axis=2), roll.argmax(axis=2), -1)


def line_of(roll, onset):
    """The stitched voice as (pitch, first step, last step) notes; it must be one voice."""
    assert (roll.sum(axis=1) <= 1).all()
    pitch = np.where(roll.any(axis=1), roll.argmax(axis=1), -1)[:, 0]
    starts = onset.any(axis=1)[:, 0] | (np.diff(pitch, prepend=-2) != 0)
    first = np.flatnonzero(starts)
    last = [*first[1:].tolist(), len(pitch)]
    return [(int(pitch[a]), int(a), b) for a, b in zip(first, last, strict=True) if pitch[a] >= 0]


def test_one_window_is_taken_as_it_is():
    roll, onset = windows(quarters(60, 62, 64, 65, 67, 65, 64, 62))
    whole, starts, seams = stitch(roll, onset, still(roll), cells(16, 16))
    np.testing.assert_array_equal(whole, roll[0])
    np.testing.assert_array_equal(starts, onset[0])
    assert seams.tolist() == []


def test_a_single_bar_is_the_first_half_of_its_window():
    roll, onset = windows(quarters(60, 62, 64, 65, 67, 65, 64, 62))
    whole, _, seams = stitch(roll, onset, still(roll), cells(16))
    np.testing.assert_array_equal(whole, roll[0, :16])
    assert seams.tolist() == []


def test_the_windows_meet_where_they_agree():
    first = quarters(60, 60, 60, 60, 70, 62, 50, 71)
    second = quarters(45, 62, 64, 65, 67, 67, 67, 67)
    roll, onset = windows(first, second)
    assert choose_cuts(roll, onset, still(roll), cells(16, 16, 16)).tolist() == [8]
    whole, starts, seams = stitch(roll, onset, still(roll), cells(16, 16, 16))
    assert seams.tolist() == [24]
    pitches = [pitch for pitch, _, _ in line_of(whole, starts)]
    assert pitches == [60, 60, 60, 60, 70, 62, 64, 65, 67, 67, 67, 67]


def test_no_note_is_cut():
    # In front of beat three the earlier window holds a half note, which the later one has not.
    first = [(60, 0, 16), (70, 16, 20), (64, 20, 28), (65, 28, 32)]
    second = [(62, 0, 4), (66, 4, 8), (63, 8, 12), (65, 12, 16), (60, 16, 32)]
    roll, onset = windows(first, second)
    assert choose_cuts(roll, onset, still(roll), cells(16, 16, 16)).tolist() == [12]
    assert line_of(*stitch(roll, onset, still(roll), cells(16, 16, 16))[:2]) == [
        (60, 0, 16),
        (70, 16, 20),
        (64, 20, 28),
        (65, 28, 32),
        (60, 32, 48),
    ]


def test_a_held_note_goes_through_every_seam():
    roll, onset = windows(*[[(48, 0, 32)]] * 5)
    onset[1:] = False  # no window but the first starts it
    whole, starts, seams = stitch(roll, onset, still(roll), cells(*[16] * 6))
    assert line_of(whole, starts) == [(48, 0, 96)]
    assert len(seams) == 4


def test_a_repeated_note_stays_repeated():
    roll, onset = windows(*[quarters(*[60] * 8)] * 3)
    whole, starts, _ = stitch(roll, onset, still(roll), cells(16, 16, 16, 16))
    assert line_of(whole, starts) == [(60, 4 * i, 4 * i + 4) for i in range(16)]


def test_a_note_without_its_head_gets_one():
    roll, onset = windows([(60, 0, 32)], [(67, 0, 32)])
    onset[1] = False
    whole, starts, [seam] = stitch(roll, onset, still(roll), cells(16, 16, 16))
    assert line_of(whole, starts) == [(60, 0, int(seam)), (67, int(seam), 48)]
    assert starts[seam, 67, 0]


def test_filling_is_dropped_and_notes_go_on_behind_it():
    # Bars of 3/4: whatever happens in the last four steps of a cell is not heard.
    first = [(60, 0, 8), (62, 8, 12), (99, 12, 16), (62, 16, 28), (98, 28, 32)]
    roll, onset = windows(first)
    onset[0, 16] = False  # held from the filling
    whole, starts, _ = stitch(roll, onset, still(roll), cells(12, 12))
    assert line_of(whole, starts) == [(60, 0, 8), (62, 8, 24)]


def test_a_pickup_is_taken_from_the_end_of_its_cell():
    first = [(99, 0, 12), (60, 12, 16), (62, 16, 32)]
    second = [(62, 0, 16), (64, 16, 32)]
    roll, onset = windows(first, second)
    whole, starts, _ = stitch(roll, onset, still(roll), cells(4, 16, 16, lead=12))
    assert line_of(whole, starts)[0] == (60, 0, 4)
    assert line_of(whole, starts)[-1] == (64, 20, 36)


def test_cuts_are_beats_of_the_bar():
    rng = np.random.default_rng(0)
    roll = rng.random((7, 32, 128, 3)) < 0.05
    onset = roll & (rng.random(roll.shape) < 0.5)
    bars = cells(12, 12, 6, 12, 3, 12, 12, 12, beat=6)
    cuts = choose_cuts(roll, onset, still(roll), bars)
    assert len(cuts) == 6
    for cut, cell in zip(cuts, bars[1:-1], strict=True):
        assert cut % 6 == 0
        assert cut < cell.steps
    whole, starts, seams = stitch(roll, onset, still(roll), bars)
    assert whole.shape == (81, 128, 3)
    assert not (starts & ~whole).any()
    assert (starts[1:] >= (whole[1:] & ~whole[:-1])).all()
    assert [int(seam) for seam in seams] == [
        cell.start + int(cut) for cell, cut in zip(bars[1:-1], cuts, strict=True)
    ]


def test_every_track_has_a_say():
    # Two tracks: one agrees everywhere, the other only on the last beat.
    pitch = np.full((2, 32, 2), 60, dtype=np.int8)
    pitch[0, 16:28, 1], pitch[1, :12, 1] = 40, 80
    onset = np.zeros(pitch.shape, dtype=bool)
    onset[:, ::4] = True
    roll, roll_onset = voices_to_roll(pitch, onset)
    # In front of beat four the earlier window sounds 40, so the leap to 60 is still the smallest.
    assert choose_cuts(roll, roll_onset, still(roll), cells(16, 16, 16)).tolist() == [12]


def test_no_parallels_with_the_melody():
    roll, onset = windows(quarters(60, 60, 60, 40, 60, 60, 60, 60), quarters(*[62] * 8))
    bars = cells(16, 16, 16)
    tune = still(roll)
    assert choose_cuts(roll, onset, tune, bars).tolist() == [8]
    for above, cut in ((5, 8), (7, 4), (12, 4), (0, 4), (19, 4)):
        tune[0, 16:24] = tune[1, :8] = 60 + above
        tune[0, 24:] = tune[1, 8:] = 62 + above
        assert choose_cuts(roll, onset, tune, bars).tolist() == [cut], above
        tune[0, 24:] = tune[1, 8:] = 58 + above  # contrary motion
        assert choose_cuts(roll, onset, tune, bars).tolist() == [8], above


def test_a_note_is_rather_cut_than_a_parallel_made():
    later = [(72, 0, 8), (62, 8, 16), (62, 16, 32)]
    roll, onset = windows([(60, 0, 24), (60, 24, 32)], later)
    tune = still(roll)
    assert choose_cuts(roll, onset, tune, cells(16, 16, 16)).tolist() == [8]
    tune[0, :24], tune[1, :8] = 67, 67
    tune[0, 24:], tune[1, 8:] = 69, 69  # in fifths
    assert choose_cuts(roll, onset, tune, cells(16, 16, 16)).tolist() == [0]


def test_no_parallels_from_the_bar_before():
    # The bar before has three beats; behind them is filling, where the melody does not move.
    roll, _ = windows([(60, 0, 32)], [(62, 0, 32)])
    tune = still(roll)
    tune[0, :12], tune[0, 12:], tune[1] = 67, 69, 69
    bars = cells(12, 12, 16)
    assert _parallels(np.dstack([tune, tops(roll)]), np.array([11]), bars)[0, 0] == 1
    tune[0, :12] = 69
    assert _parallels(np.dstack([tune, tops(roll)]), np.array([11]), bars)[0, 0] == 0


def test_a_note_is_rather_not_struck_again():
    roll, onset = windows([(60, 0, 32)], [(60, 0, 8), (60, 8, 32)])
    onset[1, 0] = False
    assert choose_cuts(roll, onset, still(roll), cells(16, 16, 16)).tolist() == [4]
