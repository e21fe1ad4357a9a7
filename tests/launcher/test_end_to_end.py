"""The real container behind the real command line: train, deploy, invoke, delete."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from music.manifest import Manifest
from music.melodies import melody
from music.midi import read_midi
from tests.launcher.conftest import end_all
from tests.launcher.small_data import small_set

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(tmp_path):
    yield tmp_path / "runs"
    end_all(tmp_path / "runs")


def run(command, *words, runs):
    done = subprocess.run(
        [sys.executable, "-m", f"launcher.{command}", *map(str, words), "--root", str(runs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_a_data_set_to_a_song(tmp_path, runs, port):
    data = small_set(tmp_path / "small.npz")
    # The critic does not join: its graph alone takes ten seconds to build.
    settings = ["--set", "iterations=4", "--set", "batch_size=4", "--set", "warmup_share=0.9"]
    out = run("train", "--data", data, "--name", "mine", *settings, runs=runs)
    assert "iteration=4;" in out
    assert "Completed after" in out
    Manifest.read(runs / "mine" / "model")

    run("deploy", "mine", "--port", port, runs=runs)
    song = tmp_path / "song.mid"
    words = ("twinkle", "-o", song, "--seed", 5, "--picture")
    content = json.loads(run("invoke", *words, "--json", runs=runs))
    assert [take["seed"] for take in content["takes"]] == [5]
    accompanied = read_midi(song.read_bytes())
    assert len(accompanied.tracks) == 4
    assert accompanied.tracks[0].notes == melody("twinkle").tracks[0].notes
    assert accompanied.end == melody("twinkle").end
    assert song.with_suffix(".png").read_bytes().startswith(b"\x89PNG")

    first = hashlib.sha256(song.read_bytes()).hexdigest()
    run("invoke", *words, runs=runs)
    assert hashlib.sha256(song.read_bytes()).hexdigest() == first
    page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert run("delete", "accompanist", runs=runs) == "Deleted the endpoint accompanist.\n"
