import subprocess
import sys
from pathlib import Path

import pytest

import launcher

ROOT = Path(__file__).parents[2]
COMMANDS = ("data", "train", "tune", "status", "stop", "fetch", "check", "deploy", "invoke")
COMMANDS += ("batch", "delete", "sweep", "setup", "prices")


def run(*words, check=True):
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def test_the_public_list():
    assert sorted(launcher.__all__) == sorted([*COMMANDS, "JobFailedError", "LauncherError"])
    with pytest.raises(AttributeError, match="no attribute 'bring'"):
        launcher.bring  # noqa: B018


def test_a_name_is_the_function_whatever_was_imported_before():
    done = run(
        "-c",
        f"""
import importlib, types
for name in {COMMANDS}:
    importlib.import_module("launcher." + name)
import launcher.train
from launcher import check, data, train, status, stop, deploy, invoke, delete
for function in (check, data, train, status, stop, deploy, invoke, delete, launcher.train):
    assert isinstance(function, types.FunctionType), function
importlib.import_module("launcher.train")
assert launcher.train is train
""",
    )
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_each_module_is_its_command_and_runs_without_a_warning(command):
    done = run("-m", f"launcher.{command}", "--help")
    assert done.stdout.startswith(f"Usage: python -m launcher.{command} ")
    assert done.stderr == ""


def test_the_package_lists_its_commands():
    for words in (("-m", "launcher"), ("-m", "launcher", "--help"), ("-m", "launcher", "-h")):
        done = run(*words)
        lines = done.stdout.partition("Commands:\n")[2].splitlines()
        assert tuple(line.split()[0] for line in lines) == COMMANDS
    done = run("-m", "launcher", "tain", check=False)
    assert done.returncode == 2
    assert "No such command 'tain'" in done.stderr
