import json
import os
import pty
import signal
import sys
import termios

import pytest

from launcher import status, train
from launcher.records import Job
from tests.container.http_server import wait_until
from tests.launcher.command_line import read_until, run, run_here, start
from tests.launcher.fake_container import FAILURE
from tests.launcher.test_records import a_job


def test_train_follows_and_says_what_to_type_next(root, data):
    done = run("train", "--data", data, "--name", "mine", "--set", "iterations=2", root=root)
    assert done.returncode == 0
    assert done.stderr == ""
    job = status("mine", root=root)
    lines = done.stdout.splitlines()
    assert lines[0] == f"Job mine in {root / 'mine'}"
    assert "Training" in lines  # the first line of the log may come before the job is looked at
    assert "iteration=2; critic_loss=-2.5; headline=42;" in lines
    assert "The last line has no line break." in lines
    assert any(line.startswith("Completed after ") for line in lines)
    assert f"  model   {job.model}" in lines
    assert f"  report  {job.report}" in lines
    assert lines[-1].startswith("Next, serve it: ")
    assert lines[-1].endswith(f"python -m launcher.deploy mine --root {root}")


def test_train_shows_a_bar_on_a_terminal(root, data):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    words = ("train", "--data", data, "--name", "mine", "--set", "iterations=2")
    with start(*words, root=root, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # how Linux says that the other side is closed
            pass
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert "2/2" in text
    assert "critic=-2.5" in text
    assert "headline=42" in text
    assert "iteration=" not in text
    assert "Starting at 1." in text
    assert "launcher.deploy mine" in text


def test_a_failed_job_shows_its_failure_in_full_and_the_end_of_its_log(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "fail")
    done = run("train", "--data", data, "--name", "mine", root=root)
    assert done.returncode == 1
    assert FAILURE in done.stderr  # 1,700 characters
    assert "iteration=3;" in done.stderr.partition("log.txt, ends with:\n")[2]
    assert "--resume mine" in done.stdout


def test_ctrl_c_stops_and_says_how_to_go_on(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "endless")
    with start("train", "--data", data, "--name", "mine", root=root) as process:
        read_until(process.stdout, "iteration=1;")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == ""
    assert "Stopping: it saves a checkpoint" in out
    assert "Saved." in out
    assert "Stopped after" in out
    assert f"launcher.train --resume mine --root {root}" in out
    assert status("mine", root=root).artifact.exists()
    monkeypatch.delenv("FAKE")
    again = run("train", "--resume", "mine", "--set", "iterations=2", root=root)
    assert again.returncode == 0
    assert "Starting at 2." in again.stdout
    assert "Starting at 1." not in again.stdout  # it follows this attempt only


def test_a_second_ctrl_c_leaves_the_job_to_itself(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "stubborn")
    with start("train", "--data", data, "--name", "mine", root=root) as process:
        read_until(process.stdout, "iteration=1;")
        process.send_signal(signal.SIGINT)
        read_until(process.stdout, "Ctrl-C again leaves it to itself")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "mine stops by itself" in err
    wait_until(lambda: status("mine", root=root).status == "Stopping")


def test_closing_the_terminal_ends_nothing(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "endless")
    with start("train", "--data", data, "--name", "mine", root=root) as process:
        read_until(process.stdout, "iteration=1;")
        process.send_signal(signal.SIGHUP)
    assert process.returncode == -signal.SIGHUP
    assert status("mine", root=root).status == "InProgress"


def test_a_job_that_somebody_else_stops(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "endless")
    with start("train", "--data", data, "--name", "mine", root=root) as process:
        read_until(process.stdout, "iteration=1;")
        stopped = run("stop", "mine", root=root)
        out, _ = process.communicate(timeout=30)
    assert (stopped.returncode, process.returncode) == (0, 1)
    assert "mine is Stopped." in stopped.stdout
    assert "Stopped after" in out
    again = run("stop", "mine", root=root)
    assert again.returncode == 0
    assert "mine is Stopped." in again.stdout


def test_no_wait_prints_the_name_alone(root, data):
    done = run("train", "--data", data, "--no-wait", root=root)
    name = done.stdout.removesuffix("\n")
    wait_until(lambda: not Job.read(root / name).is_running)


def test_a_dry_run_makes_nothing(root, data):
    words = ("train", "--data", data, "--dry-run", "--set", "iterations=9")
    done = run_here(*words, root=root)
    assert done.returncode == 0
    assert "hyperparameters  iterations=9" in done.stdout
    assert "Nothing has been made." in done.stdout
    content = json.loads(run_here(*words, "--json", root=root).stdout)
    assert content["hyperparameters"] == {"iterations": "9"}
    assert content["folder"] == str(root / content["name"])
    assert not root.exists()


def test_all_wrong_settings_are_told_at_once(root, data):
    words = ("--set", "iteratons=3", "--set", "batch_size=many", "--set", "seed", "--name", "a_b")
    done = run_here("train", "--data", data, *words, root=root)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: `seed` is no name=value; `iteratons` is unknown (did you")
    assert "`batch_size` must be" in done.stderr
    assert not root.exists()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("train", "--image", "ours"), "The target local runs no image. Leave --image out"),
        (("train", "--instance", "moon"), "Known are local"),
        (("train", "--data", "tests/launcher"), "There are no MIDI files in launcher"),
        (("train", "--name", "a_b"), "A good one would be a-b."),
        (("train", "--resume", "nothing"), "There is no job 'nothing'"),
        (("train", "--resume", "a", "--name", "b"), "keeps its name and its data"),
        (("status", "nothing"), "There is no job 'nothing'"),
        (("stop", "nothing"), "There is no job 'nothing'"),
        (("deploy", "nothing"), "There is no job 'nothing'"),
        (("deploy",), "No job has been completed yet"),
        (("invoke", "twinkle"), "No endpoint runs"),
        (("invoke", "nothing.mid"), "nothing.mid does not exist"),
    ],
)
def test_a_users_mistakes_are_told_in_words_and_in_json(root, words, match):
    done = run_here(*words, root=root)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert match in done.stderr
    done = run_here(*words, "--json", root=root)
    assert (done.returncode, done.stderr) == (1, "")
    content = json.loads(done.stdout)
    assert sorted(content) == ["error", "hint", "message"]
    assert match in f"{content['message']} {content['hint']}"


