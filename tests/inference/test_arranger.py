import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.arranger import Arranger
from inference.options import Options
from music.melodies import melody
from music.midi import write_midi
from music.song import KeySignature, Note, Song, Tempo, TimeSignature, Track
from tests.inference.accompanists import HandMade, below, drone, noisy

BEAT = 480
METRES = [(4, 4), (3, 4), (2, 4), (6, 8), (5, 4), (12, 8), (9, 8), (7, 8), (2, 2), (3, 2), (1, 4)]


def song_of(notes, *metres, ticks_per_beat=BEAT, **kwargs):
    tracks = (Track("Tune", 73, tuple(notes)),)
    signatures = tuple(TimeSignature(*metre) for metre in metres)
    return Song(ticks_per_beat, tracks, time_signatures=signatures, **kwargs)


def legato(*lengths, pitches=(60, 64, 62, 67, 65), velocity=100):
    """Notes one after the other, lengths in steps of a sixteenth."""
    ends = np.cumsum([0, *lengths]) * (BEAT // 4)
    return [
        Note(int(a), int(b), pitches[i % len(pitches)], velocity)
        for i, (a, b) in enumerate(itertools.pairwise(ends))
    ]


def arrange(song, voices=None, options=None, **changes):
    accompanist = HandMade(voices or below(3, 7, 12), **changes)
    return Arranger(accompanist).arrange(song, options or Options())


def moved(notes, semitones):
    return [(note.start, note.end, note.pitch + semitones) for note in notes]


def plain(track):
    return [(note.start, note.end, note.pitch) for note in track.notes]


@pytest.mark.parametrize("metre", METRES)
def test_voices_that_move_with_the_melody_are_neither_cut_nor_doubled(metre):
    lengths = [4, 2, 2, 6, 1, 1, 8, 3, 5, 20, 4, 4, 7, 9, 2, 40, 4, 4]
    notes = legato(*lengths)
    result = arrange(song_of(notes, (0, *metre)))
    for track, semitones in zip(result.song.tracks[1:], (-3, -7, -12), strict=True):
        assert plain(track) == moved(notes, semitones)


@pytest.mark.parametrize("metre", METRES)
def test_a_drone_is_one_note(metre):
    song = song_of(legato(*[4] * 50), (0, *metre))
    result = arrange(song, drone(48, 43, 36))
    assert [plain(track) for track in result.song.tracks[1:]] == [
        [(0, song.end, pitch)] for pitch in (48, 43, 36)
    ]


def test_pickup_and_changes_of_metre():
    notes = legato(4, *[4, 8, 4] * 2, *[4] * 6, *[2] * 8)
    metres = [(0, 1, 4), (BEAT, 4, 4), (9 * BEAT, 3, 4), (15 * BEAT, 2, 4)]
    result = arrange(song_of(notes, *metres))
    assert plain(result.song.tracks[1]) == moved(notes, -3)


def test_all_windows_go_together_and_hear_the_same_noise():
    accompanist = HandMade(below(3, 7, 12), max_batch=5)
    Arranger(accompanist).arrange(song_of(legato(*[16] * 13)), Options(seed=3, temperature=0.5))
    assert accompanist.batches == [5, 5, 2]
    for noise in accompanist.noises:
        np.testing.assert_array_equal(noise, accompanist.noise(3, 0.5))


def test_the_melody_and_its_maps_come_back():
    song = Song(
        96,
        (
            Track(
                "Ein Lied ♪", 73, (Note(5, 90, 61, 1), Note(5, 200, 49, 127), Note(91, 777, 70, 9))
            ),
        ),
        (Tempo(0, 123_456), Tempo(50, 777_777)),
        (TimeSignature(0, 3, 4), TimeSignature(288, 6, 8)),
        (KeySignature(0, -2, is_minor=True),),
    )
    result = arrange(song).song
    assert result.tracks[0] == song.tracks[0]
    assert result.tempos == song.tempos
    assert result.time_signatures == song.time_signatures
    assert result.key_signatures == song.key_signatures
    assert result.ticks_per_beat == 96
    assert [track.name for track in result.tracks[1:]] == ["Alto", "Tenor", "Bass"]


def test_the_accompaniment_is_softer_and_follows_the_loudness():
    notes = [*legato(8, 8, velocity=100), Note(4 * BEAT, 8 * BEAT, 60, 50)]
    result = arrange(song_of(notes))
    assert [note.velocity for note in result.song.tracks[1].notes] == [80, 80, 40]


def test_rests():
    # Two beats, a rest of a beat, a beat, a rest of two bars, a bar.
    notes = [Note(0, 960, 60), Note(1440, 1920, 60), Note(5760, 7680, 62)]
    track = arrange(song_of(notes)).song.tracks[1]
    assert plain(track) == [(0, 1440, 57), (1440, 1920, 57), (5760, 7680, 59)]


def test_a_melody_that_starts_late():
    notes = [Note(3 * BEAT, 4 * BEAT, 67), Note(4 * BEAT, 8 * BEAT, 72)]
    track = arrange(song_of(notes), drone(48, 43, 36)).song.tracks[3]
    assert plain(track) == [(3 * BEAT, 8 * BEAT, 36)]


@pytest.mark.parametrize("note", [Note(0, 1, 60), Note(479, 480, 60), Note(7, 3000, 60)])
def test_one_note_is_a_melody(note):
    result = arrange(song_of([note]))
    assert [plain(track) for track in result.song.tracks[1:]] == [
        moved([note], semitones) for semitones in (-3, -7, -12)
    ]


def test_the_generator_hears_c_and_answers_in_the_key_of_the_song():
    e_flat = [63, 65, 67, 68, 70, 72, 74, 75, 70, 67, 63]
    song = song_of(legato(*[4] * len(e_flat), pitches=e_flat))
    accompanist = HandMade(drone(60, 55, 48), tonic_normalized=True)
    result = Arranger(accompanist).arrange(song, Options())
    assert accompanist.heard[0][0] == 60
    assert [track.notes[0].pitch for track in result.song.tracks[1:]] == [63, 58, 51]
    assert (result.key.tonic, result.key.mode) == (3, "major")
    assert result.warnings == ()


def test_a_low_melody_is_heard_higher_and_its_accompaniment_goes_down_with_it():
    result = arrange(song_of(legato(*[4] * 8, pitches=(48, 52, 55))))
    assert [track.notes[0].pitch for track in result.song.tracks[1:]] == [45, 41, 36]
    assert result.warnings == (
        "The melody lies below the model's range (57-81); the model heard it 1 octave up, and its "
        "answer was moved 1 down.",
    )


def test_a_high_melody_keeps_its_accompaniment_in_the_natural_range():
    result = arrange(song_of(legato(*[4] * 8, pitches=(96, 98, 100))))
    assert [track.notes[0].pitch for track in result.song.tracks[1:]] == [69, 65, 60]
    assert result.warnings == (
        "The melody lies above the model's range (57-81); the model heard it 2 octaves down, its "
        "answer was not moved.",
    )


def test_single_notes_out_of_range_are_told():
    result = arrange(song_of(legato(*[4] * 20, pitches=[60] * 19 + [90])))
    assert result.warnings == (
        "1 melody note was outside the model's range (57-81) and heard in another octave.",
    )


def test_seeds_and_temperature():
    song = melody("twinkle")

    def made(**options):
        result = arrange(song, noisy, Options(**options))
        assert result.seed == options.get("seed", 0)
        return write_midi(result.song)

    assert made(seed=1) == made(seed=1)
    assert len({made(seed=seed) for seed in range(5)}) > 3
    assert made(seed=1, temperature=0) == made(seed=2, temperature=0)


def test_instruments():
    song = song_of(legato(4, 4))
    assert [t.program for t in arrange(song).song.tracks] == [73, 19, 19, 19]
    options = Options(instruments=("oboe", "violin", "viola", "cello"))
    assert [t.program for t in arrange(song, options=options).song.tracks] == [68, 40, 41, 42]


def test_an_ensemble_plays_the_melody_too():
    options = Options(instruments=("rock band",))
    result = arrange(song_of(legato(4, 4)), options=options)
    assert [t.program for t in result.song.tracks] == [29, 27, 18, 33]


@pytest.mark.parametrize("octave", [-2, -1, 1, 2])
def test_the_accompaniment_moves_by_octaves(octave):
    notes = legato(4, 8, 4)
    result = arrange(song_of(notes), options=Options(octave=octave))
    assert list(result.song.tracks[0].notes) == notes
    for track, lower in zip(result.song.tracks[1:], (3, 7, 12), strict=True):
        assert plain(track) == moved(notes, 12 * octave - lower)
    assert result.warnings == ()


def test_octaves_without_pitches_are_told():
    result = arrange(song_of(legato(16)), drone(115, 60, 23), Options(octave=1))
    assert [track.notes[0].pitch for track in result.song.tracks[1:]] == [127, 72, 35]
    result = arrange(song_of(legato(16)), drone(116, 60, 23), Options(octave=2))
    assert [track.notes[0].pitch for track in result.song.tracks[1:]] == [116, 60, 23]
    assert result.warnings == (
        "The accompaniment was moved by 0 octaves, not 2: there are no more pitches.",
    )


def test_density():
    song = melody("twinkle")
    counts = [
        sum(len(t.notes) for t in arrange(song, noisy, Options(density=density)).song.tracks[1:])
        for density in (0, 0.5, 1)
    ]
    assert counts[0] < counts[1] < counts[2]
    assert arrange(song, noisy, Options(density=1.0)).song == arrange(song, noisy).song
    calm = arrange(song, noisy, Options(density=0)).song
    assert all(note.start % BEAT == 0 for track in calm.tracks[1:] for note in track.notes)
    sixths = song_of(legato(*[4] * 16, pitches=(72, 76)))  # voices that move in thirds
    busy = arrange(sixths, options=Options(density=2)).song
    assert sum(len(track.notes) for track in busy.tracks[1:]) > 60


def verses(*semitones):
    """Eight bars for each verse, the same tune in other keys."""
    tune = (0, 4, 7, 4, 5, 9, 7, 5, 4, 7, 12, 7, 2, 5, 0, 0) * 2
    pitches = [60 + up + pitch for up in semitones for pitch in tune]
    return song_of(legato(*[4] * len(pitches), pitches=pitches))


def test_a_modulation_is_heard_in_its_own_key():
    accompanist = HandMade(below(3, 7, 12), tonic_normalized=True)
    song = verses(0, 2)
    result = Arranger(accompanist).arrange(song, Options())
    first, second = np.array(accompanist.heard[:7]), np.array(accompanist.heard[8:])
    np.testing.assert_array_equal(first[:, ::4][0], [60, 64, 67, 64, 65, 69, 67, 65])
    np.testing.assert_array_equal(second, first)
    for track, lower in zip(result.song.tracks[1:], (3, 7, 12), strict=True):
        assert plain(track) == moved(song.tracks[0].notes, -lower)


def test_a_generator_of_all_keys_hears_a_modulation_as_it_is():
    accompanist = HandMade(below(3, 7, 12), tonic_normalized=False)
    Arranger(accompanist).arrange(verses(0, 2), Options())
    assert [int(heard[0]) for heard in accompanist.heard] == [
        *[60, 65, 64, 62] * 2, *[62, 67, 66, 64] * 2
    ][:15]  # fmt: skip


def test_the_roll_shows_the_song():
    result = arrange(song_of(legato(4, 8, 4)))
    assert result.roll.shape == (16, 128, 4)
    assert result.roll.sum(axis=(0, 1)).tolist() == [16] * 4
    assert result.roll[4, [64, 61, 57, 52], [0, 1, 2, 3]].all()


def test_seams_are_told():
    result = arrange(song_of(legato(*[16] * 5)))
    assert len(result.seams) == 3
    assert all(16 * (i + 1) <= seam < 16 * (i + 2) for i, seam in enumerate(result.seams))


def test_silence_of_the_model_is_told():
    def silent(pitch, onset, noise):
        return np.full((*pitch.shape, 3), -1), np.zeros((*pitch.shape, 3), dtype=bool)

    result = arrange(song_of(legato(4)), silent)
    assert result.warnings == ("The model answered with silence; it may need more training.",)
    assert [len(track.notes) for track in result.song.tracks] == [1, 0, 0, 0]


def test_each_half_of_a_song_is_measured_in_its_own_key():
    tune = [60, 62, 64, 65, 67, 69, 71, 72, 67, 65, 64, 67, 65, 62, 64, 60] * 2
    notes = legato(*[4] * 64, pitches=[*tune, *(pitch + 2 for pitch in tune)])
    result = arrange(song_of(notes), below(12, 24, 36))  # nothing but the scale of each half
    assert result.metrics["in_scale"] == 1.0


def test_chords_are_told():
    chords = [Note(0, 960, pitch) for pitch in (60, 64, 67)]
    assert arrange(song_of(chords)).warnings == (
        "The melody track plays several notes at once; the highest were taken as the melody.",
    )


@st.composite
def songs(draw):
    division = draw(st.sampled_from([24, 50, 96, 220, 480, 1000]))
    ticks = st.integers(0, 12 * division)
    notes = draw(
        st.lists(
            st.builds(
                lambda start, length, pitch, velocity: Note(start, start + length, pitch, velocity),
                ticks,
                st.integers(1, 6 * division),
                st.integers(0, 127),
                st.integers(1, 127),
            ),
            min_size=1,
            max_size=12,
        )
    )
    metres = draw(st.lists(st.tuples(ticks, st.sampled_from(METRES)), max_size=3))
    signatures = tuple(TimeSignature(tick, *metre) for tick, metre in metres)
    tempos = tuple(Tempo(tick, 400_000 + tick) for tick in draw(st.lists(ticks, max_size=2)))
    return Song(division, (Track("Melody", 7, tuple(notes)),), tempos, signatures)


@given(songs(), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_melody(song, seed, tonic_normalized):
    arranger = Arranger(HandMade(noisy, tonic_normalized=tonic_normalized))
    result = arranger.arrange(song, Options(seed=seed)).song
    assert result.tracks[0] == song.tracks[0]
    assert (result.tempos, result.time_signatures) == (song.tempos, song.time_signatures)
    first = min(note.start for note in song.tracks[0].notes)
    assert result.end == song.end
    for track in result.tracks[1:]:
        assert track.notes[0].start == first
        assert all(first <= note.start and note.end <= song.end for note in track.notes)
        # One voice stays one voice: no note begins before the one before it has ended.
        for earlier, later in itertools.pairwise(track.notes):
            assert earlier.end <= later.start
    again = Arranger(HandMade(noisy, tonic_normalized=tonic_normalized))
    assert again.arrange(song, Options(seed=seed)).song == result
