"""The benchmark builds and reads sets of the size and the kind that it says."""

import pytest

from benchmarks.data_sets import build, read, table, write_folder
from music.phrase_file import read_phrases


@pytest.mark.parametrize(("kind", "architecture"), [("lines", "voices"), ("chords", "unet")])
def test_the_sets_are_what_they_are_called(tmp_path, kind, architecture):
    write_folder(tmp_path / "songs", 100, kind)
    assert build(tmp_path / "songs", tmp_path / "phrases.npz", kind)["seconds"] > 0
    phrases = read_phrases(tmp_path / "phrases.npz")
    assert len(phrases) == 100
    assert phrases.architecture == architecture
    assert len(set(phrases.source.tolist())) == 5
    assert read(tmp_path / "songs", tmp_path / "phrases.npz", kind)["batch ms"] > 0


def test_a_stage_is_a_process_with_a_peak_of_its_own(capsys):
    (row, _) = table([20])
    assert row["phrases"] == 20
    assert row["build peak MiB"] > 20
    assert "lines 20" in capsys.readouterr().err
