import json
import signal

import pytest

from launcher import train
from launcher.records import Endpoint
from music.melodies import melody
from music.midi import write_midi
from tests.container.http_server import wait_until
from tests.launcher.command_line import run, run_here, start
from tests.launcher.fake_container import SONG


@pytest.fixture
def served(root, data, port):
    train(data=data, name="mine", root=root)
    done = run("deploy", "mine", "--port", port, root=root)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def midi(tmp_path):
    path = tmp_path / "melody.mid"
    path.write_bytes(write_midi(melody("twinkle")))
    return path


def test_deploying_says_where_and_what_next(served, root, port):
    *phases, where, play, end = served.stdout.splitlines()
    assert phases == ["Unpacking the model", "Starting the server"]
    assert where == f"The endpoint accompanist serves mine at http://127.0.0.1:{port}/"
    assert play.endswith(f"python -m launcher.invoke twinkle -o song.mid --root {root}")
    assert end.endswith(f"python -m launcher.delete accompanist --root {root}")
    done = run("status", root=root)
    assert f"accompanist  InService  http://127.0.0.1:{port}/  mine" in done.stdout
    done = run("status", "acc", root=root)
    assert "accompanist: InService" in done.stdout
    done = run("delete", "accompanist", root=root)
    assert done.stdout == "Deleted the endpoint accompanist.\n"


def test_deploying_in_json(root, data, port):
    train(data=data, name="mine", root=root)
    done = run("deploy", "--port", port, "--json", root=root)
    content = json.loads(done.stdout)
    assert (content["name"], content["status"]) == ("accompanist", "InService")
    assert content["url"] == f"http://127.0.0.1:{port}/"
    content = json.loads(run("status", "accompanist", "--json", root=root).stdout)
    assert content["source"] == "mine"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_ctrl_c_ends_a_deployment_and_leaves_nothing(root, data, port, monkeypatch, words):
    train(data=data, name="mine", root=root)
    monkeypatch.setenv("FAKE", "slow")
    folder = root / "endpoints" / "accompanist"
    log = folder / "log.txt"
    with start("deploy", "--port", port, *words, root=root) as process:
        wait_until(lambda: log.exists() and "Asked." in log.read_text())
        server = Endpoint.read(folder).server
        assert server.is_alive()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in err
    assert not server.is_alive()
    assert list((root / "endpoints").iterdir()) == []


def test_a_melody_with_and_without_an_endpoint(served, root, tmp_path, midi):
    for words in (("twinkle",), ("accompanist", "twinkle"), (midi,), ("acc", midi)):
        song = tmp_path / "song.mid"
        done = run("invoke", *words, "-o", song, root=root)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{song} (seed 7)\n"
        assert done.stderr == "Note: It was cut.\n"
        assert song.read_bytes() == SONG
        song.unlink()


def test_options_reach_the_endpoint(served, root, tmp_path):
    options = [
        "--seed",
        "3",
        "--temperature",
        "0.5",
        "--melody-track",
        "1",
        "--density",
        "0",
        "--octave",
        "-1",
        "--takes",
        "2",
        "--freeze-tracks",
        "alto, 3",
        "--freeze-bars",
        "1-4,7",
        "--json",
    ]
    words = ("--instruments", "Church Organ, 42,violin", "-o", tmp_path / "song.mid")
    content = json.loads(run("invoke", "twinkle", *options, *words, root=root).stdout)
    request = content["model"]
    del request["midi"]
    assert request == {
        "seed": 3,
        "takes": 2,
        "temperature": 0.5,
        "instruments": ["Church Organ", 42, "violin"],
        "melody_track": 1,
        "density": 0,
        "octave": -1,
        "freeze_tracks": ["alto", 3],
        "freeze_bars": "1-4,7",
    }
    assert [(take["file"], take["seed"]) for take in content["takes"]] == [
        (str(tmp_path / "song-1.mid"), 7),
        (str(tmp_path / "song-2.mid"), 8),
    ]
    assert content["warnings"] == ["It was cut."]
    assert sorted(path.name for path in tmp_path.glob("*.mid")) == ["song-1.mid", "song-2.mid"]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ((), "MELODY is missing"),
        (("a", "b", "c"), "one or two words, not 3"),
        (("--picture", "twinkle"), "put --picture last"),
        (("twinkle", "--takes", "0"), "not in the range"),
        (("twinkle", "--density", "2.5"), "not in the range"),
        (("twinkle", "--octave", "3"), "not in the range"),
        (("twinkle", "--temperature", "warm"), "is not a valid float"),
    ],
)
def test_command_lines_that_cannot_be_understood(root, words, match):
    done = run_here("invoke", *words, root=root)
    assert done.returncode == 2
    assert match in done.stderr


def test_nothing_is_sent_if_the_song_has_no_place(root, tmp_path, midi):
    before = midi.read_bytes()
    for place, match in (
        (tmp_path / "none" / "song.mid", "There is no folder"),
        (tmp_path, "is a folder"),
        (midi, "is the melody itself"),
        (tmp_path / "." / "melody.mid", "is the melody itself"),
    ):
        done = run_here("invoke", midi, "-o", place, root=root)
        assert done.returncode == 1
        assert match in done.stderr
    assert midi.read_bytes() == before
