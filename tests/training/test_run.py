"""The loop and all around it. Its networks are small ones: real ones run to their end in
`test_unet_runs_and_exports`, `tests/container/test_training_process.py` and `tests/kill_sweep.py`.
"""

import dataclasses
import io
import json
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from music.midi import read_midi
from tests.training.conftest import phrases_of
from tests.training.small_gan import SmallGan
from training.checkpoints import CheckpointFolder
from training.errors import TrainingError
from training.evaluations import Evaluations
from training.gan import Gan
from training.hyperparameters import Hyperparameters
from training.measuring import Measuring
from training.metric_lines import parse_line
from training.run import Folders, check_data, run
from training.samples import Sampler
from training.snapshot import Snapshot
from training.symptoms import is_evaluation

TOTAL = 8


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """What runs of `voices` train."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.run.VoicesGan", SmallGan)
        yield


def train(base, *, stop_after=None, killed_after=None, phrases=None, **changes):
    """Runs in `base`; after so many iterations a stop is requested, or the run is killed."""
    choices = {
        "iterations": TOTAL,
        "batch_size": 4,
        "checkpoint_every": 3,
        "sample_every": 4,
        **changes,
    }
    folders = Folders(base / "model", base / "data", base / "checkpoints")
    asked = iter(range(1000))

    def stop_requested():
        iterations = next(asked)
        if iterations == killed_after:
            raise KeyboardInterrupt
        return iterations == stop_after

    keras.utils.clear_session()  # layers are numbered as in a process of its own
    lines = io.StringIO()
    run(
        Hyperparameters(**choices),
        phrases_of(30) if phrases is None else phrases,
        folders,
        stop_requested=stop_requested,
        metrics_to=lines,
    )
    return folders, lines.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


def weights(folders):
    return CheckpointFolder(folders.checkpoints, keep=2).newest()


def test_a_run_leaves_model_report_samples_and_history(whole):
    folders, _ = whole
    output = {p.relative_to(folders.output).as_posix() for p in folders.output.rglob("*.*")}
    assert {
        "metrics.jsonl",
        "report.json",
        "report.html",
        "losses.png",
        "samples/iteration-000004.mid",
        "samples/iteration-000004.png",
        "samples/iteration-000008.mid",
        "samples/iteration-000008.png",
    } <= output
    assert not [name for name in output if "draft" in name]
    assert any((folders.output / "tensorboard").iterdir())
    assert (folders.model / "manifest.json").is_file()
    lines = (folders.output / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    losses = [row for row in rows if "generator_loss" in row]
    assert [row["iteration"] for row in losses] == list(range(1, TOTAL + 1))


def test_progress_on_a_pipe_is_metric_lines(whole):
    values = [parse_line(line) for line in whole[1].splitlines()]
    reports = [each for each in values if each and "generator_loss" in each]
    assert len(reports) == TOTAL
    assert all(report["iterations_per_second"] > 0 for report in reports)


def test_the_report_needs_nothing_from_elsewhere(whole):
    page = (whole[0].output / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page
    facts = json.loads((whole[0].output / "report.json").read_text())
    assert facts["hyperparameters"]["iterations"] == TOTAL
    assert facts["data"]["phrases"] == {"train": 24, "valid": 6, "test": 0}


def test_samples_hear_the_same_validation_melodies_each_time(whole):
    folder = whole[0].output / "samples"
    songs = [read_midi(path.read_bytes()) for path in sorted(folder.glob("*.mid"))]
    assert [track.name for track in songs[0].tracks] == ["soprano", "alto", "tenor", "bass"]
    assert songs[0].tracks[0].notes == songs[1].tracks[0].notes
    phrases = phrases_of(30).part("valid")
    first = [note.pitch for note in songs[0].tracks[0].notes if note.start < 480 * 8]
    starts = phrases.onset[0, :, 0]
    assert first == phrases.pitch[0, starts, 0].tolist()


def test_a_stopped_and_continued_run_ends_as_an_undisturbed_one(whole, tmp_path):
    train(tmp_path, stop_after=4)
    assert weights(Folders(None, None, tmp_path / "checkpoints")).iteration == 4
    (tmp_path / "model" / "manifest.json").rename(tmp_path / "stopped.json")  # it had exported
    folders, said = train(tmp_path)
    assert "Continuing from the checkpoint of iteration 4." in said
    ours, theirs = weights(folders), weights(whole[0])
    assert ours.arrays.keys() == theirs.arrays.keys()
    for name, array in theirs.arrays.items():
        assert array.tobytes() == ours.arrays[name].tobytes(), name
    assert ours.history == theirs.history
    mine, undisturbed = (f.output / "metrics.jsonl" for f in (folders, whole[0]))
    assert mine.read_text() == undisturbed.read_text()
    mine, undisturbed = (f.model / "generator.tflite" for f in (folders, whole[0]))
    assert mine.read_bytes() == undisturbed.read_bytes()
    # What was heard of the best before the stop has to be played again.
    mine, undisturbed = (f.model / "manifest.json" for f in (folders, whole[0]))
    mine, undisturbed = (json.loads(path.read_text())["metrics"] for path in (mine, undisturbed))
    assert mine == undisturbed


def test_iterations_go_on_while_the_music_is_measured(whole, tmp_path, monkeypatch):
    """The evaluation of iteration 4 ends in iteration 7; what it leaves is where it belongs."""
    iterate, quickly = Gan.iterate, Measuring.quickly
    seventh = threading.Event()

    def counted(gan, batches, *, seed, done):
        if done == 6 / TOTAL:
            seventh.set()
        return iterate(gan, batches, seed=seed, done=done)

    def slow(measuring, player, answers):
        assert seventh.wait(timeout=60)
        return quickly(measuring, player, answers)

    monkeypatch.setattr(Gan, "iterate", counted)
    monkeypatch.setattr(Measuring, "quickly", slow)
    folders, _ = train(tmp_path, checkpoint_every=TOTAL)
    ours, theirs = (f.output / "metrics.jsonl" for f in (folders, whole[0]))
    assert ours.read_text() == theirs.read_text()
    ours, theirs = (f.model / "generator.tflite" for f in (folders, whole[0]))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_later_checkpoint_waits_for_the_evaluation(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(Evaluations, "is_done", False)  # as if it took for ever
    folders, _ = train(tmp_path, keep_checkpoints=9)
    saved = folders.checkpoints / "checkpoint-000006.npz"
    for newer in set(folders.checkpoints.iterdir()) - {saved}:
        newer.unlink()
    history = weights(folders).history
    assert [row["iteration"] for row in history if is_evaluation(row)] == [4]
    assert history == weights(whole[0]).history[: len(history)]


def test_an_evaluation_that_was_cut_off_is_made_anew(whole, tmp_path):
    """Killed after the checkpoint of an iteration, before its evaluation was taken over."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, killed_after=4, checkpoint_every=4)
    folders = Folders(tmp_path / "model", tmp_path / "data", tmp_path / "checkpoints")
    assert not any(map(is_evaluation, weights(folders).history))
    for sample in (tmp_path / "data" / "samples").iterdir():
        sample.unlink()
    folders, _ = train(tmp_path, checkpoint_every=4)
    for name in ("metrics.jsonl", "samples/iteration-000004.mid"):
        assert (folders.output / name).read_bytes() == (whole[0].output / name).read_bytes()
    ours, theirs = weights(folders), weights(whole[0])
    for name, array in theirs.arrays.items():
        assert array.tobytes() == ours.arrays[name].tobytes(), name


