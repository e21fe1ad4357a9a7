import pytest

from music.errors import MusicError
from music.melodies import MELODIES, NAMES, TICKS_PER_BEAT, melody, parse_notes
from music.midi import read_midi, write_midi
from music.song import Note

# The tunes once more, as songbooks in numbers print them: degrees of the scale, 8 the tonic above,
# `,` an octave below; a tied note stands once. In God Rest Ye the scale is that of E minor.
DEGREES = {
    "twinkle": "1155665 4433221 5544332 5544332 1155665 4433221",
    "ode-to-joy": "33455432 1123322 33455432 1123211 2231 23431 23432 125, 3 3455432 1123211",
    "frere-jacques": "1231 1231 345 345 565431 565431 15,1 15,1",
    "old-hundredth": "117,6,5,123 33321432 12321 6,7,1 53124321",
    "amazing-grace": "5,131321 6,5, 5,1313 25 3 5353 15, 6,116, 5, 5,131321",
    "london-bridge": "5654 345 234 345 5654 345 2531",
    "au-clair-de-la-lune": "11123213221 11123213221 2222 6,6, 217,6,5, 11123213221",
    "good-king-wenceslas": "1112115, 6,5,6,7,11 1112115, 6,5,6,7,11 5432321 6,5,6,7,11 "
    "5,5,6,7,112 5432141",
    "auld-lang-syne": "5,11132 1231135 6 65331 212316,6,5,1 65331 212653356 65331 21232 16,6,5,1",
    "god-rest-ye": "1155432 17,1234 5 1155432 17,1234 5 56456785 4 31234 34 5655 4 32 1321 4 34 "
    "56785 4 321",
}
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
TONICS = {-1: 65, 1: 67}  # F and G above middle C


def degrees_of(text: str, tonic: int, scale: tuple[int, ...]) -> list[int]:
    pitches = []
    for sign in text.replace(" ", ""):
        if sign == ",":
            pitches[-1] -= 12
        else:
            octave, degree = divmod(int(sign) - 1, 7)
            pitches.append(tonic + 12 * octave + scale[degree])
    return pitches


@pytest.mark.parametrize("name", NAMES)
def test_the_pitches_are_those_of_the_songbooks(name):
    tune = MELODIES[name]
    tonic = 64 if tune.is_minor else TONICS[tune.fifths]
    expected = degrees_of(DEGREES[name], tonic, MINOR if tune.is_minor else MAJOR)
    assert [note.pitch for note in melody(name).tracks[0].notes] == expected


@pytest.mark.parametrize(
    ("name", "bars", "beats", "first_beat", "last_beat"),
    [
        ("twinkle", 12, 4, 0, 48),
        ("ode-to-joy", 16, 4, 0, 64),
        ("frere-jacques", 8, 4, 0, 32),
        ("old-hundredth", 13, 4, 2, 52),
        ("amazing-grace", 17, 3, 2, 51),
        ("london-bridge", 8, 4, 0, 32),
        ("au-clair-de-la-lune", 16, 4, 0, 64),
        ("good-king-wenceslas", 17, 4, 0, 68),
        ("auld-lang-syne", 17, 4, 3, 68),
        ("god-rest-ye", 20, 4, 3, 80),
    ],
)
def test_bars_and_pickups(name, bars, beats, first_beat, last_beat):
    song = melody(name)
    length = beats * TICKS_PER_BEAT
    assert song.bars() == [(i * length, (i + 1) * length) for i in range(bars)]
    assert (song.time_signatures[0].numerator, song.time_signatures[0].denominator) == (beats, 4)
    assert song.tracks[0].notes[0].start == first_beat * TICKS_PER_BEAT
    assert song.end == last_beat * TICKS_PER_BEAT


@pytest.mark.parametrize("name", NAMES)
def test_a_soprano_can_sing_it(name):
    (track,) = melody(name).tracks
    notes = track.notes
    assert all(60 <= note.pitch <= 81 for note in notes)
    # One note at a time and no rest but the pickup's.
    assert [n.start for n in notes[1:]] == [n.end for n in notes[:-1]]
    # Sixteenths and longer, so that four steps a beat tell every rhythm.
    assert all(note.start % (TICKS_PER_BEAT // 4) == 0 for note in notes)


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_on_its_tonic_after_a_singable_time(name):
    song = melody(name)
    key = song.key_signatures[0]
    tonic = (7 * key.fifths - (3 if key.is_minor else 0)) % 12
    assert song.tracks[0].notes[-1].pitch % 12 == tonic
    assert 10 < song.seconds(song.end) < 60


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_midi_file_too(name):
    assert read_midi(write_midi(melody(name))) == melody(name)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_in_the_public_domain(name):
    tune = MELODIES[name]
    assert tune.title
    assert tune.source
    assert 1500 < tune.year < 1900


def test_known_rhythms():
    """The dotted notes and the syncopation that a careless copy loses."""
    beats = [
        ((n.start / TICKS_PER_BEAT) % 4, (n.end - n.start) / TICKS_PER_BEAT)
        for n in melody("ode-to-joy").tracks[0].notes
    ]
    assert beats[12:15] == [(0, 1.5), (1.5, 0.5), (2, 2)]
    assert (3, 2) in beats  # the fourth line enters one beat early
    long_notes = [n for n in melody("amazing-grace").tracks[0].notes if n.end - n.start == 5 * 480]
    assert [note.pitch for note in long_notes] == [74]


@pytest.mark.parametrize("name", ["Ode to Joy", " ode_to_joy ", "ODE-TO-JOY"])
def test_names_may_be_written_freely(name):
    assert melody(name) == melody("ode-to-joy")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("twinkel", "twinkle"), ("frère-jacques", "frere-jacques"), ("old-hundreth", "old-hundredth")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(MusicError, match=f"did you mean `{nearest}`") as caught:
        melody(name)
    assert caught.value.code == "unknown_melody"
    assert "london-bridge" in caught.value.hint


@pytest.mark.parametrize("name", ["", "?", "x" * 10_000])
def test_any_name_has_a_nearest(name):
    with pytest.raises(MusicError, match="did you mean") as caught:
        melody(name)
    assert len(str(caught.value)) < 500


class TestNotation:
    def test_notes_rests_lengths_and_ties(self):
        assert parse_notes("R:1.5 C4:.5 Bb3 F#5~ | F#5:2 B4~ B4:0.25 R:.75 |", 4) == (
            Note(720, 960, 60),
            Note(960, 1440, 58),
            Note(1440, 2880, 78),
            Note(2880, 3480, 71),
        )

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("C4 C4 C4 |", "bar 1 is 1 beats too short"),
            ("C4:4 | C4:4.5 |", "bar 2 is 0.5 beats too long"),
            ("C4:4 | |", "bar 2 is 4 beats too short"),
            ("H4:4 |", "`H4:4` is neither a note nor a rest"),
            ("C4:4x |", "`C4:4x` is neither"),
            ("C4:0 |", "`C4:0` has a length"),
            ("C4:.0001 |", "no whole number of ticks"),
            ("C4:4~ | D4:4 |", "the tie before `D4:4` in bar 2 leads elsewhere"),
            ("C4:4~ | R:4 |", "the tie before `R:4` in bar 2 leads elsewhere"),
            ("C4:4~ |", "the last note is tied to nothing"),
        ],
    )
    def test_mistakes_are_named(self, text, fault):
        with pytest.raises(MusicError, match=fault) as caught:
            parse_notes(text, 4)
        assert caught.value.code == "bad_notation"
