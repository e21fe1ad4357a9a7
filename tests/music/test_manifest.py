import hashlib
import json

import pytest

from music.errors import MusicError
from music.manifest import FILE_NAME, GENERATOR_FILE, Manifest
from tests.tiny_models import describe


@pytest.fixture
def folder(tmp_path):
    (tmp_path / GENERATOR_FILE).write_bytes(b"weights")
    (tmp_path / "1" / "variables").mkdir(parents=True)
    (tmp_path / "1" / "variables" / "v.index").write_bytes(b"variables")
    describe().write(tmp_path, [GENERATOR_FILE, "1/variables/v.index"])
    return tmp_path


def edit(folder, **changes):
    path = folder / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def fault_of(folder):
    with pytest.raises(MusicError) as caught:
        Manifest.read(folder)
    return caught.value


def test_what_is_written_is_read(folder):
    manifest = Manifest.read(folder)
    assert manifest.files[GENERATOR_FILE] == hashlib.sha256(b"weights").hexdigest()
    assert set(manifest.files) == {GENERATOR_FILE, "1/variables/v.index"}
    assert manifest.noise_shape == (16,)
    assert manifest.bar_steps == 16
    assert manifest == describe().model_copy(update={"files": manifest.files})
    assert [path.name for path in folder.iterdir() if path.name.startswith("draft")] == []


def test_what_a_later_version_adds_is_read_over(folder):
    edit(folder, colour="blue")
    assert not hasattr(Manifest.read(folder), "colour")


@pytest.mark.parametrize("name", [GENERATOR_FILE, "1/variables/v.index"])
def test_a_changed_file_is_named(folder, name):
    (folder / name).write_bytes(b"weightz")
    fault = fault_of(folder)
    assert fault.code == "model_file_changed"
    assert f"`{name}`" in fault.message
    assert Manifest.read(folder, verify=False).architecture == "voices"


def test_a_missing_file_is_named(folder):
    (folder / GENERATOR_FILE).unlink()
    assert fault_of(folder).code == "model_file_missing"
    assert GENERATOR_FILE in fault_of(folder).message


@pytest.mark.parametrize("link", [GENERATOR_FILE, "1"])
def test_a_link_is_no_file(folder, link):
    (folder / link).rename(folder / "elsewhere")
    (folder / link).symlink_to(folder / "elsewhere")
    assert fault_of(folder).code == "model_file_missing"
    assert "is no readable, regular file" in fault_of(folder).message


def test_no_manifest(tmp_path):
    assert fault_of(tmp_path).code == "model_missing"


@pytest.mark.parametrize("version", [2, 0, None, "1"])
def test_another_version_is_told_from_damage(folder, version):
    edit(folder, schema_version=version)
    fault = fault_of(folder)
    assert fault.code == "model_version"
    assert repr(version) in fault.message


@pytest.mark.parametrize("text", ["", "[]", "{", "nul", "\xff", "[" * 100_000])
def test_what_is_no_json_object(folder, text):
    (folder / FILE_NAME).write_text(text, encoding="latin-1")
    assert fault_of(folder).code == "model_corrupt"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture": "transformer"}, "architecture"),
        ({"programs": [0, 0, 0]}, "4 tracks need as many programs, not 3"),
        ({"programs": [0, 0, 0, 128]}, "programs.3"),
        ({"melody_range": [60, 70]}, "an octave at least"),
        ({"melody_range": [80, 60]}, "an octave at least"),
        ({"noise_shape": []}, "noise_shape"),
        ({"phrase_steps": 31}, "two bars of equal length"),
        ({"tracks": ["melody"], "programs": [0]}, "tracks"),
        ({"files": {}}, GENERATOR_FILE),
        ({"files": {GENERATOR_FILE: "abc"}}, "files"),
        ({"files": {"../secret": "0" * 64}}, "inside the model folder"),
        ({"files": {"/etc/passwd": "0" * 64}}, "inside the model folder"),
        ({"files": {"a\\..\\b": "0" * 64}}, "inside the model folder"),
    ],
)
def test_what_is_wrong_is_named(folder, changes, words):
    edit(folder, **changes)
    fault = fault_of(folder)
    assert fault.code == "model_corrupt"
    assert words in fault.message


def test_a_pitch_range_of_an_octave_is_enough():
    assert describe(melody_range=[60, 71]).melody_range == (60, 71)


def test_writing_needs_the_files(tmp_path):
    with pytest.raises(MusicError, match=r"`generator\.tflite` in .* is missing"):
        describe().write(tmp_path, [GENERATOR_FILE])
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "a" * 300])
def test_a_name_that_no_file_has_is_told(folder, name):
    edit(folder, files={GENERATOR_FILE: "0" * 64, name: "0" * 64})
    told = [fault.message for fault in Manifest.read(folder, verify=False).faults(folder)]
    assert "is no readable, regular file" in told[1]


def test_every_file_at_fault_is_told(folder):
    manifest = Manifest.read(folder)
    (folder / GENERATOR_FILE).unlink()
    (folder / "1/variables/v.index").write_bytes(b"weightz")
    told = [fault.code for fault in manifest.faults(folder)]
    assert sorted(told) == ["model_file_changed", "model_file_missing"]
