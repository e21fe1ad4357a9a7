"""A folder for jobs and endpoints, a fake container, and nothing left running at the end."""

import contextlib
import os
import random
import socket
import sys
from pathlib import Path

import pytest

from launcher import targets
from launcher.docker.engine import release
from launcher.folders import list_folders
from launcher.records import ENDPOINT_FILE, JOB_FILE, Endpoint, Job
from music.phrase_file import write_phrases
from tests.container.folders import phrase_set

FAKE = (sys.executable, "-u", str(Path(__file__).with_name("fake_container.py")))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder of jobs, run by the fake container."""
    monkeypatch.setattr(targets, "CONTAINER", FAKE)
    folder = tmp_path / "runs"
    yield folder
    end_all(folder)


@pytest.fixture
def data(tmp_path):
    """A small data set."""
    path = tmp_path / "small set.npz"
    write_phrases(phrase_set(8), path)
    return str(path)


@pytest.fixture
def port():
    """A free one, see `free_port`."""
    return free_port()


def free_port():
    """A free one, below those that systems give to whoever asks for any: tests run side by side."""
    for port in random.SystemRandom().sample(range(10_000, 20_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("None of a hundred ports is free.")


def end_all(root):
    jobs = [Job.read(folder) for folder in list_folders(root, JOB_FILE)]
    folders = list_folders(root / "endpoints", ENDPOINT_FILE)
    endpoints = [Endpoint.read(folder) for folder in folders]
    processes = [process for job in jobs for process in (job.runner, job.worker)]
    processes += [endpoint.server for endpoint in endpoints]
    for process in processes:
        if process is not None and process.pid != os.getpid():
            process.kill_group()
            assert process.wait(10)
    for record in (*jobs, *endpoints):
        if record.image and record.remote is None:
            release(record.folder, record.image)
