"""Songs in turns: their phrases are answered together, and they are what they are alone."""

import numpy as np
import pytest

from inference.arranger import Arranger
from inference.options import Options
from inference.predictor import Predictor
from inference.turns import answer_together
from music.melodies import MELODIES, melody
from tests.inference.accompanists import HandMade, noisy

ASKED = [(melody(name), Options(seed=seed)) for seed in range(2) for name in sorted(MELODIES)]


def arrange_together(arranger, asked):
    """Lets all songs go on at the same pace; returns them as they are done."""
    results = [None] * len(asked)
    under_way = {}
    for index, (song, options) in enumerate(asked):
        turns = arranger.arrange_in_turns(song, options)
        under_way[index] = turns, next(turns)
    while under_way:
        questions = [phrases for _, phrases in under_way.values()]
        answers = answer_together(arranger.accompanist, questions)
        for (index, (turns, _)), answer in zip(list(under_way.items()), answers, strict=True):
            try:
                under_way[index] = turns, turns.send(answer)
            except StopIteration as end:
                results[index] = end.value
                del under_way[index]
    return results


def check(together, alone):
    for got, expected in zip(together, alone, strict=True):
        assert got.song == expected.song
        assert (got.seed, got.warnings, got.metrics) == (
            expected.seed,
            expected.warnings,
            expected.metrics,
        )
        np.testing.assert_array_equal(got.roll, expected.roll)


def test_songs_in_turns_are_as_they_are_alone():
    arranger = Arranger(HandMade(noisy, max_batch=5))
    check(arrange_together(arranger, ASKED), [arranger.arrange(*given) for given in ASKED])


@pytest.mark.parametrize("count", [2, 7])
def test_a_trained_models_songs_in_turns_are_as_they_are_alone(voices_folder, count):
    arranger = Arranger(Predictor(voices_folder))
    asked = ASKED[:count]
    check(arrange_together(arranger, asked), [arranger.arrange(*given) for given in asked])
