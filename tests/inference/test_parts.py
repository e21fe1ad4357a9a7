import pytest

from inference.parts import choose_melody, find_parts, warn_of_left_out
from music.errors import MusicError
from music.song import Note, Song, Track

BEAT = 480


def tracks_of(*tracks):
    filled = [
        Track(name, 0, (Note(0, 480, 60 + i),) if sounds else (), is_drum=drum)
        for i, (name, sounds, drum) in enumerate(tracks)
    ]
    return Song(480, tuple(filled))


BAND = tracks_of(("Drums", 1, True), ("Empty", 0, False), ("Voice", 1, False), ("", 1, False))


def test_the_first_pitched_track_with_notes_is_the_melody():
    assert choose_melody(BAND, None) == 2
    assert warn_of_left_out(BAND, 2, []) == [
        "Only track 2 was accompanied; left out: Drums (drums), unnamed."
    ]


def test_another_track_may_be_the_melody():
    assert choose_melody(BAND, 3) == 3


@pytest.mark.parametrize("index", [-1, 0, 1, 4, 10**9])
def test_tracks_that_are_no_melody(index):
    with pytest.raises(MusicError, match=f"Track {index} is no melody among the 4") as caught:
        choose_melody(BAND, index)
    assert caught.value.code == "bad_option"
    assert caught.value.hint == "Choose `melody_track` from 2 (Voice), 3 (unnamed)."


def test_many_tracks_are_told_shortly():
    song = tracks_of(*[(f"Track {'x' * 300}", 1, False)] * 60)
    [warning] = warn_of_left_out(song, 0, [])
    assert warning.endswith("and 54 more.")
    assert len(warning) < 400


def test_drums_alone_are_no_melody():
    with pytest.raises(MusicError, match="drums only"):
        choose_melody(tracks_of(("Drums", 1, True)), None)


NAMES = ("alto", "tenor", "bass")


@pytest.mark.parametrize(
    ("names", "melody", "parts"),
    [
        (("Melody", "Alto", "Tenor", "Bass"), 0, [1, 2, 3]),
        (("Melody", "Bass", "ALTO ", "Tenor"), 0, [2, 3, 1]),
        (("Bass", "Strings", "Melody"), 2, [None, None, 0]),
        (("Melody", "Bass", "Bass", "Piano"), 0, [None, None, 1]),
        (("Drums", "Melody", "Strings", "Drums", "Piano"), 1, [2, 4, None]),
        (("Melody", "1", "2", "3", "4"), 0, [1, 2, 3]),
        (("Melody", "1", "2", "3", "4"), 2, [3, 4, None]),
        (("Bass", "1", "2"), 0, [1, 2, None]),  # its name is the melody's own
        (("Melody",), 0, [None, None, None]),
    ],
)
def test_parts_are_found_by_name_or_in_order(names, melody, parts):
    song = tracks_of(*((name, 1, name == "Drums") for name in names))
    assert find_parts(song, melody, NAMES) == parts


def test_what_is_no_part_is_told():
    song = tracks_of(("Melody", 1, False), ("Bass", 1, False), ("Piano", 1, False))
    assert warn_of_left_out(song, 0, [None, None, 1]) == [
        "Only track 0 was accompanied; left out: Piano."
    ]
