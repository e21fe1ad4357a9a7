import dataclasses

import numpy as np
import pytest

from music.phrase_file import read_phrases, write_phrases
from music.phrases import pack_roll, transpose
from music.rolls import voices_to_roll
from tests.training.conftest import phrases_of
from training.batches import Batches, melody_first, roll_extent, shifts_to_c


def make(phrases, **changes):
    choices = {"seed": 1, "batch_size": 5, "updates": 2, "condition_track": 0}
    return Batches(phrases, **{"tonic_normalized": True, **choices, **changes})


def names_of(batches, iteration):
    """Finds which phrases a batch holds by their pitches, transposed to C."""
    pitch, _ = melody_first(batches.phrases, batches.condition_track)
    known = transpose(pitch, shifts_to_c(batches.phrases))
    batches_at = batches.at(iteration)["pitch"].reshape(-1, 32, 4)
    return [int(np.flatnonzero((known == p).all(axis=(1, 2)))[0]) for p in batches_at]


def test_every_epoch_hears_every_phrase_once_in_another_order():
    phrases = phrases_of(20)
    batches = make(phrases)
    epochs = [[n for i in (e, e + 1) for n in names_of(batches, i)] for e in (0, 2)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_an_epoch_that_no_batch_divides_loses_no_phrase():
    phrases = phrases_of(7)
    batches = make(phrases)
    heard = [name for i in range(7) for name in names_of(batches, i)]
    assert np.bincount(heard).tolist() == [10] * 7


@pytest.mark.parametrize("tonic_normalized", [True, False])
def test_a_batch_follows_from_seed_and_iteration_alone(tonic_normalized):
    phrases = phrases_of(20)
    first = make(phrases, tonic_normalized=tonic_normalized)
    for iteration in range(9):
        first.at(iteration)
    again = make(phrases, tonic_normalized=tonic_normalized).at(9)
    assert all(np.array_equal(first.at(9)[name], again[name]) for name in again)
    other = make(phrases, tonic_normalized=tonic_normalized, seed=2).at(9)
    assert not np.array_equal(other["pitch"], again["pitch"])


def test_normalised_phrases_stand_in_c_or_a_minor():
    phrases = phrases_of(30)
    shift = shifts_to_c(phrases)
    home = np.where(phrases.mode == "major", 0, 9)
    assert np.all((phrases.tonic + shift) % 12 == home)
    assert shift.min() >= -5
    assert shift.max() <= 6


def test_random_transpositions_stay_in_the_voices_ranges_and_differ():
    phrases = phrases_of(12)
    batches = make(phrases, tonic_normalized=False, batch_size=12, updates=1)
    lowest, highest = phrases.pitch.min(axis=(0, 1)), phrases.pitch.max(axis=(0, 1))
    seen = np.concatenate([batches.at(i)["pitch"][0] for i in range(20)])
    assert np.all(seen >= lowest)
    assert np.all(seen <= highest)
    keys = {tuple(phrase[:, 0] - phrase[0, 0]): set() for phrase in seen}
    for phrase in seen:
        keys[tuple(phrase[:, 0] - phrase[0, 0])].add(int(phrase[0, 0]))
    assert any(len(starts) > 1 for starts in keys.values())


def test_the_condition_track_comes_first_and_the_others_keep_their_order():
    phrases = phrases_of(10)
    pitch, onset = melody_first(phrases, 2)
    assert np.array_equal(pitch, phrases.pitch[..., [2, 0, 1, 3]])
    assert np.array_equal(onset, phrases.onset[..., [2, 0, 1, 3]])


def with_chords(phrases):
    """The same lines, each track but the first with a major third above, for half of the time."""
    roll = voices_to_roll(phrases.pitch, phrases.onset)[0]
    roll[:, :16, 4:, 1:] |= roll[:, :16, :-4, 1:]
    return dataclasses.replace(phrases, roll=pack_roll(roll)), roll


def test_rolls_are_transposed_with_their_lines_and_stay_in_range():
    phrases, roll = with_chords(phrases_of(20))
    batch = make(phrases, tonic_normalized=False).at(3)
    heard = batch["roll"].reshape(-1, 32, 128, 4)
    pitch = batch["pitch"].reshape(-1, 32, 4)
    assert (heard[..., 1:].sum(axis=2) == [2] * 3).all(axis=-1)[:, :16].all()
    assert np.array_equal(heard[..., 0], pitch[..., :1] == np.arange(128))
    sounding = np.flatnonzero(heard[..., 3].any(axis=(0, 1)))
    known = np.flatnonzero(roll[..., 3].any(axis=(0, 1)))
    assert known[0] <= sounding[0]
    assert sounding[-1] <= known[-1]
    lowest = heard[..., 1:].argmax(axis=2)
    assert np.array_equal(lowest, pitch[..., 1:])  # the line that was there before the thirds
    assert len({int(p[0, 0]) for p in pitch}) > 5


def test_the_condition_track_of_rolls_comes_first_as_a_line():
    phrases, roll = with_chords(phrases_of(20))
    batches = make(phrases, condition_track=2, tonic_normalized=True)
    batch = batches.at(0)
    first = names_of(batches, 0)[0]
    heard = batch["roll"].reshape(-1, 32, 128, 4)[0]
    home = np.roll(roll[first], shifts_to_c(phrases)[first], axis=1)
    assert np.array_equal(heard[..., 1:], home[..., [0, 1, 3]])
    assert (heard[..., 0].sum(axis=1) == 1).all()


def test_the_extent_of_a_roll():
    roll = np.zeros((2, 3, 128, 2), bool)
    roll[0, 1, [40, 60], 0] = roll[0, 2, 127, 0] = roll[1, 0, 0, 1] = True
    assert roll_extent(pack_roll(roll)).tolist() == [[[40, -1], [127, -1]], [[-1, 0], [-1, 0]]]


HALF_TIME = np.arange(32) // 2


def whence(batches, iteration, phrases):
    """How each phrase of a batch came from its own: the steps it is made of, and its shift."""
    batch = {name: a.reshape(-1, *a.shape[2:]) for name, a in batches.at(iteration).items()}
    found = []
    for number, index in enumerate(batches.index(iteration)):
        pitch, onset = batch["pitch"][number], batch["onset"][number]
        for steps in (np.arange(32), HALF_TIME, 16 + HALF_TIME):
            shift = int(pitch[0, 0]) - int(phrases.pitch[index, steps[0], 0])
            if not np.array_equal(pitch, phrases.pitch[index, steps] + shift):
                continue
            starts = phrases.onset[index, steps].copy()
            if steps[1] == steps[0]:
                starts[1::2] = False
            assert np.array_equal(onset, starts)
            found.append((int(steps[0] + (steps[1] == steps[0])), shift))
            break
        else:
            raise AssertionError("the voices were not changed together")
    return np.array(found)


def test_altered_phrases_are_one_bar_in_half_time_or_moved_a_little_within_the_ranges():
    phrases = phrases_of(200)
    batches = make(phrases, augmentation=0.5, batch_size=200, updates=1)
    found = np.concatenate([whence(batches, i, phrases) for i in range(5)])
    index = np.concatenate([batches.index(i) for i in range(5)])
    made, jitter = found[:, 0], found[:, 1] - shifts_to_c(phrases)[index]
    first, second, moved = (made == 1), (made == 17), jitter != 0
    assert 0.09 < first.mean() < 0.16
    assert 0.09 < second.mean() < 0.16
    assert 0.10 < moved.mean() < 0.25  # half of half, of which some have no room or stay
    assert not np.any(moved & (first | second))
    assert set(jitter.tolist()) == set(range(-3, 4))
    home = transpose(phrases.pitch, shifts_to_c(phrases))
    heard = np.concatenate([batches.at(i)["pitch"][0] for i in range(5)])
    assert np.all(heard >= home.min(axis=(0, 1)))
    assert np.all(heard <= home.max(axis=(0, 1)))


def test_altered_phrases_follow_from_seed_and_iteration_and_none_is_altered_at_first():
    phrases = phrases_of(50)
    one, two, plain = (make(phrases, augmentation=share) for share in (0.5, 0.5, 0.0))
    for iteration in range(6):
        one.at(iteration)
    assert np.array_equal(one.at(6)["pitch"], two.at(6)["pitch"])
    assert not np.array_equal(one.at(6)["pitch"], plain.at(6)["pitch"])
    assert np.array_equal(one.index(6), plain.index(6))
    home = transpose(phrases.pitch, shifts_to_c(phrases))
    assert np.array_equal(plain.at(6)["pitch"].reshape(-1, 32, 4), home[plain.index(6)])


def test_rolls_go_into_half_time_with_their_lines_beside_the_transpositions():
    phrases, roll = with_chords(phrases_of(40))
    batches = make(phrases, tonic_normalized=False, augmentation=1.0, batch_size=40, updates=1)
    found, index = whence(batches, 3, phrases), batches.index(3)
    assert set(found[:, 0].tolist()) == {1, 17}
    assert len(set(found[:, 1].tolist())) > 5
    heard = batches.at(3)["roll"][0]
    for number, (start, shift) in enumerate(found):
        expected = np.roll(roll[index[number], start - 1 + HALF_TIME], shift, axis=1)
        assert np.array_equal(heard[number, ..., 1:], expected[..., 1:])


def test_a_bar_that_rests_is_not_stretched():
    phrases = phrases_of(40)
    pitch, onset = phrases.pitch.copy(), phrases.onset.copy()
    for tracks, count in ((slice(0, 1), 10), (slice(1, 4), 20)):  # no melody, no accompaniment
        pitch[count - 10 : count, 16:, tracks] = -1
        onset[count - 10 : count, 16:, tracks] = False
    pitch[20:30, :, 1:] = -1  # no bar serves
    onset[20:30, :, 1:] = False
    phrases = dataclasses.replace(phrases, pitch=pitch, onset=onset)
    batches = make(phrases, tonic_normalized=False, augmentation=1.0, batch_size=40, updates=1)
    batch, index = batches.at(0)["pitch"][0], batches.index(0)
    stretched = (batch[:, ::2] == batch[:, 1::2]).all(axis=(1, 2))
    for heard, number in zip(batch, index, strict=True):
        rests = pitch[number] < 0
        if number < 20:
            assert not (heard < 0).any()
        elif number < 30:
            assert np.array_equal(heard < 0, rests)
    assert stretched.all()  # the music has no shorter notes than eighths


def test_a_set_in_its_file_gives_the_same_batches(tmp_path, monkeypatch):
    phrases, _ = with_chords(phrases_of(60))
    monkeypatch.setattr("music.phrase_file.STORED_FROM", 0)
    monkeypatch.setattr("music.stored.CHUNK", 7)
    monkeypatch.setattr("music.phrases.CHUNK", 7)
    write_phrases(phrases, tmp_path / "phrases.npz")
    stored = read_phrases(tmp_path / "phrases.npz").part("train")
    ours, theirs = (
        make(each, tonic_normalized=False, augmentation=0.3, batch_size=6).at(4)
        for each in (stored, phrases.part("train"))
    )
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
