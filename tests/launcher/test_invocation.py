import http.server
import threading

import pytest

from launcher import LauncherError, deploy, invocation, invoke, train
from launcher.invocation import read_melody
from music.melodies import melody
from music.midi import read_midi, write_midi
from tests.launcher.fake_container import SONG
from tests.launcher.test_records import an_endpoint


@pytest.fixture
def served(root, data, port):
    """An endpoint that answers with the request."""
    train(data=data, root=root)
    return deploy(port=port, root=root)


@pytest.fixture
def midi(tmp_path):
    path = tmp_path / "melody.mid"
    path.write_bytes(write_midi(melody("ode-to-joy")))
    return path


def answering(root, status, body):
    """An endpoint whose server answers one request with these bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    (root / "endpoints").mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{server.server_port}/"
    an_endpoint(root / "endpoints" / "odd", url=url, port=server.server_port)
    return server


def test_what_is_asked_for_arrives(root, served, midi, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # for other machines
    answer = invoke(
        midi,
        seed=7,
        takes=2,
        temperature=0.5,
        instruments=["violin", 42],
        melody_track=1,
        density=1.5,
        octave=2,
        freeze_tracks=("alto", 3),
        freeze_bars="1-4,7",
        root=root,
    )
    request = dict(answer.model)
    assert request.pop("midi")
    assert request == {
        "seed": 7,
        "takes": 2,
        "temperature": 0.5,
        "instruments": ["violin", 42],
        "melody_track": 1,
        "density": 1.5,
        "octave": 2,
        "freeze_tracks": ["alto", 3],
        "freeze_bars": "1-4,7",
    }
    assert [(take.midi, take.seed) for take in answer.takes] == [(SONG, 7), (SONG, 8)]
    assert answer.warnings == ("It was cut.",)
    assert answer.endpoint == "accompanist"


def test_what_is_not_asked_for_is_left_to_the_endpoint(root, served, midi):
    assert list(invoke(midi, root=root).model) == ["midi"]


def test_a_refusal_keeps_its_code_message_and_hint(root, data, port, monkeypatch):
    monkeypatch.setenv("FAKE", "refuse")
    train(data=data, root=root)
    deploy(port=port, root=root)
    with pytest.raises(LauncherError) as caught:
        invoke("twinkle", root=root)
    error = caught.value
    assert (error.code, error.message, error.hint) == ("no_notes", "No notes.", "Add some.")


@pytest.mark.parametrize(
    ("status", "body", "match"),
    [
        (502, b"<html>bad gateway</html>", "answered with the HTTP status 502"),
        (500, b'{"error": "internal"}', "answered with the HTTP status 500"),
        (200, b"", "cannot be read"),
        (200, b"[]", "cannot be read"),
        (200, b'{"takes": [{"midi": "?", "seed": 1}], "warnings": [], "model": {}}', "cannot be"),
    ],
)
def test_odd_answers_are_one_sentence(root, status, body, match):
    with answering(root, status, body) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(LauncherError, match=match):
            invoke("twinkle", endpoint="odd", root=root)
        thread.join()


def test_a_server_that_hangs_up_is_one_sentence(root):
    with answering(root, 200, b"") as server:
        pass
    with pytest.raises(LauncherError, match="The endpoint odd gave no answer"):
        invoke("twinkle", root=root)
    assert server.server_port


def test_the_endpoint_may_be_left_out_if_only_one_runs(root):
    with pytest.raises(LauncherError, match=r"No endpoint runs\..*launcher\.deploy"):
        invoke("twinkle", root=root)
    (root / "endpoints").mkdir(parents=True)
    an_endpoint(root / "endpoints" / "gone", server=None)
    with pytest.raises(LauncherError, match="No endpoint runs"):
        invoke("twinkle", root=root)
    with pytest.raises(LauncherError, match="The endpoint gone does not run: its state is Failed"):
        invoke("twinkle", endpoint="gone", root=root)
    for name in ("one", "two"):
        an_endpoint(root / "endpoints" / name)
    with pytest.raises(LauncherError, match="2 endpoints run: one, two"):
        invoke("twinkle", root=root)
    with pytest.raises(LauncherError, match="There is no endpoint 'three'"):
        invoke("twinkle", endpoint="three", root=root)


def test_built_in_melodies_and_files_are_midi(tmp_path, midi, monkeypatch):
    assert read_melody("Ode to Joy") == midi.read_bytes() == read_melody(str(midi))
    assert read_midi(read_melody("twinkle")).tracks[0].name == "Melody"
    (tmp_path / "twinkle").write_bytes(midi.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert read_melody("twinkle") == midi.read_bytes()  # a file of one's own comes first


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.mid", None, "no_melody"),
        ("songs/none", None, "no_melody"),
        ("..", None, "no_melody"),
        ("empty.mid", b"", "not_midi"),
        ("wave.mid", b"RIFF....", "not_midi"),
        ("large.mid", b"MThd" + bytes(17), "too_large"),
        ("twinkel", None, "unknown_melody"),
    ],
)
def test_what_is_no_melody_is_not_sent(tmp_path, monkeypatch, name, content, code):
    monkeypatch.setattr(invocation, "MAX_BYTES", 20)
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LauncherError) as caught:
        invoke(name, root=tmp_path)
    assert caught.value.code == code
    assert caught.value.hint
