import io
import signal
import sys
from pathlib import Path

import pytest

from launcher.console import (
    DataProgress,
    Interrupts,
    Narrator,
    duration,
    facts,
    next_command,
    shown_path,
    table,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (312, "5 min 12 s"),
        (3599.7, "1 h 00 min"),
        (36_060, "10 h 01 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_columns_are_as_wide_as_they_need():
    rows = [("a", "1", ""), ("long name", "22", "x")]
    assert table(("NAME", "N", "NOTE"), rows) == (
        "NAME       N   NOTE\na          1\nlong name  22  x"
    )


def test_facts_leave_out_what_is_unknown():
    assert facts({"a": 1, "long": None, "word": "", "bb": 0}) == "  a   1\n  bb  0"
    assert facts({}) == ""


def test_interrupts_are_counted_and_then_break_off_again():
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interrupts.count == 2
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_narrator_repeats_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    narrator = Narrator(stream, 10)
    narrator.line("iteration=1; critic_loss=2;")
    narrator.line("words")
    narrator.close()
    assert stream.getvalue() == "iteration=1; critic_loss=2;\nwords\n"


def test_a_quiet_narrator_says_nothing():
    stream = io.StringIO()
    narrator = Narrator(stream, 10, quiet=True)
    narrator.line("iteration=1;")
    narrator.say("words")
    narrator.close()
    assert stream.getvalue() == ""


def test_building_data_is_told_once():
    stream = io.StringIO()
    progress = DataProgress(stream)
    for done in (1, 2, 3):
        progress(done, 3)
    assert stream.getvalue() == "Building the data set of the Bach chorales, once.\n"


def test_commands_can_be_typed_as_they_are_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    expected = ".venv/bin/python -m launcher.deploy mine"
    assert next_command("deploy", "mine", root="runs") == expected
    shown = next_command("deploy", "mine", root="my runs")
    assert shown == f"{expected} --root 'my runs'"
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(python.parent))  # the environment is active
    assert next_command("status", root="runs") == "python -m launcher.status"


def test_paths_are_short_where_they_can_be(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "runs" / "a") == "runs/a"
    assert shown_path(Path("/etc")) == "/etc"
