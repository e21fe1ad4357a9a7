"""The training process up to the networks: what reaches them, and what is said when they fail."""

import os
import signal

import pytest

from container.configuration import merge
from container.stop import SIGNALS, StopFlag
from container.trainer import train
from tests.container.folders import job, phrase_set
from tests.music.midi_folder import write_songs
from training.errors import TrainingError


def run(base, runner=lambda *_: None, arguments=(), **given):
    paths = job(base, **{"train": phrase_set(7), **given})
    return train(paths, arguments, StopFlag(), runner, {}), paths


def test_everything_reaches_the_networks(tmp_path):
    seen = []
    code, paths = run(
        tmp_path,
        lambda *given: seen.append(given),
        ["--epochs=2"],
        hyperparameters={"iterations": "9", "seed": "5"},
    )
    (hyperparameters, phrases, given_paths, configuration, stop, _) = seen[0]
    assert code == 0
    assert (hyperparameters.seed, hyperparameters.epochs, hyperparameters.iterations) == (
        5,
        2,
        None,
    )
    assert len(phrases) == 7
    assert given_paths == paths
    assert not stop()
    assert configuration.checkpoints.is_dir()
    assert paths.model.is_dir()
    assert paths.output.is_dir()
    assert not paths.failure.exists()


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"hyperparameters": {"sede": "1"}}, "`sede` is unknown (did you mean `seed`?)"),
        ({"train": None}, "The job has no data channel `train`"),
        ({"resources": {"hosts": ["a", "b"], "current_host": "a"}}, "The job has 2 hosts"),
    ],
)
def test_the_users_faults_are_said_in_a_sentence(tmp_path, given, cause):
    code, paths = run(tmp_path, **given)
    assert code == 1
    text = paths.failure.read_text()
    assert text.startswith(cause)
    assert "Traceback" not in text
    assert "File" not in text


def test_the_networks_faults_too(tmp_path):
    def runner(*_):
        raise TrainingError("not_finite", "The critic's loss is not finite.", "Lower its rate.")

    code, paths = run(tmp_path, runner)
    assert code == 1
    assert paths.failure.read_text() == "The critic's loss is not finite. Lower its rate."


def test_our_own_faults_come_with_where_they_happened(tmp_path):
    def runner(*_):
        raise ZeroDivisionError("by zero")

    code, paths = run(tmp_path, runner)
    assert code == 1
    text = paths.failure.read_text()
    assert text.startswith("ZeroDivisionError: by zero\n\n")
    assert "in runner" in text


@pytest.mark.parametrize(
    ("configured", "options", "merged"),
    [
        ({"iterations": "5"}, {"epochs": "1"}, {"epochs": "1"}),
        ({"epochs": "5"}, {"iterations": "1"}, {"iterations": "1"}),
        ({"seed": "1", "epochs": "2"}, {"seed": "3"}, {"seed": "3", "epochs": "2"}),
        ({}, {"epochs": "1", "iterations": "1"}, {"epochs": "1", "iterations": "1"}),
    ],
)
def test_options_beat_the_configuration(configured, options, merged):
    assert merge(configured, options) == merged


@pytest.mark.parametrize("number", sorted(SIGNALS))
def test_a_signal_sets_the_flag_and_a_second_changes_nothing(number):
    before = {each: signal.getsignal(each) for each in SIGNALS}
    stop = StopFlag()
    try:
        stop.install()
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        os.kill(os.getpid(), number)
        assert stop()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.parametrize(("voices", "chosen"), [(4, "voices"), (2, "unet")])
def test_the_data_choose_the_architecture(tmp_path, voices, chosen):
    paths = job(tmp_path)
    write_songs(paths.channel("train"), 6, voices=voices)
    seen = []
    assert train(paths, [], StopFlag(), lambda *given: seen.append(given[0]), {}) == 0
    assert train(paths, ["--architecture=unet"], StopFlag(), lambda *g: seen.append(g[0]), {}) == 0
    assert [hyperparameters.architecture for hyperparameters in seen] == [chosen, "unet"]


def test_phrases_of_midi_files_are_augmented_unless_the_user_says_otherwise(tmp_path):
    shares = []
    for number, given in enumerate(({}, {"augmentation": "0"})):
        base = tmp_path / str(number)
        write_songs(base / "input" / "data" / "train", 4)
        code, _ = run(
            base, lambda *a: shares.append(a[0].augmentation), train=None, hyperparameters=given
        )
        assert code == 0
    run(tmp_path / "phrases", lambda *a: shares.append(a[0].augmentation))
    assert shares == [0.25, 0, 0]


def test_a_stop_ends_the_reading_of_many_files(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("container.channels._STOPPED_S", -1.0)  # seconds, and less than any
    paths = job(tmp_path)
    write_songs(paths.channel("train"), 3)
    assert train(paths, [], lambda: True, pytest.fail, {}) == 0
    assert "Stopped after 1 of 3 files of the data were read" in caplog.text
    assert not paths.failure.exists()