def test_an_evaluation_that_fails_ends_the_run(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Sampler, "sample", fail)
    with pytest.raises(OSError, match="No space left"):
        train(tmp_path)


def test_a_finished_run_exports_again(tmp_path):
    folders, _ = train(tmp_path, iterations=2)
    before = (folders.model / "generator.tflite").read_bytes()
    (folders.model / "generator.tflite").unlink()
    train(tmp_path, iterations=2)
    assert (folders.model / "generator.tflite").read_bytes() == before


def test_a_continued_run_may_be_longer_and_watched_otherwise_but_no_other_run(tmp_path):
    train(tmp_path, iterations=2)
    with pytest.raises(TrainingError, match=r"its augmentation is 0\.0, this run's is 0\.5"):
        train(tmp_path, iterations=2, augmentation=0.5)
    folders, _ = train(tmp_path, iterations=3, checkpoint_every=1, sample_every=1)
    assert weights(folders).iteration == 3


def test_another_runs_checkpoints_are_refused(tmp_path):
    train(tmp_path, iterations=2)
    with pytest.raises(TrainingError, match="its data is"):
        train(tmp_path, iterations=2, phrases=phrases_of(30, seed=1))
    with pytest.raises(TrainingError, match="its architecture is 'voices', this run's is 'unet'"):
        train(tmp_path, iterations=2, architecture="unet")


