import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import processes
from launcher.processes import Process, child_environment, identify, start_detached
from tests.container.http_server import wait_until


def start(tmp_path, *command, environ=None):
    return start_detached(
        list(command), folder=tmp_path, log=tmp_path / "log.txt", environ=environ or os.environ
    )


def python(tmp_path, code, **options):
    return start(tmp_path, sys.executable, "-u", "-c", code, **options)


def read(path):
    return path.read_text() if path.exists() else ""


def test_a_process_is_known_by_its_start_too():
    here = identify(os.getpid())
    assert here.is_alive()
    assert here == identify(os.getpid())
    assert not Process(here.pid, here.started + "1").is_alive()
    assert not Process(here.pid, "").is_alive()


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps here")
def test_systems_without_proc_ask_ps():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child:
        start = processes._start_by_ps(child.pid)
        assert start
        assert str(time.localtime().tm_year) in start
        assert start == processes._start_by_ps(child.pid)
        child.kill()
        wait_until(lambda: processes._start_by_ps(child.pid) is None)  # a zombie
    assert processes._start_by_ps(child.pid) is None


def test_a_stranger_with_the_same_number_gets_no_signal(tmp_path):
    process = python(tmp_path, "import signal; signal.pause()")
    stranger = Process(process.pid, "another boot:1")
    stranger.send(signal.SIGKILL)
    stranger.kill_group()
    assert process.is_alive()
    process.kill_group()
    assert process.wait(10)


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""])
    wait_until(lambda: not identify(child.pid).started)  # ended, not yet waited for
    assert child.wait() == 0


def test_a_detached_process_leads_a_session_and_leaves_no_child(tmp_path):
    code = "import os, signal; print(os.getsid(0), os.getppid()); signal.pause()"
    process = python(tmp_path, code)
    wait_until(lambda: read(tmp_path / "log.txt").endswith("\n"))
    session, parent = read(tmp_path / "log.txt").split()
    assert int(session) == process.pid != os.getsid(0)
    assert int(parent) != os.getpid()
    process.send(signal.SIGTERM)
    assert process.wait(10)
    process.send(signal.SIGTERM)  # nobody is there any more


def test_output_is_added_to_the_log(tmp_path):
    (tmp_path / "log.txt").write_text("before\n")
    code = "import os, sys; print(os.getcwd()); print('error', file=sys.stderr); input()"
    process = python(tmp_path, code)
    assert process.wait(10)
    before, folder, error, *_, end = read(tmp_path / "log.txt").splitlines()
    assert (before, folder, error) == ("before", str(tmp_path), "error")
    assert "EOFError" in end  # there is no input to wait for


def test_a_command_that_is_not_there_says_so_in_the_log(tmp_path):
    process = start(tmp_path, str(tmp_path / "nothing"))
    assert process.wait(10)
    assert "nothing cannot be started: No such file" in read(tmp_path / "log.txt")


def test_the_environment_of_a_container(tmp_path):
    surrounding = {
        "PATH": os.environ["PATH"],
        "SM_MODEL_DIR": "/opt/ml/model",
        "TRAINING_JOB_ARN": "arn:aws:sagemaker",
        "PYTHONPATH": "/mine",
    }
    environ = child_environment(surrounding)
    assert "SM_MODEL_DIR" not in environ
    assert "TRAINING_JOB_ARN" not in environ
    home = str(Path(__file__).parents[2])
    assert environ["PYTHONPATH"] == f"{home}{os.pathsep}/mine"
    (tmp_path / "music").mkdir()  # a folder of MIDI files, say
    code = "import json, sys, music.errors; print(json.dumps(music.errors.__file__))"
    start(tmp_path, sys.executable, "-P", "-c", code, environ=environ).wait(10)
    assert json.loads(read(tmp_path / "log.txt")).startswith(home)
