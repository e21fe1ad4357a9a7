import numpy as np

from tests.training.conftest import phrases_of
from training.judge import Judge
from training.samples import Listener


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
    some = measured(player, train, heard)
    assert player.heard == some.phrases == 30
    chosen = np.linspace(0, 69, 30).astype(int)
    same = measured(Parrot(), train.evenly(40), heard.take(chosen))
    assert some.as_dict() == same.as_dict()
    monkeypatch.undo()
    assert measured(player, train, heard).phrases == 70


def measured(player, train, heard):
    judge = Judge(train, heard, 0)
    return judge.measure([Listener(judge.heard, 0).listen(player, 0)], quick=True)
