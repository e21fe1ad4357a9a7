"""The routes behind a real server, with a real generator."""

import base64
import io
import json

import numpy as np
import pytest

from container.app import Settings, create_app
from music.manifest import GENERATOR_FILE, Manifest
from music.melodies import melody
from music.midi import read_midi, write_midi
from music.song import Note, Song, Track
from tests.container.http_server import serving
from tests.tiny_models import ALTO, TENOR

SONG = melody("ode-to-joy")
MIDI = write_midi(SONG)
BASE64 = base64.b64encode(MIDI).decode()
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@pytest.fixture(scope="module")
def client(voices_folder):
    with serving(create_app(Settings(voices_folder))) as client:
        yield client


def send(client, content=MIDI, content_type="audio/midi", accept=None, **headers):
    """Posts; underscores in the names of headers are hyphens."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers |= {"Content-Type": content_type, "Accept": accept or "*/*"}
    response = client.post("/invocations", content=content, headers=headers)
    assert response.status_code == 200, response.text
    return response


def send_json(client, accept=None, **body):
    return send(client, json.dumps(body).encode(), "application/json", accept)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def pitches(track):
    return [note.pitch for note in track.notes]


@pytest.mark.parametrize("content_type", ["audio/midi", "audio/x-midi", "audio/mid"])
def test_midi_is_answered_with_midi(client, content_type):
    response = send(client, content_type=content_type)
    assert response.headers["Content-Type"] == "audio/midi"
    song = read_midi(response.content)
    assert len(song.tracks) == 4
    assert song.tracks[0] == SONG.tracks[0]
    assert (song.tempos, song.time_signatures) == (SONG.tempos, SONG.time_signatures)
    assert song.end == SONG.end
    assert pitches(song.tracks[1]) == [pitch - ALTO for pitch in pitches(SONG.tracks[0])]
    assert pitches(song.tracks[2]) == [pitch - TENOR for pitch in pitches(SONG.tracks[0])]
    assert [track.name for track in song.tracks] == ["Melody", "Alto", "Tenor", "Bass"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(client):
    def answer(seed):
        header = {ATTRIBUTES: f"seed={seed}"}
        return client.post(
            "/invocations", content=MIDI, headers={"Content-Type": "audio/midi", **header}
        )

    assert answer(7).content == answer(7).content
    assert len({answer(seed).content for seed in range(6)}) > 2
    assert answer(7).headers[ATTRIBUTES] == "seed=7,takes=1"
    assert answer(0).content == send(client).content


def test_json(client, voices_folder):
    answer = send_json(client, midi=BASE64, seed=7, takes=3).json()
    assert [take["seed"] for take in answer["takes"]] == [7, 8, 9]
    assert answer["warnings"] == []
    assert answer["model"] == {
        "architecture": "voices",
        "code_version": "0.1.0",
        "created": "",
        "tracks": ["soprano", "alto", "tenor", "bass"],
        "sha256": Manifest.read(voices_folder).files[GENERATOR_FILE],
    }
    first = answer["takes"][0]
    assert first["key"] == "G major"
    assert set(first["metrics"]) == {"notes", "in_scale", "consonance"}
    assert first["tracks"][1] == {"name": "Alto", "instrument": "Church Organ"}
    alone = send_json(client, "audio/midi", midi=BASE64, seed=9).content
    assert base64.b64decode(answer["takes"][2]["midi"]) == alone


def test_midi_is_answered_with_json_where_there_are_takes(client):
    response = send(client, X_Amzn_SageMaker_Custom_Attributes="takes=2,seed=5")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers[ATTRIBUTES] == "seed=5,takes=2"
    assert [take["seed"] for take in response.json()["takes"]] == [5, 6]


def test_notes(client):
    notes = [{"pitch": 72, "start": i, "duration": 1, "velocity": 100} for i in range(3)]
    response = send_json(client, notes=notes, tempo_bpm=75, time_signature="3/4")
    song = read_midi(base64.b64decode(response.json()["takes"][0]["midi"]))
    assert song.tracks[0].notes == tuple(Note(480 * i, 480 * i + 480, 72, 100) for i in range(3))
    assert song.tempos[0].bpm == 75
    assert pitches(song.tracks[1]) == [72 - ALTO] * 3


def test_instruments(client):
    answer = send_json(client, midi=BASE64, instruments=["flute", "violin", "viola", 42]).json()
    instruments = [track["instrument"] for track in answer["takes"][0]["tracks"]]
    assert instruments == ["Flute", "Violin", "Viola", "Cello"]


def test_the_picture(client):
    response = send(client, accept="image/png")
    assert response.headers["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG\r\n")


def test_arrays_of_a_midi_file(client):
    response = send_json(client, "application/x-npy", midi=BASE64, takes=2, seed=1)
    rolls = np.load(io.BytesIO(response.content), allow_pickle=False)
    assert rolls.dtype == np.uint8
    assert rolls.shape == (2, SONG.end // 120, 128, 4)
    assert rolls[0, 0].any(axis=1).sum() == 4


def test_arrays(client):
    melodies = np.zeros((3, 40, 128), dtype=bool)
    melodies[:, 4:20, 60] = melodies[:, 20:36, 64] = True
    response = send(
        client, npy(melodies), "application/x-npy", X_Amzn_SageMaker_Custom_Attributes="seed=3"
    )
    assert response.headers["Content-Type"] == "application/x-npy"
    rolls = np.load(io.BytesIO(response.content), allow_pickle=False)
    assert rolls.shape == (3, 40, 128, 4)
    np.testing.assert_array_equal(rolls[..., 0], melodies)
    np.testing.assert_array_equal(rolls[:, :, : 128 - ALTO, 1], melodies[:, :, ALTO:])
    # Each row has the seed of its place.
    second = send(
        client, npy(melodies[1:2]), "application/x-npy", X_Amzn_SageMaker_Custom_Attributes="seed=4"
    )
    np.testing.assert_array_equal(np.load(io.BytesIO(second.content))[0], rolls[1])


def test_lines(client):
    lines = [
        {"midi": BASE64, "seed": 4},
        {"midi": "?"},
        {"notes": [{"pitch": 60, "start": 0, "duration": 4}], "takes": 2},
        {"midi": base64.b64encode(b"RIFF").decode()},
        {"midi": BASE64, "sede": 4},
    ]
    body = "\r\n".join(json.dumps(line) for line in lines).encode() + b"\n"
    response = send(client, body, "application/jsonlines")
    assert response.headers["Content-Type"] == "application/jsonlines"
    assert response.headers[ATTRIBUTES] == "lines=5,faults=3"
    assert response.content.endswith(b"}\n")
    answers = [json.loads(line) for line in response.content.splitlines()]
    assert [answer.get("error") for answer in answers] == [
        None,
        "bad_parameters",
        None,
        "not_midi",
        "bad_parameters",
    ]
    assert answers[0] == send_json(client, midi=BASE64, seed=4).json()
    assert len(answers[2]["takes"]) == 2


def test_the_header_stands_for_all_lines(client):
    body = (
        json.dumps({"midi": BASE64}) + "\n\n" + json.dumps({"midi": BASE64, "seed": 1})
    ).encode()
    response = send(
        client, body, "application/jsonlines", X_Amzn_SageMaker_Custom_Attributes="seed=9"
    )
    answers = [json.loads(line) for line in response.content.splitlines()]
    assert answers[0]["takes"][0]["seed"] == 9
    assert answers[1]["error"] == "not_json"  # an empty line has an answer, too
    assert answers[2]["takes"][0]["seed"] == 1
    assert answers[2]["warnings"] == ["The body's `seed` counted, not the custom attributes'."]


def test_octave_and_ensemble(client):
    plain = read_midi(send(client).content)
    moved = read_midi(send_json(client, "audio/midi", midi=BASE64, octave=-1).content)
    for before, after in zip(plain.tracks[1:], moved.tracks[1:], strict=True):
        assert pitches(after) == [pitch - 12 for pitch in pitches(before)]
    assert moved.tracks[0] == plain.tracks[0]
    band = read_midi(send(client, **{ATTRIBUTES: "instruments=rock band"}).content)
    assert [track.program for track in band.tracks] == [29, 27, 18, 33]
    assert [track.notes for track in band.tracks] == [track.notes for track in plain.tracks]


def test_density(client):
    def notes(density):
        answer = send_json(client, midi=BASE64, density=density).json()
        return answer["takes"][0]["metrics"]["notes"]

    plain = send_json(client, midi=BASE64).json()["takes"][0]["metrics"]["notes"]
    assert notes(0) < notes(1) == plain < notes(2)


# A bass that no model would write, with a rest, repeated and odd notes, over the tune's eight bars.
BASS = (
    Note(0, 333, 30, 1),
    Note(333, 334, 30, 127),
    Note(2500, 5000, 97, 60),
    Note(5000, 9000, 41, 61),
    Note(9013, 15000, 28, 99),
)


@pytest.mark.parametrize("kind", ["midi", "json", "lines"])
def test_what_is_kept_comes_back_tick_for_tick(client, kind):
    given = Song(480, (SONG.tracks[0], Track("Bass", 33, BASS)), SONG.tempos)
    body = write_midi(given)
    options = {"freeze_tracks": ["bass"], "freeze_bars": "1,3-4"}
    if kind == "midi":
        header = {ATTRIBUTES: "freeze_tracks=bass,freeze_bars=1;3-4"}
        answer = send(client, body, accept="audio/midi", **header).content
    else:
        line = {"midi": base64.b64encode(body).decode(), **options}
        if kind == "json":
            found = send_json(client, **line).json()
        else:
            found = json.loads(
                send(client, json.dumps(line).encode(), "application/jsonlines").content
            )
        answer = base64.b64decode(found["takes"][0]["midi"])
    song = read_midi(answer)
    assert song.tracks[0] == SONG.tracks[0]
    assert pitches(song.tracks[1]) == [pitch - ALTO for pitch in pitches(SONG.tracks[0])]
    bass = song.tracks[3]
    assert (bass.name, bass.program) == ("Bass", 33)
    # Bars 1, 3 and 4 begin at 0, 3840 and 5760; the third note begins in bar 2, the last in bar 5.
    assert [note for note in bass.notes if note in BASS] == list(BASS[:4])
    assert all(
        note.start >= 9000 or 1920 <= note.start < 2500 for note in bass.notes if note not in BASS
    )


@pytest.mark.parametrize(
    "attributes", ["freeze_tracks=bass", "freeze_bars=1", "freeze_tracks=1;2,freeze_bars=2-3"]
)
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (MIDI, "audio/midi"),
        (b'{"notes": [{"pitch": 60, "start": 0, "duration": 40}]}', "application/json"),
        (npy(np.ones((1, 32, 128), dtype=bool)), "application/x-npy"),
    ],
)
def test_a_melody_alone_has_nothing_to_keep(client, content, content_type, attributes):
    headers = {"Content-Type": content_type, ATTRIBUTES: attributes}
    response = client.post("/invocations", content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"] == "bad_option"
    assert response.json()["message"].startswith("There is nothing to keep: ")


def test_what_was_left_out_is_told(client):
    drums = Track("Drums", 0, (Note(0, 480, 38),), is_drum=True)
    song = Song(480, (drums, SONG.tracks[0]))
    response = send(client, write_midi(song))
    assert response.headers[ATTRIBUTES] == (
        "seed=0,takes=1,warnings=Only track 1 was accompanied; left out: Drums (drums)."
    )
    answer = send(client, write_midi(song), accept="application/json").json()
    assert answer["warnings"] == ["Only track 1 was accompanied; left out: Drums (drums)."]


def test_the_inference_id_comes_back(client):
    response = send(client, X_Amzn_SageMaker_Inference_Id="abc-123")
    assert response.headers["X-Amzn-SageMaker-Inference-Id"] == "abc-123"
    assert "X-Amzn-SageMaker-Inference-Id" not in send(client).headers


def test_without_content_type_the_body_tells(client):
    response = client.post("/invocations", content=MIDI)
    assert response.request.headers.get("Content-Type") is None
    assert response.headers["Content-Type"] == "audio/midi"
    assert response.content == send(client).content


def test_the_u_net_answers_likewise(unet_folder):
    with serving(create_app(Settings(unet_folder, threads=1))) as client:
        song = read_midi(send(client).content)
        assert song.tracks[0] == SONG.tracks[0]
        assert song.end == SONG.end
        assert {p - ALTO for p in pitches(SONG.tracks[0])} == set(pitches(song.tracks[1]))


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_ping(client, method):
    assert client.request(method, "/ping").status_code == 200


def test_execution_parameters(client):
    parameters = client.get("/execution-parameters").json()
    assert parameters == {
        "MaxConcurrentTransforms": 4,
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 6,
    }
    assert parameters["MaxConcurrentTransforms"] * parameters["MaxPayloadInMB"] <= 100


def test_melodies(client):
    tunes = client.get("/melodies").json()
    by_name = {tune["name"]: tune for tune in tunes}
    assert by_name["ode-to-joy"]["midi"] == BASE64
    assert by_name["twinkle"]["title"] == "Twinkle, Twinkle, Little Star"
