import numpy as np
import pytest

from inference.arranger import Arranger
from inference.listening import choose_takes
from inference.options import Options
from music.rolls import voices_to_roll
from music.song import Note, Song, Track
from tests.inference.accompanists import HandMade, below

BEAT = 4  # steps


def choose(takes, kept, melody=72, bass=48, voice=1):
    """Takes of one voice over a bass; `voice` stays at the beats `kept`, 0 for the upper one."""
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
    stays[:, voice] = np.repeat(kept, BEAT)
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


def test_a_voice_does_not_leap_into_a_kept_bar_nor_out_of_it():
    near, far = [65, 65, 64, 64, 65, 65], [80, 80, 64, 64, 80, 80]
    kept = [False, False, True, True, False, False]
    found = choose([far, near], kept, melody=84, voice=0)
    assert found[:2] == found[4:] == [1, 1]


def test_parallels_with_what_stays_are_avoided():
    bass = [48, 50, 52, 53]
    fifths, sixths = [55, 57, 59, 60], [57, 59, 60, 62]
    assert choose([fifths, sixths], [True] * 4, melody=-1, bass=bass) == [1] * 4


def test_it_listens_in_the_key_and_register_that_the_generator_hears():
    # A third below the melody clashes with a bass a ninth below it, a fourth does not; with a bass
    # that were not moved from E flat to C it would be the other way round.
    e_flat = [63, 65, 67, 68, 70, 72, 74, 75, 70, 67, 63, 70]
    notes = tuple(Note(i * 480, (i + 1) * 480, pitch) for i, pitch in enumerate(e_flat))
    bass = tuple(Note(n.start, n.end, n.pitch - 14) for n in notes)

    def third_or_fourth(pitch, onset, noise):
        alto = pitch - np.where(noise[:, :1] < 0, 5, 3)  # the first of all seeds below is not
        voices = np.stack([alto, np.full_like(alto, -1), pitch - 24], axis=-1)
        return voices, onset[..., None] & (voices >= 0)

    song = Song(480, (Track("Melody", 0, notes), Track("Bass", 0, bass)))
    for seed in range(4):
        accompanist = HandMade(third_or_fourth, tonic_normalized=True)
        options = Options(seed=seed, octave=-1, freeze_tracks=("bass",))
        result = Arranger(accompanist).arrange(song, options).song
        assert [n.pitch for n in result.tracks[1].notes] == [pitch - 17 for pitch in e_flat]


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


def test_long_songs_are_answered_less_often():
    notes = tuple(Note(i * 1920, (i + 1) * 1920, 60) for i in range(101))
    song = Song(480, (Track("Melody", 0, notes), Track("Bass", 0, notes)))
    accompanist = HandMade(below(3, 7, 12), max_batch=5)
    Arranger(accompanist).arrange(song, Options(freeze_tracks=("bass",)))
    assert sum(accompanist.batches) == 3 * 100  # not more than 64 batches of 5
