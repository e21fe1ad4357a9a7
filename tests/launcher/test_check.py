"""`check` on a real small model, and on what small mishaps make of it."""

import gzip
import hashlib
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from click.testing import CliRunner

from container.media import ANSWERS
from launcher import LauncherError, check, targets
from launcher.__main__ import main
from launcher.archives import pack
from launcher.processes import identify
from launcher.trial import FORMS
from music.manifest import FILE_NAME, GENERATOR_FILE
from tests.launcher.command_line import ROOT, read_until
from tests.launcher.test_records import a_job

CODE = "code/inference.py"


@pytest.fixture(scope="module")
def sound(voices_folder, tmp_path_factory):
    """A model folder of three files."""
    folder = tmp_path_factory.mktemp("sound") / "model"
    (folder / "code").mkdir(parents=True)
    shutil.copy(voices_folder / GENERATOR_FILE, folder)
    shutil.copy(voices_folder / FILE_NAME, folder)
    (folder / CODE).write_text("VERSION = 1\n")
    describe_again(folder)
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    """The same, to be broken."""
    return shutil.copytree(sound, tmp_path / "model")


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where `check` unpacks; empty again at the end."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


def edit(folder, **changes):
    path = folder / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def describe_again(folder):
    """Lets the manifest vouch for the files as they are."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILE_NAME)
    hashes = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths
    }
    edit(folder, files=hashes)


def packed(folder, *more):
    """Packs a folder, and behind its files what no honest packer would."""
    archive = folder.with_name("model.tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            tar.add(path, path.relative_to(folder).as_posix())
        for name, kind, content in more:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "", 0
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                member.linkname = content
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(b"" if member.linkname else content))
    return archive


def without_generator(folder):
    (folder / GENERATOR_FILE).unlink()
    return packed(folder)


def with_changed_files(folder):
    for name in (GENERATOR_FILE, CODE):
        data = bytearray((folder / name).read_bytes())
        data[-1] ^= 1
        (folder / name).write_bytes(data)
    return packed(folder)


def holding(*member):
    return lambda folder: packed(folder, member)


def one_folder_down(folder):
    shutil.move(folder, folder.with_name("outer") / "my model")
    return packed(folder.with_name("outer"))


def of(name, content=b"weights"):
    """The model of another framework."""

    def make(folder):
        shutil.rmtree(folder)
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
        return packed(folder)

    return make


def with_file(name, content):
    def make(folder):
        (folder / name).write_bytes(content)
        describe_again(folder)
        return packed(folder)

    return make


def with_manifest(**changes):
    def make(folder):
        edit(folder, **changes)
        return packed(folder)

    return make


def with_torn_manifest(folder):
    path = folder / FILE_NAME
    path.write_bytes(path.read_bytes()[:100])
    return packed(folder)


def torn(folder):
    archive = packed(folder)
    archive.write_bytes(archive.read_bytes()[:-500])
    return archive


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()
    return packed(folder)


def no_archive(folder):
    archive = packed(folder)
    archive.write_bytes(gzip.decompress(archive.read_bytes()))
    return archive


def object_array():
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    return file.getvalue()


TRAVERSAL = holding("../../outside", tarfile.REGTYPE, b"x")
BROKEN = {
    "missing file": (
        without_generator,
        "`generator.tflite` is missing.",
    ),
    "hash mismatch": (
        with_changed_files,
        "`code/inference.py` is not the file that manifest.json describes.",
    ),
    "symbolic link": (
        holding("latest", tarfile.SYMTYPE, "/etc/passwd"),
        "The archive holds 'latest', which is a symbolic link to '/etc/passwd' and no regular "
        "file.",
    ),
    "hard link": (
        holding("copy", tarfile.LNKTYPE, GENERATOR_FILE),
        "The archive holds 'copy', which is a hard link to 'generator.tflite' and no regular file.",
    ),
    "path traversal": (
        TRAVERSAL,
        "The archive holds '../../outside', which leads out of its folder.",
    ),
    "absolute name": (
        holding("/tmp/outside", tarfile.REGTYPE, b"x"),  # noqa: S108 (that is the point)
        "The archive holds '/tmp/outside', which leads out of its folder.",
    ),
    "device": (
        holding("disk", tarfile.BLKTYPE, b""),
        "The archive holds 'disk', which is a device or a pipe and no regular file.",
    ),
    "sparse file": (
        holding("holes", tarfile.GNUTYPE_SPARSE, b""),
        "The archive holds 'holes', which is a sparse file and no regular file.",
    ),
    "one name twice": (
        holding(GENERATOR_FILE, tarfile.REGTYPE, b"another"),
        "The archive holds 'generator.tflite' twice, or as a file and as a folder.",
    ),
    "bomb": (
        holding("zeros", tarfile.REGTYPE, bytes(80 << 20)),
        "unpacked, which is no model, or more than there is room for.",
    ),
    "torn archive": (torn, "The archive is no whole tar.gz archive ("),
    "empty archive": (empty, "There are no files in it."),
    "not compressed": (no_archive, "The archive is no whole tar.gz archive (Not a gzipped file"),
    "wrong layout": (
        one_folder_down,
        "The model lies in the folder 'my model'; its files must lie at the root.",
    ),
    "TensorFlow's": (
        of("1/saved_model.pb"),
        "There is no manifest.json; '1/saved_model.pb' looks like a model of TensorFlow, not of "
        "Accompanist.",
    ),
    "PyTorch's": (
        of("model.pth"),
        "There is no manifest.json; 'model.pth' looks like a model of PyTorch, not of Accompanist.",
    ),
    "wrong schema version": (
        with_manifest(schema_version=2),
        "manifest.json has schema version 2; this program reads version 1.",
    ),
    "torn manifest": (with_torn_manifest, "manifest.json cannot be read: "),
    "manifest that leads out": (
        with_manifest(files={"../../etc/passwd": "0" * 64}),
        "`../../etc/passwd` does not name a file inside the model folder",
    ),
    "pickle by name": (
        with_file("code/state.pkl", b"what is in it does not matter"),
        "code/state.pkl (by its name) is a pickle.",
    ),
    "pickle by content": (
        with_file("code/state.bin", pickle.dumps({"weights": [1, 2]}, protocol=0)),
        "code/state.bin (by its content) is a pickle.",
    ),
    "array of objects": (
        with_file("code/state.npy", object_array()),
        "code/state.npy (an array of Python objects) is a pickle.",
    ),
    "foreign generator": (
        with_file(GENERATOR_FILE, b"\x80\x00ONNX or whatever else"),
        "`generator.tflite` is no LiteRT model.",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_artifact_is_told_of_before_a_server_starts(name, folder, scratch, monkeypatch):
    monkeypatch.setattr(targets, "CONTAINER", ("/nonexistent",))
    break_it, sentence = BROKEN[name]
    checkup = check(break_it(folder))
    assert not checkup.ok
    assert sentence in checkup.faults[0].text
    assert checkup.faults[0].hint
    assert str(scratch) not in json.dumps(checkup.describe())
    assert checkup.findings[-1].text == "It was not started, for the faults above."
    assert not (scratch.parent / "outside").exists()


def test_all_faults_are_told_at_once(folder, scratch):
    changed = with_changed_files(folder)
    (folder / "code" / "state.pkl").write_bytes(b"")
    changed = packed(folder, ("a", tarfile.SYMTYPE, "b"), ("/c", tarfile.REGTYPE, b""))
    told = [(fault.check, fault.text.split()[0]) for fault in check(changed).faults]
    assert told == [
        ("archive", "The"),
        ("archive", "The"),
        ("hashes", "`code/inference.py`"),
        ("hashes", "`generator.tflite`"),
        ("pickles", "code/state.pkl"),
    ]


def test_many_faults_are_counted(folder, scratch):
    links = [(f"link {number}", tarfile.SYMTYPE, "x") for number in range(13)]
    faults = check(packed(folder, *links)).faults
    assert [fault.text for fault in faults[9:]] == [
        "The archive holds 'link 9', which is a symbolic link to 'x' and no regular file.",
        "And 3 more.",
    ]


def torn_generator(folder):
    (folder / GENERATOR_FILE).write_bytes((folder / GENERATOR_FILE).read_bytes()[:400])
    describe_again(folder)
    return packed(folder)


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (torn_generator, "model/generator.tflite is no LiteRT model with a signature"),
        (with_manifest(noise_shape=[17]), "the manifest's architecture `voices` asks for"),
    ],
)
def test_what_only_the_server_finds_is_told_in_its_words(folder, scratch, break_it, sentence):
    (fault,) = check(break_it(folder)).faults
    assert fault.check == "server"
    assert fault.text.startswith("The server ended with exit code 1 before it was ready: ")
    assert sentence in fault.text


def test_a_sound_artifact(sound, tmp_path, scratch):
    assert set(FORMS) == {(kind, accept) for kind, all_ in ANSWERS.items() for accept in all_}
    archive = tmp_path / "model.tar.gz"
    pack(sound, archive)
    done = CliRunner().invoke(main, ["check", str(archive), "--root", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert content["ok"]
    told = {item["check"]: item for item in content["checks"]}
    assert {item["check"] for item in content["checks"] if item["verdict"] == "ok"} >= {
        "archive",
        "hashes",
        "pickles",
        "cold start",
        *(f"{kind} to {accept}" for kind, accept in FORMS),
        "melody",
        "same seed",
        "another seed",
        "latency",
        "ping while it works",
        "memory",
    }
    assert told["melody"]["text"] == "42 notes, note for note in 8 kinds of answers"
    figures = content["figures"]
    assert figures["files"] == 3
    assert figures["packed_bytes"] == archive.stat().st_size
    assert figures["generator_bytes"] == (sound / GENERATOR_FILE).stat().st_size
    assert 0 < figures["latency_s"] <= figures["slowest_latency_s"] < 10
    assert 0 < figures["slowest_ping_s"] < 2
    assert 0 < figures["cold_start_s"] < 60
    assert 10e6 < figures["peak_memory_bytes"] < 2e9
    assert done.stderr.splitlines()[:3] == [
        f"Reading {archive}",
        "Comparing the files with the manifest",
        "Starting the server",
    ]


FAULTY = """
import runpy, secrets, sys
from dataclasses import replace
from inference.arranger import Arranger

