"""The command line as its users meet it: a process of its own, the fake container behind it."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from launcher.__main__ import main
from tests.launcher.conftest import FAKE

ROOT = Path(__file__).parents[2]

_DRIVER = f"""
from launcher import targets
targets.CONTAINER = {FAKE!r}
from launcher.__main__ import main
main()
"""


def start(*words, root, **options):
    """Starts a command; its standard output can be read line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", _DRIVER, *map(str, words), "--root", str(root)],
        cwd=ROOT,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options,
    )


def run(*words, root):
    """Runs a command to its end."""
    with start(*words, root=root) as process:
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def run_here(*words, root):
    """Runs a command within this process, which is faster."""
    done = CliRunner().invoke(main, [*map(str, words), "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def read_until(stream, word):
    """Reads lines until one has the word in it."""
    for line in stream:
        if word in line:
            return line
    raise AssertionError(f"{word!r} never came")
