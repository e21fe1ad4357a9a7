import base64
import io
import json

import numpy as np
import pytest

from container.faults import RequestError
from container.parameters import Parameters
from container.requests import read_json_request, read_rolls, song_of_roll
from music.errors import MusicError
from music.melodies import melody
from music.midi import write_midi
from music.song import Note, TimeSignature


def read(defaults=Parameters(), **body):  # noqa: B008 - frozen
    return read_json_request(json.dumps(body).encode(), defaults)


def test_notes_become_a_song():
    request = read(
        notes=[
            {"pitch": 60, "start": 0.5, "duration": 1 / 3, "velocity": 90},
            {"pitch": 62, "start": 2, "duration": 1e-9},
        ],
        tempo_bpm=90,
        time_signature="3/4",
    )
    assert request.song.tracks[0].notes == (Note(240, 400, 60, 90), Note(960, 961, 62, 80))
    assert request.song.tempos[0].bpm == pytest.approx(90, rel=1e-6)
    assert request.song.time_signatures == (TimeSignature(0, 3, 4),)
    assert request.warnings == ()


def test_midi_is_base64():
    song = melody("twinkle")
    request = read(Parameters(seed=3), midi=base64.b64encode(write_midi(song)).decode(), takes=2)
    assert request.song.tracks[0].notes == song.tracks[0].notes
    assert request.parameters == Parameters(seed=3, takes=2)


def test_a_midi_file_keeps_its_tempo():
    midi = base64.b64encode(write_midi(melody("twinkle"))).decode()
    request = read(midi=midi, tempo_bpm=90)
    assert request.warnings == (
        "The MIDI file's own tempo and time signature counted, not the body's.",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either `midi` or `notes`"),
        ({"midi": "", "notes": [{"pitch": 1, "start": 0, "duration": 1}]}, "and not both"),
        ({"midi": "TVRo*"}, "`midi` is not base64"),
        ({"midi": "é"}, "`midi` is not base64"),
        ({"midi": "abc"}, "`midi` is not base64"),
    ],
)
def test_bodies_that_say_too_little_or_too_much(body, words):
    with pytest.raises(RequestError, match=words) as caught:
        read(**body)
    assert caught.value.code == "bad_parameters"


def test_base64_of_too_large_a_file_is_not_even_decoded():
    """The longest base64 that can hold a file that is small enough is decoded."""
    longest = base64.b64encode(b"MThd" + bytes((1 << 20) - 4)).decode()
    with pytest.raises(MusicError) as decoded:
        read(midi=longest)
    assert decoded.value.code == "not_midi"
    with pytest.raises(RequestError) as refused:
        read(midi="?" + longest)
    assert refused.value.code == "too_large"


def npy(array, **kwargs):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **kwargs)
    return file.getvalue()


ROLLS = np.random.default_rng(0).random((3, 20, 128)) < 0.1


@pytest.mark.parametrize(
    "body",
    [
        npy(ROLLS),
        npy(ROLLS.astype(np.uint8) * 90),
        npy(np.asfortranarray(ROLLS)),
        npy(ROLLS, version=(2, 0)),
    ],
    ids=["bool", "velocities", "columns", "version 2"],
)
def test_rolls(body):
    np.testing.assert_array_equal(read_rolls(body), ROLLS)


def header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_npy"),
        (b"\x93NUMPY", "not_npy"),
        (b"\x93NUMPY\x03\x00", "not_npy"),
        (npy(ROLLS)[:-1], "not_npy"),
        (npy(ROLLS) + b"\0", "not_npy"),
        (npy(ROLLS[:0]), "not_npy"),
        (npy(ROLLS[0]), "wrong_shape"),
        (npy(ROLLS.astype(np.int8)), "wrong_shape"),
        (npy(ROLLS.astype(float)), "wrong_shape"),
        (npy(ROLLS[..., :88]), "wrong_shape"),
        (npy(np.array([{}], dtype=object), allow_pickle=True), "wrong_shape"),
        (npy(np.zeros((1, 65_537, 128), dtype=bool)), "too_long"),
        # Headers that claim what would not fit into any memory.
        (header("{'descr':'|b1','fortran_order':False,'shape':(1,32,128)}"), "not_npy"),
        (header("{'descr':'|b1','fortran_order':False,'shape':(10**9,32,128)}"), "not_npy"),
        (header("{'descr':'|b1','fortran_order':False,'shape':(1000000000,32,128)}"), "too_long"),
        (header("{'descr':'|b1','fortran_order':False,'shape':(-1,32,128)}"), "not_npy"),
        (header("(" * 5000), "not_npy"),
        (header("{'descr':'\\d','fortran_order':False,'shape':(1,32,128)}"), "not_npy"),
        (header("x" * 20_000), "not_npy"),
    ],
)
def test_arrays_that_are_no_melodies(body, code):
    with pytest.raises(RequestError) as caught:
        read_rolls(body)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_a_roll_is_a_song_in_common_time():
    roll = np.zeros((20, 128), dtype=bool)
    roll[2:6, 60] = roll[6:20, 62] = True
    song = song_of_roll(roll, 4)
    assert [(n.start // 24, n.end // 24, n.pitch) for n in song.tracks[0].notes] == [
        (2, 6, 60),
        (6, 20, 62),
    ]
    assert song.ticks_per_beat == 96
