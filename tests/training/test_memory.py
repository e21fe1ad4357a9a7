"""What an evaluation held for a moment is not kept by the C library."""

import platform
import subprocess
import sys

import pytest

# Pieces too small for a mapping of their own, every hundredth of which stays: a fragmented heap.
HELD_AND_FREED = """
import os
from pathlib import Path
from training.memory import give_back
def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
before = resident()
pieces = [bytearray(10_000) for _ in range(10_000)]
held = resident()
pieces = pieces[::100]
kept = resident()
give_back()
print(before, held, kept, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Only glibc is told to give back.")
def test_what_is_free_goes_back():
    command = [sys.executable, "-c", HELD_AND_FREED]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, held, kept, after = map(float, told.split())
    assert held > before + 90
    assert kept > before + 80  # glibc keeps it
    assert after < before + 20
