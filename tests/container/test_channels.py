"""Data channels: what is read, what is left alone, and what is said when it is not there."""

import numpy as np
import pytest

from container.channels import load_phrases as load_until
from container.errors import JobError
from music.errors import MusicError
from music.phrase_file import write_phrases
from tests.container.folders import job, phrase_set
from tests.music.midi_folder import song, write, write_songs


def load_phrases(paths, channels):
    return load_until(paths, channels, lambda: False)


def test_train_alone(tmp_path):
    train = phrase_set(5)
    loaded = load_phrases(job(tmp_path, train=train), {})
    assert loaded.fingerprint == train.fingerprint


def test_a_read_only_nested_channel_with_strange_neighbours(tmp_path):
    paths = job(tmp_path)
    train = phrase_set(5)
    write_phrases(train, paths.channel("train") / "data" / "bach.npz")
    (paths.channel("train") / "train.manifest").write_text("[]")
    (paths.channel("train") / "notes.xyz").write_text("?")
    (paths.channel("train") / ".phrases.npz.part").write_text("?")
    paths.channel("train").chmod(0o555)
    assert load_phrases(paths, {}).fingerprint == train.fingerprint


def test_validation_takes_the_place_of_the_split(tmp_path):
    both = phrase_set(6)
    both.split[4:] = "valid"
    paths = job(tmp_path, train=both)
    other = phrase_set(3, seed=1)
    write_phrases(other, paths.channel("validation") / "phrases.npz")
    loaded = load_phrases(paths, {})
    assert len(loaded.part("train")) == 4
    assert len(loaded.part("valid")) == 3
    assert np.array_equal(loaded.part("valid").pitch, other.pitch)
    assert loaded.header["steps_per_beat"] == 4


def test_validation_of_another_shape_is_refused(tmp_path):
    paths = job(tmp_path, train=phrase_set(5))
    write_phrases(phrase_set(3, steps=64), paths.channel("validation") / "phrases.npz")
    with pytest.raises(JobError, match="different shapes"):
        load_phrases(paths, {})


def test_other_channels_are_no_data(tmp_path):
    paths = job(tmp_path)
    write_phrases(phrase_set(), paths.channel("code") / "phrases.npz")
    write_phrases(phrase_set(), paths.channel("sm_drivers") / "phrases.npz")
    with pytest.raises(JobError, match=r"no data channel `train`.*\['code', 'sm_drivers'\]"):
        load_phrases(paths, {})


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ([], "holds nothing"),
        (["readme.txt"], "holds readme.txt"),
        (["one.npz", "two.npz"], "holds 2 data sets: one.npz, two.npz"),
    ],
)
def test_a_channel_without_a_data_set_is_named(tmp_path, files, match):
    paths = job(tmp_path)
    paths.channel("train").mkdir(parents=True)
    for name in files:
        (paths.channel("train") / name).parent.mkdir(exist_ok=True)
        (paths.channel("train") / name).write_bytes(b"")
    with pytest.raises(JobError, match=match):
        load_phrases(paths, {"train": {"TrainingInputMode": "FastFile"}})


def test_a_damaged_data_set_is_named(tmp_path):
    paths = job(tmp_path, train=phrase_set())
    file = paths.channel("train") / "phrases.npz"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(MusicError, match=r"phrases\.npz"):
        load_phrases(paths, {})


def test_pipes_are_refused(tmp_path):
    with pytest.raises(JobError, match="pipe"):
        load_phrases(job(tmp_path, train=phrase_set()), {"train": {"TrainingInputMode": "Pipe"}})


def test_a_folder_of_midi_files(tmp_path, caplog):
    paths = job(tmp_path)
    write_songs(paths.channel("train") / "hymns", 12)
    write(paths.channel("train"), "waltz.MID", song(50, meter=(3, 4)))
    with caplog.at_level("INFO"):
        loaded = load_phrases(paths, {})
    assert len(loaded) == 60
    assert set(loaded.tags.tolist()) == {"hymns"}
    assert "12 of 13 files are used" in caplog.text
    assert "waltz.MID is not used. No phrase is left" in caplog.text


def test_midi_files_without_music_are_a_fault(tmp_path):
    paths = job(tmp_path)
    write(paths.channel("train"), "one.mid", b"")
    with pytest.raises(MusicError, match=r"None of the 1 MIDI files in train.*is empty"):
        load_phrases(paths, {})


def test_midi_files_validate(tmp_path):
    paths = job(tmp_path, train=phrase_set(5))
    write_songs(paths.channel("validation"), 6)
    loaded = load_phrases(paths, {})
    assert len(loaded.part("valid")) == 30
