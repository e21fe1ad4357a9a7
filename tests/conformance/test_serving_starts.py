"""How servers begin, end, and where they may run (I-01, I-02, I-04, I-11, I-13, I-14).

docs/sagemaker.md says which tests hold the details.
"""

import shutil

import pytest

from music.manifest import GENERATOR_FILE
from tests.conformance.engine import describe, docker, running, volume
from tests.conformance.jobs import open_to_strangers
from tests.conformance.servers import JSON, LONG, MIDI, MODEL, TYPE, serving
from tests.container.serving_process import Background

pytestmark = pytest.mark.docker

STOP_S = 30  # between SIGTERM and SIGKILL
QUICK_S = 60  # for a server without a usable model to end
LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
MULTI_MODEL = "com.amazonaws.sagemaker.capabilities.multi-models"
BIND = 9001
SAFE = (9100, 9199)
MB = 2**20


@pytest.fixture
def damaged(voices_folder, tmp_path):
    """A model folder whose generator was cut on its way."""
    folder = tmp_path / "model"
    shutil.copytree(voices_folder, folder)
    generator = folder / GENERATOR_FILE
    generator.write_bytes(generator.read_bytes()[:1000])
    return folder


@pytest.fixture
def missing(tmp_path):
    return tmp_path


@pytest.mark.contract("I-01")
@pytest.mark.parametrize("model", ["damaged", "missing"])
def test_without_a_usable_model_a_server_ends_soon(serve_image, request, model):
    folder = request.getfixturevalue(model)
    with running(serve_image, "serve", options=[volume(folder, MODEL)]) as container:
        assert container.wait(QUICK_S) == 1
        *_, last = container.log.splitlines()
    assert last.startswith("ERROR ")
    assert MODEL in last


@pytest.mark.contract("I-01", "I-02", "I-04")
@pytest.mark.parametrize(
    ("which", "entrypoint", "arguments"),
    [
        ("serve_image", None, ("serve",)),
        ("serve_image", "serve", ()),
        ("image", None, ("serve",)),
        ("image", "serve", ()),
    ],
    ids=["serve", "entry point serve", "full image", "full image, entry point serve"],
)
def test_from_start_to_stop(request, voices_folder, which, entrypoint, arguments):
    image = request.getfixturevalue(which)
    before = {path: path.stat().st_mtime_ns for path in voices_folder.rglob("*")}
    with serving(
        image, voices_folder, arguments=arguments, entrypoint=entrypoint, ready=False
    ) as server:
        statuses = [server.ping()]
        while statuses[-1] != 200:
            statuses.append(server.container.wait_for(server.ping))
        assert set(statuses) - {None} == {503, 200}
        assert server.invoke(MIDI).status == 200
        stopping = Background()
        with server.begin(LONG) as worked_on, server.begin(JSON) as waiting:
            stopping.start(server.container.stop, STOP_S)
            assert [wire.answer().status for wire in (worked_on, waiting)] == [200, 200]
        ((code, took),) = stopping.wait()
        assert (code, took < STOP_S) == (0, True), server.container.log
        assert "Traceback" not in server.container.log
    assert {path: path.stat().st_mtime_ns for path in voices_folder.rglob("*")} == before


def listening(container):
    """The ports on which somebody listens in a container."""
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in container.run("cat", f"/proc/net/{table}").splitlines()[1:]:
            words = line.split()
            if words[3] == "0A":
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


@pytest.mark.contract("I-11")
def test_it_listens_where_it_is_told_and_nowhere_else(serve_image, voices_folder):
    low, high = SAFE
    options = [
        f"--env=SAGEMAKER_BIND_TO_PORT={BIND}",
        f"--env=SAGEMAKER_SAFE_PORT_RANGE={low}-{high}",
    ]
    with serving(serve_image, voices_folder, options=options, port=BIND) as server:
        assert server.invoke(MIDI).status == 200
        ports = listening(server.container)
    assert BIND in ports
    assert all(low <= port <= high for port in ports - {BIND})


@pytest.mark.contract("I-11")
@pytest.mark.parametrize("which", ["serve_image", "image"])
def test_the_labels_say_what_is_kept(request, which):
    labels = describe(request.getfixturevalue(which))["Config"]["Labels"] or {}
    assert labels.get(LABEL) == "true"
    assert MULTI_MODEL not in labels


# Without a network only the container itself can ask.
ASK = """
import sys
from urllib.request import Request, urlopen
path, body = sys.argv[1:]
request = Request("http://127.0.0.1:8080" + path, headers={"Content-Type": "application/json"})
print(urlopen(request, body.encode() or None).status)
"""
NOTE = '{"notes": [{"pitch": 60, "start": 0, "duration": 4}]}'


@pytest.mark.contract("I-13")
@pytest.mark.parametrize("which", ["serve_image", "image"])
def test_a_stranger_serves_without_network_and_with_nothing_but_tmp_to_write(
    request, voices_folder, tmp_path, which
):
    folder = shutil.copytree(voices_folder, tmp_path / "model")
    open_to_strangers(folder)
    strict = ("--read-only", "--tmpfs=/tmp", "--user=1000", "--network=none")
    options = [volume(folder, MODEL), *strict]
    with running(request.getfixturevalue(which), "serve", options=options) as container:
        ask = ("exec", container.name, "python", "-c", ASK)
        container.wait_for(lambda: docker(*ask, "/ping", "", check=False) == "200\n")
        assert docker(*ask, "/invocations", NOTE) == "200\n"
        assert "Uid:\t1000" in container.run("cat", "/proc/1/status")
        code, _ = container.stop(STOP_S)
        assert code == 0
        assert "ERROR" not in container.log


@pytest.mark.contract("I-14")
def test_half_a_processor_and_a_gigabyte_suffice(serve_image, voices_folder):
    little = ("--cpus=0.5", "--memory=1g", "--memory-swap=1g")
    body = JSON + b" " * (25 * MB - len(JSON))
    with serving(serve_image, voices_folder, options=little) as server:
        callers = Background()
        for _ in range(8):
            callers.start(server.invoke, body, **TYPE)
        assert [answer.status for answer in callers.wait()] == [200] * 8
        assert server.invoke(MIDI).status == 200
        assert len(server.container.processes()) == 1
        assert server.container.state["OOMKilled"] is False
