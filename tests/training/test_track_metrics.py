import dataclasses

import numpy as np

from music.keys import Key
from music.phrases import pack_roll
from music.rolls import voices_to_roll
from tests.training.conftest import phrases_of
from tests.training.test_report import GOOD, Copyist
from training.samples import Listener
from training.track_metrics import generated_row, quality_row, reference_row, track_row


def test_each_track_is_measured_by_itself():
    roll = np.zeros((2, 32, 128, 2), bool)
    roll[0, :16, 60, 0] = True  # half a phrase of C, in one of two phrases
    roll[:, :, [60, 61, 62], 1] = True
    row = track_row(roll, ("low", "high"), [Key(0, "major")] * 2, 16)
    assert row == {
        "empty_bars.low": 0.75,
        "empty_bars.high": 0.0,
        "pitches_used.low": 0.5,
        "pitches_used.high": 3.0,
        "in_scale.low": 1.0,
        "in_scale.high": 2 / 3,
        "polyphony.low": 0.0,
        "polyphony.high": 1.0,
    }


def test_the_keys_of_the_phrases_count():
    roll = np.zeros((2, 32, 128, 1), bool)
    roll[:, :, 66, 0] = True  # F sharp
    row = track_row(roll, ("a",), [Key(7, "major"), Key(5, "major")], 16)
    assert row["in_scale.a"] == 0.5


def test_training_music_against_itself_is_its_own_reference():
    phrases = phrases_of(30)
    train = phrases.part("train")
    player = Copyist(phrases)
    player.pitch = train.pitch[:, :, 1:]
    answer = Listener(train, 0).listen(player, 0)
    assert generated_row(answer, train, 0) == reference_row(train, 0)
    assert reference_row(train, 0).keys() == {
        f"{metric}.{name}"
        for metric in ("empty_bars", "pitches_used", "in_scale", "polyphony")
        for name in ("alto", "tenor", "bass")
    }
    names = [name.partition(".")[2] for name in reference_row(train, 3)]
    assert names[:3] == ["soprano", "alto", "tenor"]
    assert reference_row(train.take(slice(0)), 0) == {}


def test_a_row_has_numbers_only():
    row = quality_row(GOOD)
    assert "c2st_auc" not in row
    assert row["ffd8"] == 4.0008
    assert row["step_rate"] == 0.5
    assert {type(value) for value in row.values()} == {float}
    assert "diversity" not in quality_row(dataclasses.replace(GOOD, diversity=None))


def test_chords_of_the_training_music_count():
    train = phrases_of(30).part("train")
    roll, _ = voices_to_roll(train.pitch, train.onset)
    roll[:, :, 90, 3] = True  # a second note in the bass
    chords = dataclasses.replace(train, roll=pack_roll(roll))
    row = reference_row(chords, 0)
    assert row["polyphony.bass"] == 1.0
    assert row["polyphony.alto"] == 0.0
    assert row["pitches_used.bass"] == reference_row(train, 0)["pitches_used.bass"] + 1
