import dataclasses

import numpy as np
import pytest

from tests.training.conftest import phrases_of
from training.batches import shifts_to_c
from training.listening import ListeningTest, exchange_melodies
from training.samples import Listener


class Echo:
    """Plays one voice: the melody's pitch, the noise's, or always the same."""

    noise_shape = (1,)

    def __init__(self, tonic_normalized, *, to_melody, to_noise):
        self.tonic_normalized = tonic_normalized
        self.to_melody, self.to_noise = to_melody, to_noise

    def accompany(self, pitch, _onset, noise):
        steps = np.where(np.abs(noise[:, :1]) > 0.5, 40, 41) if self.to_noise else 40
        low = steps + (pitch - 50 if self.to_melody else 0 * pitch)
        roll = low[..., None] == np.arange(128)
        return roll[..., None], roll[..., None]


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("to_noise", [True, False])
@pytest.mark.parametrize("to_melody", [True, False])
def test_only_what_is_listened_to_changes_the_answer(normalized, to_melody, to_noise):
    phrases, player = phrases_of(130), Echo(normalized, to_melody=to_melody, to_noise=to_noise)
    own, other_noise = (Listener(phrases, 0).listen(player, draw) for draw in range(2))
    found = ListeningTest(phrases, 0).measure(player, own, other_noise)
    assert (found.melody > 0.5) == to_melody
    assert (found.noise > 0.2) == to_noise
    assert found.melody == 0 or to_melody
    assert found.noise == 0 or to_noise


def test_a_melody_is_exchanged_for_one_of_the_same_key():
    phrases = phrases_of(40)
    for track in (0, 2):
        changed = exchange_melodies(phrases, track)
        others = [voice for voice in range(4) if voice != track]
        assert np.array_equal(changed.pitch[..., others], phrases.pitch[..., others])
        ours = (changed.pitch[..., track] + shifts_to_c(phrases)[:, None]) % 12
        theirs = (phrases.pitch[..., track] + shifts_to_c(phrases)[:, None]) % 12
        for number, line in enumerate(ours):
            [partner] = np.flatnonzero((theirs == line).all(axis=1))
            assert partner != number
            assert phrases.mode[partner] == phrases.mode[number]
            assert np.array_equal(changed.onset[number, :, track], phrases.onset[partner, :, track])


def test_exchanged_melodies_stay_within_midi_and_keep_their_rests():
    phrases = phrases_of(20)
    high = phrases.pitch.copy()
    high[..., 0] += 127 - high[..., 0].max()
    high[:, -1, 0] = -1
    onset = phrases.onset.copy()
    onset[:, -1, 0] = False
    changed = exchange_melodies(dataclasses.replace(phrases, pitch=high, onset=onset), 0)
    assert changed.pitch[..., 0].max() <= 127
    assert (changed.pitch[:, -1, 0] == -1).all()
    assert (changed.pitch[:, :-1, 0] >= 60).all()
