"""The supervisor with real processes: signals, sudden deaths, orphans and exit codes."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from container import failure
from container.paths import TrainingPaths

# Started as a process of its own, as in a container; the trainer is any other Python program.
SUPERVISE = """
import os, sys
from container.paths import TrainingPaths
from container.supervisor import supervise
paths = TrainingPaths(__import__("pathlib").Path(sys.argv[1]))
sys.exit(supervise([sys.executable, "-c", sys.argv[2]], paths, os.environ))
"""

LISTEN = """
from container.stop import StopFlag
stop = StopFlag()
stop.install()
"""


def start(base, trainer):
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(base), textwrap.dedent(trainer)],
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def failure_of(base):
    path = TrainingPaths(base).failure
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (signal.SIGKILL, 137, "memory"),
        (signal.SIGSEGV, 139, "native library"),
        (signal.SIGILL, 132, "instruction"),
        (signal.SIGUSR1, 138, "log"),
    ],
)
def test_a_death_by_signal_is_explained(tmp_path, number, code, hint):
    trainer = f"import os; os.kill(os.getpid(), {int(number)})"
    assert finish(start(tmp_path, trainer))[0] == code
    text = failure_of(tmp_path)
    assert f"ended by {number.name} (exit code {code})" in text
    assert hint in text


def test_what_the_trainer_wrote_itself_stands(tmp_path):
    path = TrainingPaths(tmp_path).failure
    trainer = f"""
        import pathlib, sys
        path = pathlib.Path({str(path)!r})
        path.parent.mkdir(exist_ok=True)
        path.write_text("my own words")
        sys.exit(1)
    """
    assert finish(start(tmp_path, trainer))[0] == 1
    assert failure_of(tmp_path) == "my own words"


def test_an_exit_without_words_is_noted(tmp_path):
    assert finish(start(tmp_path, "import sys; sys.exit(3)"))[0] == 3
    assert "exit code 3" in failure_of(tmp_path)


def test_success_leaves_no_failure_not_even_an_earlier_one(tmp_path):
    failure.write(TrainingPaths(tmp_path).failure, "of an earlier run")
    assert finish(start(tmp_path, "print('done')")) == (0, "done\n")
    assert failure_of(tmp_path) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_trainer_and_a_second_is_harmless(tmp_path, number):
    trainer = f"""{LISTEN}
import sys, time
print("listening", flush=True)
while not stop():
    time.sleep(0.01)
print("asked", flush=True)
sys.stdout.flush()
time.sleep(0.3)
print("saved", flush=True)
"""
    process = start(tmp_path, trainer)
    assert process.stdout.readline() == "listening\n"
    process.send_signal(number)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)
    assert finish(process) == (0, "saved\n")
    assert failure_of(tmp_path) is None


def test_a_signal_during_the_trainers_start_is_not_lost(tmp_path):
    # The trainer tells when its interpreter runs, long before it listens: a default SIGTERM would
    # kill it there.
    trainer = f"""
import sys
print("starting", flush=True)
sys.stdin = open({str(tmp_path / "gate")!r})  # a pipe: waits until the test has sent its signal
sys.stdin.read()
{LISTEN}
print("asked" if stop() else "lost", flush=True)
"""
    os.mkfifo(tmp_path / "gate")
    process = start(tmp_path, trainer)
    assert process.stdout.readline() == "starting\n"
    process.send_signal(signal.SIGTERM)
    (tmp_path / "gate").write_text("go on")
    assert finish(process) == (0, "asked\n")


def test_signals_while_the_trainer_ends_change_nothing(tmp_path):
    ending = "from container.stop import ignore_signals\nignore_signals()"
    process = start(tmp_path, f"{LISTEN}\nprint('listening', flush=True)\n{ending}")
    assert process.stdout.readline() == "listening\n"
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert finish(process) == (0, "")
    assert failure_of(tmp_path) is None


def test_the_trainer_stops_when_its_supervisor_is_killed(tmp_path):
    trainer = f"""{LISTEN}
import time
print("listening", flush=True)
while not stop():
    time.sleep(0.01)
print("orphaned", flush=True)
"""
    process = start(tmp_path, trainer)
    assert process.stdout.readline() == "listening\n"
    process.kill()
    assert finish(process) == (-signal.SIGKILL, "orphaned\n")


def test_strangers_are_reaped_without_ending_the_job(tmp_path):
    # PR_SET_CHILD_SUBREAPER makes the supervisor inherit orphans, as the first process does.
    adopt = "import ctypes; ctypes.CDLL(None).prctl(36, 1)\n"
    trainer = """
import os, sys, time
if os.fork() == 0:  # leaves a grandchild behind that ends before its grandparent
    if os.fork() == 0:
        os._exit(7)
    os._exit(0)
os.wait()
time.sleep(0.2)
print("done", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", adopt + SUPERVISE, str(tmp_path), trainer],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert finish(process) == (0, "done\n")