@pytest.mark.parametrize("stop_after", [None, 5])
def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(tmp_path, monkeypatch, stop_after):
    """Found by the report of the iteration, or else by the stop that would save it."""
    iterate = Gan.iterate

    def diverges(gan, batches, *, seed, done):
        terms = iterate(gan, batches, seed=seed, done=done)
        return {**terms, "generator_loss": tf.constant(np.nan)} if done >= 0.5 else terms

    monkeypatch.setattr(Gan, "iterate", diverges)
    if stop_after:
        monkeypatch.setattr("training.run.REPORTS", 1)
    with pytest.raises(TrainingError, match="generator_loss is no finite number at iteration 5"):
        train(tmp_path, stop_after=stop_after)
    assert weights(Folders(None, None, tmp_path / "checkpoints")).iteration == 3


def test_unet_runs_and_exports(tmp_path):
    folders, _ = train(tmp_path, architecture="unet", iterations=1, batch_size=2, critic_updates=1)
    assert json.loads((folders.model / "manifest.json").read_text())["noise_shape"] == [2, 8, 512]


def test_lines_alone_suit_voices():
    phrases = phrases_of(10)
    roll = np.zeros((*phrases.pitch.shape, 16), np.uint8)
    with pytest.raises(TrainingError, match="tracks of one line each, the data has chords"):
        check_data(Hyperparameters(), dataclasses.replace(phrases, roll=roll))


def test_all_faults_of_the_data_are_told_at_once():
    phrases = phrases_of(10)
    with pytest.raises(TrainingError, match="no phrase to train on"):
        check_data(Hyperparameters(), phrases.part("valid"))
    trio = phrases.__class__(
        **{
            **{name: getattr(phrases, name) for name in phrases.__dataclass_fields__},
            "pitch": phrases.pitch[:, :16, :3],
            "onset": phrases.onset[:, :16, :3],
            "fermata": phrases.fermata[:, :16],
        }
    )
    with pytest.raises(TrainingError) as caught:
        check_data(Hyperparameters(condition_track=3), trio)
    for fault in ("32 steps", "four voices", "`condition_track` is 3"):
        assert fault in str(caught.value)


def test_a_collapse_is_told_when_it_begins_and_in_the_report(tmp_path, monkeypatch):
    def silence(snapshot, pitch, onset, noise):
        nothing = np.zeros((len(pitch), 32, 128, 3), bool)
        return nothing, nothing

    monkeypatch.setattr(Snapshot, "accompany", silence)
    folders, said = train(tmp_path, iterations=2, sample_every=1)
    assert said.count("Collapse: `alto`, `tenor`, `bass` are silent") == 1
    facts = json.loads((folders.output / "report.json").read_text())
    assert ["silent" in warning for warning in facts["warnings"]] == [True]


def test_the_model_says_which_iteration_it_is_of(whole):
    metrics = json.loads((whole[0].model / "manifest.json").read_text())["metrics"]
    assert metrics["iteration"] == TOTAL
    assert metrics["best_iteration"] in (4, 8)
    assert 0 < metrics["listening"]["melody"] <= 1


def test_every_evaluation_gives_back_what_it_leaves_free(tmp_path, monkeypatch):
    given, listened = [], []
    listen = Measuring.listen

    def listening(*given_to):
        listened.append(len(given))
        return listen(*given_to)

    monkeypatch.setattr(Measuring, "listen", listening)
    monkeypatch.setattr("training.evaluations.give_back", lambda: given.append(None))
    train(tmp_path)
    assert listened[:2] == [0, 1]  # before the next one begins; the last listening is no evaluation
    assert len(given) == 2
