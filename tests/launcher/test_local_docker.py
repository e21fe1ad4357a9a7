"""`local-docker` on a real engine: the real images once, then a quick image of a fake container."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from launcher import status
from launcher.archives import pack
from launcher.docker.engine import find_container, release
from launcher.local_endpoints import READY_S
from music.manifest import Manifest
from music.melodies import melody
from music.midi import read_midi, write_midi
from tests.conformance.engine import docker
from tests.container.http_server import wait_until
from tests.launcher.command_line import start
from tests.launcher.conftest import end_all
from tests.launcher.fake_container import SONG
from tests.launcher.small_data import small_set

pytestmark = pytest.mark.docker

PATIENCE_S = 600
IN_DOCKER = ("--instance", "local-docker")

# Python reads it before anything else, in every process that has its folder on the path.
RECORDER = """
import os, sys

def record(event, values):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        place = values[1] if event == "socket.connect" else values[0]
        host = place[0] if isinstance(place, tuple) else place
        with open({file!r}, "a") as calls:
            calls.write(f"{{host}}\\n")

sys.addaudithook(record)
"""

FAKE_IMAGE = """
FROM {base}
COPY fake_container.py /opt/
WORKDIR /opt/ml/checkpoints
ENV SAGEMAKER_BASE_DIR=/opt/ml SAGEMAKER_BIND_TO_PORT=8080 ACCOMPANIST_HOST=0.0.0.0 FAKE={mode}
ENTRYPOINT ["python", "-u", "/opt/fake_container.py"]
CMD ["train"]
"""


def run(*words, root, code=0):
    with start(*words, root=root) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, out + err
    return out


@pytest.fixture
def runs(tmp_path):
    yield tmp_path / "runs"
    end_all(tmp_path / "runs")


@pytest.fixture(scope="module")
def fake_image(serve_image, tmp_path_factory):
    """Trains without end, and serves what it was sent."""
    folder = tmp_path_factory.mktemp("image")
    shutil.copy(Path(__file__).with_name("fake_container.py"), folder)
    (folder / "Dockerfile").write_text(FAKE_IMAGE.format(base=serve_image, mode="endless"))
    name = f"accompanist-fake:{os.getpid()}"
    docker("build", "--tag", name, folder, timeout=PATIENCE_S)
    yield name
    docker("rmi", name)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The hosts that the launcher's processes ask; credentials lie about, and a broken profile."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    file = folder / "calls"
    file.touch()
    (folder / "sitecustomize.py").write_text(RECORDER.format(file=str(file)))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    return lambda: set(file.read_text().split())


def test_from_a_data_set_to_a_song(tmp_path, runs, calls, port, image, serve_image):
    data = small_set(tmp_path / "small.npz")
    settings = ["--set", "iterations=4", "--set", "batch_size=4", "--set", "warmup_share=0.9"]
    words = ("--data", data, "--name", "mine", "--image", image, *settings)
    out = run("train", *words, *IN_DOCKER, root=runs)
    assert [line[:12] for line in out.splitlines() if "iteration=" in line][-1] == "iteration=4;"
    assert "Completed after" in out
    Manifest.read(runs / "mine" / "model")
    job = status("mine", root=runs)
    assert job.report.is_file()
    assert sorted(path.name for path in job.folder.iterdir()) == sorted(
        ["checkpoints", "input", "job.json", "log.txt", "model", "output"]
    )
    assert find_container(job.folder) is None

    run("deploy", "mine", "--port", port, "--image", serve_image, *IN_DOCKER, root=runs)
    endpoint = status("accompanist", root=runs)
    container = find_container(endpoint.folder)
    assert docker("port", container) == f"8080/tcp -> 127.0.0.1:{port}\n"
    assert "AWS" not in docker("inspect", container)

    heard, song = tmp_path / "heard.mid", tmp_path / "song.mid"
    heard.write_bytes(write_midi(melody("twinkle")))
    words = ("invoke", heard, "-o", song, "--seed", 5, "--json")
    assert [take["seed"] for take in json.loads(run(*words, root=runs))["takes"]] == [5]
    accompanied = read_midi(song.read_bytes())
    assert len(accompanied.tracks) == 4
    assert accompanied.tracks[0].notes == melody("twinkle").tracks[0].notes

    assert run("delete", "accompanist", root=runs) == "Deleted the endpoint accompanist.\n"
    assert find_container(endpoint.folder) is None
    assert run("delete", "mine", root=runs) == "Deleted the job mine.\n"
    assert list(runs.rglob("*")) == [runs / "endpoints"]
    assert calls() == {"127.0.0.1", "localhost"}


def test_two_jobs_at_once_one_is_stopped_and_one_is_killed(runs, data, fake_image):
    for name in ("first", "second"):
        words = ("--data", data, "--name", name, "--image", fake_image, "--no-wait")
        assert run("train", *words, *IN_DOCKER, root=runs) == f"{name}\n"
    for name in ("first", "second"):
        log = runs / name / "log.txt"
        wait_until(lambda log=log: "iteration=1;" in log.read_text(), PATIENCE_S)

    run("stop", "first", root=runs)
    first = status("first", root=runs)
    assert (first.status, first.exit_code) == ("Stopped", 0)
    assert first.artifact.is_file()
    assert (first.model / "1" / "weights").stat().st_uid == os.getuid()
    lines = first.log.read_text().splitlines()
    assert lines[:2] == ["Starting at 1.", "iteration=1; critic_loss=-1.5; headline=41;"]
    assert lines[-1] == "The last line has no line break."

    second = status("second", root=runs)
    assert second.status == "InProgress"
    docker("kill", find_container(second.folder))
    wait_until(lambda: not status("second", root=runs).is_running, PATIENCE_S)
    second = status("second", root=runs)
    assert second.status == "Failed"
    assert second.failure_reason == "The training process ended with exit code 137."
    assert [find_container(job.folder) for job in (first, second)] == [None, None]


def test_no_container_outlives_its_job(runs, data, fake_image):
    words = ("--data", data, "--name", "mine", "--image", fake_image, "--no-wait")
    run("train", *words, *IN_DOCKER, root=runs)
    job = status("mine", root=runs)
    wait_until(lambda: job.log.read_text(), PATIENCE_S)
    job.worker.kill_group()
    wait_until(lambda: not status("mine", root=runs).is_running, PATIENCE_S)
    assert status("mine", root=runs).status == "Failed"
    assert find_container(job.folder) is None

    words = ("--data", data, "--name", "other", "--image", fake_image, "--no-wait")
    run("train", *words, *IN_DOCKER, root=runs)
    other = status("other", root=runs)
    wait_until(lambda: other.log.read_text(), PATIENCE_S)
    run("delete", "other", root=runs, code=1)  # it still runs
    assert run("delete", "other", "--force", root=runs) == "Deleted the job other.\n"
    assert find_container(other.folder) is None


@pytest.fixture
def broken_image(fake_image, tmp_path):
    """Names a program that it does not have."""
    name = fake_image.replace("fake:", "broken:")
    (tmp_path / "Dockerfile").write_text(f'FROM {fake_image}\nENTRYPOINT ["/no/such/program"]\n')
    docker("build", "--tag", name, tmp_path)
    yield name
    docker("rmi", name)


def test_a_container_that_cannot_be_started_says_why(broken_image, runs, data, artifact, port):
    words = ("--data", data, "--name", "mine", "--image", broken_image)
    run("train", *words, *IN_DOCKER, root=runs, code=1)
    job = status("mine", root=runs)
    assert job.failure_reason.startswith("The container could not be started: ")
    assert "/no/such/program" in job.failure_reason

    words = (artifact, "--port", port, "--image", broken_image)
    begin = time.monotonic()
    run("deploy", *words, *IN_DOCKER, root=runs, code=1)
    assert time.monotonic() - begin < READY_S  # nobody waits for what cannot come
    endpoint = status("accompanist", root=runs)
    assert endpoint.status == "Failed"
    assert "/no/such/program" in endpoint.failure_reason
    assert [find_container(found.folder) for found in (job, endpoint)] == [None, None]


@pytest.fixture
def artifact(tmp_path):
    """What the fake container serves."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    pack(folder, tmp_path / "model.tar.gz")
    return tmp_path / "model.tar.gz"