def test_a_place_that_cannot_be_written_is_told(tmp_path, data):
    (tmp_path / "file").touch()
    done = run_here("train", "--data", data, root=tmp_path / "file" / "runs")
    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert "Check the path" in done.stderr


def test_usage_errors_have_an_exit_code_of_their_own(root):
    for words in (("train", "--sett", "a=1"), ("stop",), ("train", "--dry-run", "--resume", "a")):
        assert run_here(*words, root=root).returncode == 2


def test_training_in_json_prints_one_document(root, data, monkeypatch):
    done = run("train", "--data", data, "--name", "mine", "--json", root=root)
    assert (done.returncode, done.stderr) == (0, "")
    content = json.loads(done.stdout)
    assert (content["name"], content["status"]) == ("mine", "Completed")
    assert content["artifact"] == str(root / "mine" / "output" / "model.tar.gz")
    monkeypatch.setenv("FAKE", "fail")
    done = run("train", "--resume", "mine", "--json", root=root)
    assert done.returncode == 1
    assert json.loads(done.stdout)["failure_reason"].startswith("NotEnoughNotes")
    monkeypatch.delenv("FAKE")
    content = json.loads(run("train", "--data", data, "--no-wait", "--json", root=root).stdout)
    assert content["status"] in ("InProgress", "Completed")


def test_status_of_all_and_of_one(root, data):
    train(data=data, hyperparameters={"iterations": 2}, name="mine", root=root)
    a_job(root / "lost", runner=None, created="2020-01-01T00:00:00.000Z")
    done = run_here("status", root=root)
    head, mine, lost = done.stdout.splitlines()
    assert head.split() == ["JOB", "STATUS", "CREATED", "TOOK", "ITERATION", "HEADLINE"]
    assert mine.split()[:2] == ["mine", "Completed"]
    assert mine.split()[-2:] == ["2/2", "42.0"]
    assert lost.split()[:2] == ["lost", "Failed"]
    done = run_here("status", "mi", root=root)
    assert "mine: Completed" in done.stdout
    assert "hyperparameters  iterations=2" in done.stdout
    assert "critic_loss=-2.5" in done.stdout
    content = json.loads(run_here("status", "--json", root=root).stdout)
    assert [job["name"] for job in content["jobs"]] == ["mine", "lost"]
    assert content["endpoints"] == []
    content = json.loads(run_here("status", "mine", "--json", root=root).stdout)
    assert content["metrics"] == {"iteration": 2, "critic_loss": -2.5, "headline": 42}
    assert content["hyperparameters"] == {"iterations": "2"}


def test_status_of_a_job_that_was_cut_off(root, data):
    train(data=data, name="mine", root=root)
    a_job(root / "mine", runner=None)
    done = run_here("status", "mine", root=root)
    assert "mine: Failed" in done.stdout
    assert "stopped unexpectedly" in done.stdout
    assert "--resume mine" in done.stdout


def test_status_where_there_is_nothing(root):
    done = run_here("status", root=root)
    assert done.returncode == 0
    assert f"No jobs in {root}. Train one with" in done.stdout


def test_deleting_is_told_and_idempotent(root, data):
    train(data=data, name="mine", root=root)
    assert run_here("delete", "mine", root=root).stdout == "Deleted the job mine.\n"
    done = run_here("delete", "mine", root=root)
    assert (done.returncode, done.stdout) == (0, "There is no mine to delete.\n")
    content = json.loads(run_here("delete", "mine", "--json", root=root).stdout)
    assert content == {"name": "mine", "deleted": None}


def test_the_python_that_was_used_is_named(root, data):
    done = run("train", "--data", data, "--name", "mine", root=root)
    python = done.stdout.splitlines()[-1].removeprefix("Next, serve it: ").split(" -m ")[0]
    assert python == "python" or os.path.samefile(python, sys.executable)  # noqa: PTH121
