import numpy as np
import pytest

from inference.arranger import Arranger
from inference.listening import choose_takes
from inference.options import Options
from music.rolls import voices_to_roll
from music.song import Note, Song, Track
from tests.inference.accompanists import HandMade, below

BEAT = 4  # steps


def choose(takes, kept, melody=72, bass=48):
    """Takes of one voice over a bass that stays: each a pitch, or a list of one for each beat."""
    beats = max(len(take) for take in takes if isinstance(take, list))
    pitch = np.empty((len(takes), beats * BEAT, 2), dtype=np.int8)
    for index, take in enumerate(takes):
        pitch[index, :, 0] = np.repeat(take if isinstance(take, list) else [take] * beats, BEAT)
    pitch[..., 1] = np.repeat(bass, BEAT) if isinstance(bass, list) else bass
    onset = np.zeros(pitch.shape, dtype=bool)
    onset[:, ::BEAT] = True
    rolls = [voices_to_roll(*take) for take in zip(pitch, onset, strict=True)]
    roll, begins = (np.stack(part) for part in zip(*rolls, strict=True))
    stays = np.zeros((beats * BEAT, 2), dtype=bool)
    stays[:, 1] = np.repeat(kept, BEAT)
    on_beat = np.arange(beats * BEAT) % BEAT == 0
    found = choose_takes(roll, begins, np.full(beats * BEAT, melody), stays, on_beat)
    assert (found.reshape(-1, BEAT) == found[::BEAT, None]).all()
    return found[::BEAT].tolist()


def test_the_take_without_dissonances_is_chosen():
    assert choose([[61] * 4, [64] * 4], [True] * 4) == [1] * 4
    assert choose([[64] * 4, [67] * 4], [True] * 4) == [0] * 4  # as good: the caller's seed


def test_where_nothing_is_kept_the_first_take_stays():
    assert choose([[61] * 6, [64] * 6], [False] * 6) == [0] * 6
    assert choose([[61] * 6, [64, 64, 64, 61, 61, 61]], [True] * 3 + [False] * 3)[:3] == [1] * 3


def test_voices_do_not_cross_what_stays():
    assert choose([[40] * 2, [55] * 2], [True] * 2) == [1] * 2


def test_one_clash_is_not_worth_a_leap_back_and_forth():
    # The second take is better on one beat only, but two octaves away.
    far = [86, 86, 88, 86, 86]
    assert choose([[64, 64, 61, 64, 64], far], [True] * 5, melody=91) == [0] * 5
    assert choose([[64, 64, 61, 64, 64], [63, 63, 64, 63, 63]], [True] * 5)[2] == 1


def test_parallels_with_what_stays_are_avoided():
    bass = [48, 50, 52, 53]
    fifths, sixths = [55, 57, 59, 60], [57, 59, 60, 62]
    assert choose([fifths, sixths], [True] * 4, melody=-1, bass=bass) == [1] * 4


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_several_noises_are_heard_if_they_differ_and_something_is_new(temperature):
    notes = tuple(Note(i * 480, (i + 1) * 480, 60) for i in range(16))
    tracks = (Track("Melody", 0, notes), *(Track(n, 0, notes) for n in ("Alto", "Tenor", "Bass")))
    accompanist = HandMade(below(3, 7, 12), max_batch=64)

    def heard(**options):
        accompanist.noises.clear()
        options = Options(temperature=temperature, seed=2**32 - 1, **options)
        Arranger(accompanist).arrange(Song(480, tracks), options)
        return {noise.tobytes() for noise in accompanist.noises}

    own = {accompanist.noise(2**32 - 1, temperature).tobytes()}
    assert heard() == own
    assert heard(freeze_bars="1-4") == own
    found = heard(freeze_bars="2")
    assert own <= found
    assert len(found) == (8 if temperature else 1)
