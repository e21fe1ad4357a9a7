import json
import os
import re
import resource

import pytest

from launcher import LauncherError, data, train
from launcher.layout import read_hyperparameters
from music.phrase_file import read_phrases
from music.song import Note, Track
from tests.launcher.command_line import run, run_here, start
from tests.music.midi_folder import TICKS, hymn, song, write, write_songs
from tests.music.test_midi import HOSTILE


@pytest.fixture
def songs(tmp_path):
    """Good, bad and hostile files."""
    folder = write_songs(tmp_path / "songs", 12)
    write(folder, "hymns/copy of three.mid", song(3))
    write(folder, "waltz.mid", song(5, meter=(3, 4)))
    write(folder, "<script>alert(1)<.mid", b"not music")
    return folder


def test_a_folder_becomes_a_data_set_and_a_report(songs, root):
    done = run("data", songs, root=root)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert re.search(r"^song 00.mid +yes +6 +\S+ \S+ +4 +5 +", done.stdout, re.M)
    assert any(line.startswith("waltz.mid ") and "two bars of 4/4" in line for line in lines)
    assert any("same phrases as hymns/copy of three.mid" in line for line in lines)
    assert "12 of 15 files are used: 60 phrases (48 train, 6 valid, 6 test)." not in lines
    assert any(line.startswith("12 of 15 files are used: 60 phrases") for line in lines)
    place = root / "data" / "songs"
    assert lines[-1] == f"Next, train on it: {lines[-1].partition(': ')[2]}"
    assert str(place / "phrases.npz") in lines[-1]
    phrases = read_phrases(place / "phrases.npz")
    assert len(phrases) == 60
    report = json.loads((place / "data.json").read_text())
    assert (report["used"], report["architecture"]) == (12, "voices")
    assert {file["code"] for file in report["files"]} == {"used", "duplicate", "meter", "not_midi"}
    page = (place / "data.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|https?://|url\(", page)
    assert page.count("<tr><td>") == 15
    assert "<li><b>1</b> not midi</li>" in page


def test_it_goes_where_it_is_told_and_speaks_json(songs, root, tmp_path):
    words = ("data", songs, "-o", tmp_path / "there", "--json", "--melody", "3")
    done = run_here(*words, "--accompany", "alto", "--accompany", "0", root=root)
    content = json.loads(done.stdout)
    assert content["tracks"] == ["Bass", "Alto", "Soprano"]
    assert content["architecture"] == "unet"
    assert content["written"]["phrases"] == str(tmp_path / "there" / "phrases.npz")
    assert not root.exists()


def test_without_a_good_file_there_is_a_report_and_no_data_set(songs, root, tmp_path):
    assert run_here("data", songs, "-o", tmp_path / "there", root=root).returncode == 0
    words = ("data", songs, "-o", tmp_path / "there", "--melody", "Kazoo")
    done = run_here(*words, root=root)
    assert done.returncode == 1
    assert "0 of 15 files are used" in done.stdout
    assert "'Kazoo' fits 0 tracks" in done.stdout
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == [
        "data.html",
        "data.json",
    ]


def test_many_files_are_counted_not_listed(root, tmp_path):
    for number in range(70):
        write(tmp_path / "songs", f"{number:02d}.mid", b"?")
    done = run_here("data", tmp_path / "songs", root=root)
    assert "... and 10 more files." in done.stdout
    assert "Refused: 70 not_midi." in done.stdout