arrange, fault = Arranger.arrange_in_turns, sys.argv.pop(1)

def changed(self, song, options):
    if fault == "forgets its seed":
        return (yield from arrange(self, song, replace(options, seed=secrets.randbits(32))))
    found = yield from arrange(self, song, options)
    melody, *others = found.song.tracks
    notes = [replace(melody.notes[0], pitch=melody.notes[0].pitch + 12), *melody.notes[1:]]
    tracks = (replace(melody, notes=tuple(notes)), *others)
    return replace(found, song=replace(found.song, tracks=tracks))

Arranger.arrange_in_turns = changed
runpy.run_module("container", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("changes a note", "The melody did not come back: of 42 notes 1 are missing or changed"),
        ("forgets its seed", " equal requests with seed 7 had "),
    ],
)
def test_a_server_that_answers_wrongly(folder, scratch, monkeypatch, fault, sentence):
    monkeypatch.setattr(targets, "CONTAINER", (sys.executable, "-P", "-c", FAULTY, fault))
    checkup = check(folder)
    assert [found for found in checkup.faults if sentence in found.text], checkup.faults
    assert checkup.source == str(folder)


def test_the_table_and_the_first_reason(folder, scratch, tmp_path):
    done = CliRunner().invoke(main, ["check", str(TRAVERSAL(folder)), "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "\nlayout     ok     manifest.json at the root\n" in done.stdout
    assert "\nserver     note   It was not started, for the faults above.\n" in done.stdout
    assert done.stderr == (
        f"{tmp_path}/model.tar.gz is broken. The archive holds '../../outside', which leads out of "
        "its folder. Pack regular files only, or take the model.tar.gz of a training job, as it "
        "is.\n"
    )


def test_a_folder_with_a_link_and_a_job_without_a_model(folder, scratch, tmp_path):
    (folder / "latest").symlink_to(folder / GENERATOR_FILE)
    (fault,) = check(folder).faults
    assert fault.text == "The folder holds 'latest', which is a symbolic link and no regular file."
    root = tmp_path / "runs"
    root.mkdir()
    job = a_job(root / "mine", status="Completed")
    for name in ("mine", str(job.folder), None):
        with pytest.raises(LauncherError, match="The job mine has no packed model"):
            check(name, root=root)
    job.artifact.parent.mkdir()
    job.artifact.write_bytes(b"broken")
    for name in ("mine", str(job.folder), None):
        found = check(name, root=root)
        assert found.source == "mine"
        assert "is no whole tar.gz archive" in found.faults[0].text
    with pytest.raises(LauncherError, match="There is no archive nothing"):
        check("nothing.tar.gz", root=root)


STARTED = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "container", *sys.argv[2:]])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_leaves_nothing(sound, scratch, tmp_path, number):
    noted = tmp_path / "pid"
    driver = (
        "from launcher import targets, trial\n"
        "from launcher.__main__ import main\n"
        f"targets.CONTAINER = {(sys.executable, '-c', STARTED, str(noted))!r}\n"
        "trial._REPEATS = 10**9\n"  # it is over no sooner than it is interrupted
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", driver, "check", str(sound)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        read_until(process.stdout, "Sending audio/midi")
        server = identify(int(noted.read_text()))
        assert server.is_alive()
        process.send_signal(number)  # to it alone, unlike a terminal
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Stopped; its server has been ended.\n"
    assert server.wait(0)


def test_what_would_steer_a_terminal_is_spelt_out(folder, scratch, monkeypatch):
    monkeypatch.setattr(targets, "CONTAINER", ("false",))
    edit(folder, tracks=["\x1b[2J", "\ud800", "tenor\nline", "bass"])
    told = {item.check: item.text for item in check(folder).findings}
    assert told["manifest"] == r"version 1, voices: \x1b[2J, \ud800, tenor line, bass"
    assert told["server"].startswith("The server ended with exit code 1 before it was ready. ")
