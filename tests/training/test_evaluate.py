import json
import shutil

import pytest

from music.phrase_file import write_phrases
from tests.training.conftest import phrases_of
from training.evaluate import CHANNEL, main
from training.export import export
from training.hyperparameters import Hyperparameters
from training.measuring import Measuring
from training.origin import origin_of
from training.run import build_gan


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A job's folder with an untrained model and 60 phrases, 24 of them to validate."""
    phrases = phrases_of(60, valid=24)
    folder = tmp_path_factory.mktemp("job")
    write_phrases(phrases, folder / CHANNEL)
    values = Hyperparameters()
    gan = build_gan(values, phrases)
    export(gan, folder / "model", origin_of(values, phrases, gan), {})
    return folder, gan, phrases


def test_a_job_is_measured_as_its_generator_was_while_training(job, tmp_path, capsys):
    folder, gan, phrases = job
    written = tmp_path / "quality.json"
    assert main([str(folder), "--output", str(written)]) == 0
    found = json.loads(written.read_text())
    measuring = Measuring(phrases.part("train"), phrases.part("valid"), 0)
    player = gan.snapshot()
    expected, heard = measuring.wholly(player, measuring.listen(player))
    assert found["split"] == "valid"
    assert found["headline"] == pytest.approx(expected.headline, abs=0.5)
    assert found["phrases"] == 24
    assert found["listening"]["melody"] == pytest.approx(heard.melody, abs=0.05)
    out, err = capsys.readouterr()
    assert "HEADLINE" in out
    assert "change with the melody" in out
    assert "another data set" not in err


def test_another_data_set_is_measured_with_a_note(job, tmp_path, capsys):
    folder, _, _ = job
    other = tmp_path / "other.npz"
    write_phrases(phrases_of(60, seed=1, valid=24), other)
    words = [str(folder / "model"), "--data", str(other), "--output", str(tmp_path / "q.json")]
    assert main(words) == 0
    assert "learned from another data set" in capsys.readouterr().err


def test_a_broken_model_and_too_little_music_are_told_in_a_sentence(job, tmp_path, capsys):
    folder, _, _ = job
    assert main([str(folder), "--split", "test", "--output", str(tmp_path / "q.json")]) == 1
    assert "20 phrases or more" in capsys.readouterr().err
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "model" / "generator.tflite").write_bytes(b"")
    assert main([str(broken), "--output", str(tmp_path / "q.json")]) == 1
    assert "generator.tflite" in capsys.readouterr().err
    assert not (tmp_path / "q.json").exists()