def test_an_endpoint_is_replaced_and_its_port_is_its_own(
    runs, artifact, fake_image, port, tmp_path, monkeypatch
):
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_TIMEOUT", "50")
    deploy = ("deploy", artifact, "--port", port, "--image", fake_image, *IN_DOCKER)
    run(*deploy, root=runs)
    first = status("accompanist", root=runs)
    container = find_container(first.folder)
    run(*deploy, "--endpoint", "other", root=runs, code=1)
    assert find_container(first.folder) == container
    assert "SAGEMAKER_MODEL_SERVER_TIMEOUT=50" in docker("inspect", container)
    run(*deploy, root=runs)
    second = status("accompanist", root=runs)
    assert second.server != first.server
    assert find_container(second.folder) != container
    song = tmp_path / "song.mid"
    run("invoke", "twinkle", "-o", song, root=runs)
    assert song.read_bytes() == SONG

    # Whoever kills the process that holds it has not ended the container.
    second.server.kill_group()
    assert second.server.wait(10)
    assert status("accompanist", root=runs).status == "Failed"
    run(*deploy, root=runs)
    third = status("accompanist", root=runs)
    docker("kill", find_container(third.folder))
    wait_until(lambda: status("accompanist", root=runs).status == "Failed", PATIENCE_S)
    assert run("delete", "accompanist", root=runs) == "Deleted the endpoint accompanist.\n"
    assert find_container(third.folder) is None


def test_files_of_another_user_become_ours(tmp_path, fake_image):
    folder = tmp_path / "job"
    (folder / "model").mkdir(parents=True)
    (folder / "model").chmod(0o777)
    words = ("--rm", "--user", "4321", "--volume", f"{folder}:/folder", "--entrypoint", "sh")
    docker("run", *words, fake_image, "-c", "mkdir -m 700 /folder/model/1; touch /folder/model/1/a")
    assert (folder / "model" / "1").stat().st_uid == 4321
    release(folder, fake_image)
    assert {path.stat().st_uid for path in folder.rglob("*")} == {os.getuid()}
    shutil.rmtree(folder)
