import numpy as np

from tests.training.conftest import phrases_of
from training.judge import Judge


class Parrot:
    """Sings the melody in all voices, and counts what it is given."""

    tonic_normalized = False
    noise_shape = (1,)
    heard = 0

    def accompany(self, pitch, onset, _noise):
        self.heard = len(pitch)
        roll = np.repeat((pitch[..., None] == np.arange(128))[..., None], 3, axis=3)
        return roll, roll & onset[..., None, None]


def test_of_a_large_set_some_phrases_are_measured(monkeypatch):
    train, heard = phrases_of(90, valid=0), phrases_of(70, valid=0, seed=1)
    monkeypatch.setattr("training.judge.MOST_HEARD", 30)
    monkeypatch.setattr("training.judge.MOST_READ", 40)
    player = Parrot()
    some = Judge(train, heard, 0).measure(player, quick=True)
    assert player.heard == some.phrases == 30
    chosen = np.linspace(0, 69, 30).astype(int)
    same = Judge(train.evenly(40), heard.take(chosen), 0).measure(Parrot(), quick=True)
    assert some.as_dict() == same.as_dict()
    monkeypatch.undo()
    assert Judge(train, heard, 0).measure(player, quick=True).phrases == 70