def test_hostile_files_cost_neither_memory_nor_time(root, tmp_path):
    """Every hostile file that the reader is tested with, and those only a folder can have."""
    folder = tmp_path / "songs"
    for name, (content, _) in HOSTILE.items():
        write(folder, f"{name}.mid", content)
    chords = tuple(
        Note(TICKS * beat, TICKS * 3999, pitch) for beat in range(195) for pitch in range(128)
    )
    write(folder, "49,920 notes for an hour.mid", song(tracks=[Track("", 0, chords)] * 2))
    with write(folder, "10 GB.mid", b"MThd").open("r+b") as file:
        file.truncate(10 << 30)
    (folder / "endless.mid").symlink_to("/dev/zero")
    os.mkfifo(folder / "waiting.mid")
    before = _processor_seconds()
    with start("data", folder, "--json", root=root, preexec_fn=_less_memory) as process:
        out, err = process.communicate(timeout=180)
    assert _processor_seconds() - before < 20
    assert process.returncode == 0, err
    found = {file["path"]: file["code"] for file in json.loads(out)["files"]}
    expected = {f"{name}.mid": code for name, (_, code) in HOSTILE.items()}
    assert found == expected | {
        "49,920 notes for an hour.mid": "used",
        "10 GB.mid": "too_large",
    }


def _processor_seconds():
    """Those of all child processes that have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _less_memory():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def test_long_paths_do_not_push_the_remarks_away(root, tmp_path):
    write(tmp_path / "songs", f"{'deep/' * 20}song.mid", b"?")
    done = run_here("data", tmp_path / "songs", root=root)
    line = done.stdout.splitlines()[1]
    assert re.match(r"(deep/)+de?e?p?\.\.\.[dep/]+/song\.mid  no  ", line)
    assert len(line.partition("  ")[0]) <= 50


def test_faults_of_the_folder(root, songs):
    with pytest.raises(LauncherError, match="There is no folder"):
        data(songs / "nothing", root=root)
    with pytest.raises(LauncherError, match="the tags are: hymns"):
        data(songs, tags=["jazz"], root=root)
    with pytest.raises(LauncherError, match=r"pickup of 0\.1 beats is none"):
        data(songs, pickup=0.1, root=root)


def test_training_takes_the_folder(songs, root):
    done = run("train", "--data", songs, "--name", "mine", "--set", "iterations=2", root=root)
    assert done.returncode == 0, done.stderr
    assert "12 of 15 files are used" in done.stderr
    assert "launcher.data" in done.stderr
    assert len(read_phrases(root / "mine" / "input" / "data" / "train" / "phrases.npz")) == 60
    done = run_here("train", "--data", songs, "--tag", "hymns", "--dry-run", "--json", root=root)
    assert json.loads(done.stdout)["tags"] == ["hymns"]


def test_the_architecture_follows_the_data_unless_it_is_set(root, tmp_path):
    write_songs(tmp_path / "duets", 4, voices=2)
    job = train(data=tmp_path / "duets", root=root)
    assert job.status == "Completed"
    assert job.name.startswith("duets-")
    assert read_hyperparameters(job.folder)["architecture"] == "unet"


def test_training_takes_the_tracks_and_the_pickup_it_is_told(root, tmp_path):
    """Two voices whose bars begin with the second beat, which no time signature tells."""
    for number in range(6):
        write(tmp_path / "songs", f"{number}.mid", hymn(TICKS, number=number))
    words = ("train", "--data", tmp_path / "songs", "--set", "iterations=2")
    refused = run_here(*words, root=root)
    assert refused.returncode == 1
    assert "--pickup 1" in refused.stderr
    chosen = ("--melody", "1", "--accompany", "0", "--pickup", "1")
    dry = run_here(*words, *chosen, "--dry-run", "--json", root=root)
    content = json.loads(dry.stdout)
    assert (content["melody"], content["accompany"], content["pickup"]) == (1, [0], 1.0)
    done = run("train", *words[1:], *chosen, "--name", "mine", root=root)
    assert done.returncode == 0, done.stderr
    assert "48 phrases are few: the model will mostly learn them by heart" in done.stderr
    phrases = read_phrases(root / "mine" / "input" / "data" / "train" / "phrases.npz")
    assert phrases.pitch[..., 0].max() < phrases.pitch[..., 1].min()
    assert phrases.onset[:, ::16].all()  # a half note begins each bar
    assert not phrases.onset[:, 4::16].any()


def test_a_resumed_job_keeps_its_pickup(root):
    with pytest.raises(LauncherError, match="keeps its name and its data"):
        train(resume="mine", pickup=1, root=root)
