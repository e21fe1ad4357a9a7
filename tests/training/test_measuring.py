"""What is measured in between and at the end is of the answers that it is said to be of."""

from itertools import combinations

import numpy as np
import pytest

from music.rolls import roll_to_voices
from tests.training.conftest import phrases_of
from training.hyperparameters import Hyperparameters
from training.measuring import Measuring
from training.run import build_gan
from training.samples import Listener


def test_how_much_takes_differ_is_of_two_in_between_and_of_four_at_the_end():
    phrases = phrases_of(60, valid=24)
    player = build_gan(Hyperparameters(), phrases).snapshot()
    valid = phrases.part("valid")
    takes = [roll_to_voices(*Listener(valid, 0).listen(player, draw))[0] for draw in range(4)]
    differ = [np.mean(one != other) for one, other in combinations(takes, 2)]
    assert len(set(differ)) == 6
    measuring = Measuring(phrases.part("train"), valid, 0)
    answers = measuring.listen(player)
    quick, _ = measuring.quickly(player, answers)
    whole, _ = measuring.wholly(player, answers)
    assert quick.diversity == pytest.approx(differ[0])
    assert whole.diversity == pytest.approx(np.mean(differ))
    assert whole.headline == quick.headline
