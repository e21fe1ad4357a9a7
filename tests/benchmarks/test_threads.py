"""The conditions that threads are measured under are what they are called."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.threads import _counted, bound, half_core, joined

TWO_THREADS = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
input()
"""
BURN = """
import time
input()
start = time.perf_counter()
while time.process_time() < 0.3:
    pass
print(time.perf_counter() - start)
"""


def test_all_threads_of_a_process_stay_on_the_cores_that_it_is_bound_to():
    command = [sys.executable, "-c", TWO_THREADS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        process.stdout.readline()
        cores = os.sched_getaffinity(process.pid)
        threads = [int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir()]
        assert len(threads) == 2
        with bound(process.pid, {min(cores)}):
            assert {frozenset(os.sched_getaffinity(t)) for t in threads} == {
                frozenset({min(cores)})
            }
        assert all(os.sched_getaffinity(thread) == cores for thread in threads)
        process.communicate("\n")


def test_processes_take_one_thread_where_one_core_is_theirs():
    assert _counted("one core", cores={min(os.sched_getaffinity(0))}).value == 1


def test_half_a_core_is_half_a_core():
    with half_core() as group:
        if group is None:
            pytest.skip("No control group can be made here: it takes root.")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([sys.executable, "-c", BURN], **pipes) as process:
            started = time.perf_counter()
            with joined(process.pid, group):
                told, _ = process.communicate("\n")
        # 0.3 s of the processor in periods of 0.1 s with 0.05 s each
        assert 0.4 < float(told) <= time.perf_counter() - started
        assert _counted("half a core", group=group).value == 1
    assert not group.exists()
