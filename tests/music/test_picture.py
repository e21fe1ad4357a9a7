import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from music.errors import MusicError
from music.melodies import NAMES, melody
from music.picture import PALETTE, draw_song
from music.song import Note, Song, TimeSignature, Track

Colour = tuple[int, int, int]


def rgb(text: str) -> Colour:
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


def picture(song: Song, **options: object) -> Image.Image:
    image = Image.open(io.BytesIO(draw_song(song, **options)))
    assert image.format == "PNG"
    return image


def song_of(*tracks: tuple[Note, ...], **options: object) -> Song:
    return Song(480, tuple(Track(f"T{i}", 0, notes) for i, notes in enumerate(tracks)), **options)


def box(image: Image.Image, colour: str) -> tuple[int, int, int, int] | None:
    """The smallest box (left, top, right, bottom) around a colour in a roll without title."""
    below_legend = np.asarray(image)[42:]
    rows, columns = np.nonzero((below_legend == rgb(colour)).all(axis=-1))
    if not len(rows):
        return None
    return columns.min(), rows.min() + 42, columns.max(), rows.max() + 42


def test_the_picture_has_the_size_asked_for():
    assert picture(melody("twinkle")).size == (1280, 540)
    assert picture(melody("twinkle"), width=400, height=200, title="Twinkle").size == (400, 200)


def test_the_same_song_gives_the_same_bytes():
    assert draw_song(melody("twinkle")) == draw_song(melody("twinkle"))
    assert draw_song(melody("twinkle")) != draw_song(melody("ode-to-joy"))


def test_notes_lie_at_their_time_and_pitch():
    song = song_of((Note(480, 960, 60),), (Note(960, 1920, 71),), (Note(0, 480, 49),))
    image = picture(song, width=480 + 62, height=500, pitches=(48, 71))
    # The roll is 480 pixels wide from 46 on and 24 rows high: four beats of 120 pixels.
    first, second, third = (box(image, colour) for colour in PALETTE[:3])
    assert first[0] == pytest.approx(46 + 120, abs=2)
    assert first[2] == pytest.approx(46 + 240, abs=4)
    assert second[0] == pytest.approx(46 + 240, abs=2)
    assert second[2] == pytest.approx(46 + 480, abs=4)
    assert third[0] == pytest.approx(46, abs=2)
    row = (500 - 28 - 42) / 24
    assert second[1] == pytest.approx(42, abs=2)
    assert first[1] - second[1] == pytest.approx(11 * row, abs=2)
    assert third[1] - first[1] == pytest.approx(11 * row, abs=2)


def test_repeated_notes_stay_apart():
    colour = rgb(PALETTE[0])
    held, repeated = (
        picture(song_of(notes), pitches=(55, 65))
        for notes in (
            (Note(0, 1920, 60),),
            (Note(0, 960, 60), Note(960, 1920, 60)),
        )
    )
    y = (box(held, PALETTE[0])[1] + box(held, PALETTE[0])[3]) // 2
    middle = range(600, 700)
    assert all(held.getpixel((x, y)) == colour for x in middle)
    assert any(repeated.getpixel((x, y)) != colour for x in middle)


def test_the_melody_lies_on_top():
    note = (Note(0, 1920, 60),)
    image = picture(song_of(note, note))
    assert box(image, PALETTE[0])
    assert box(image, PALETTE[1]) is None


def test_drums_are_grey_and_take_no_colour():
    tracks = [Track(n, 0, (Note(0, 960, 60 + i),)) for i, n in enumerate("ABC")]
    tracks[1] = Track("Drums", 0, (Note(0, 960, 40),), is_drum=True)
    image = picture(Song(480, tuple(tracks)))
    assert box(image, "#a0a0a0")
    assert box(image, PALETTE[0])
    assert box(image, PALETTE[1])
    assert box(image, PALETTE[2]) is None


def test_notes_outside_the_range_are_left_out():
    song = song_of((Note(0, 960, 60),), (Note(0, 960, 90),))
    image = picture(song, pitches=(50, 70))
    assert box(image, PALETTE[0])
    assert box(image, PALETTE[1]) is None


@pytest.mark.parametrize("text", ["Frère Jacques ♭ 漢字", "x" * 10_000, "\ud800", "a\nb"])
def test_any_title_and_name_can_be_drawn(text):
    song = Song(480, (Track(text, 0, (Note(0, 960, 60),)),))
    assert draw_song(song, title=text, width=300, height=200)


def test_accents_are_left_out_rather_than_drawn_as_boxes():
    song = melody("frere-jacques")
    assert draw_song(song, title="Frère") == draw_song(song, title="Frere")
    assert draw_song(song, title="Frère") != draw_song(song, title="Fr?re")


@pytest.mark.parametrize(
    "song",
    [
        Song(480, ()),
        song_of(()),
        song_of((Note(0, 1, 0),), (Note(0, 1, 127),)),
        song_of((Note(0, 480 * 4_000, 60),)),
        song_of((Note(0, 30_000, 60),), time_signatures=(TimeSignature(77, 7, 64),)),
        Song(24, tuple(Track(f"Track {i}", i, (Note(0, 9, 60 + i),)) for i in range(40))),
    ],
)
def test_extreme_songs_can_be_drawn(song):
    assert picture(song, width=240, height=160).size == (240, 160)


@pytest.mark.parametrize("bars", [1, 2, 16, 64, 1000])
def test_lines_and_numbers_leave_the_notes_in_sight(bars):
    song = song_of(tuple(Note(i * 480, i * 480 + 480, 60) for i in range(4 * bars)))
    image = picture(song, pitches=(50, 70))
    row = box(image, PALETTE[0])[3]
    paper = [image.getpixel((x, row + 30)) for x in range(50, 1260)]
    assert sum(p in ((255, 255, 255), rgb("#f5f6f8")) for p in paper) > 0.8 * len(paper)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 239},
        {"width": 5000},
        {"height": 0},
        {"pitches": (60, 59)},
        {"pitches": (-1, 59)},
        {"pitches": (0, 128)},
    ],
)
def test_impossible_pictures_are_refused(options):
    with pytest.raises(MusicError) as caught:
        draw_song(melody("twinkle"), **options)
    assert caught.value.code == "bad_picture"


@pytest.mark.parametrize("name", NAMES)
def test_every_melody_can_be_drawn(name):
    assert box(picture(melody(name), width=640, height=300), PALETTE[0])


def test_pillow_is_loaded_when_a_picture_is_drawn_and_matplotlib_never():
    code = (
        "import sys, music.picture as p, music.melodies as m; first = 'PIL' in sys.modules; "
        "p.draw_song(m.melody('twinkle')); "
        "sys.exit(first or 'PIL' not in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
