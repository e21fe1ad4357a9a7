"""Sides take turns, each in a process of its own."""

import numpy as np
import pytest

from benchmarks.sides import Side, take_turns

SIDE = """
import sys, time
from pathlib import Path
from benchmarks.sides import answer_rounds
log = Path(sys.argv[1])
print("a library says hello")
def work():
    with log.open("a") as file:
        file.write(sys.argv[2])
    end = time.process_time() + float(sys.argv[3])
    while time.process_time() < end:
        pass
answer_rounds(work)
"""


def test_sides_take_turns_and_their_own_time_is_counted(tmp_path):
    log = tmp_path / "log"
    sides = {
        name: ["-c", SIDE, str(log), name, seconds] for name, seconds in (("a", ".1"), ("b", "0"))
    }
    efforts = take_turns(sides, rounds=3, warm_up=1)
    assert log.read_text() == "abababab"
    assert [len(rounds) for rounds in efforts.values()] == [3, 3]
    for effort in efforts["a"]:
        assert 0.1 <= effort.cpu_s < 0.2
        assert effort.wall_s >= effort.cpu_s * 0.9
        assert effort.peak_rss_mib > 1
    assert max(effort.cpu_s for effort in efforts["b"]) < 0.05


def test_the_memory_of_a_side_is_its_own(tmp_path):
    """The kernel's own count starts with what the parent has held."""
    held = np.ones(2**25)  # 256 MiB
    (effort,) = take_turns({"a": ["-c", SIDE, str(tmp_path / "log"), "a", "0"]}, rounds=1)["a"]
    assert 1 < effort.peak_rss_mib < held.nbytes / 2**20


def test_a_side_that_dies_is_told_and_ended():
    with pytest.raises(RuntimeError, match=r"`python -c exit\(3\)` ended before it answered"):
        Side(["-c", "exit(3)"])
