import signal
import socket
from dataclasses import replace

import httpx
import pytest

from launcher import LauncherError, delete, deploy, status, train
from launcher.archives import pack
from launcher.processes import Process, start_detached
from tests.launcher.test_records import a_job


@pytest.fixture
def job(root, data):
    """A completed job."""
    return train(data=data, name="mine", root=root)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_newest_completed_job_is_served(root, job, port):
    a_job(root / "newer", status="Failed", created="2099-01-01T00:00:00.000Z")
    phases = []
    endpoint = deploy(port=port, root=root, on_phase=phases.append)
    assert (endpoint.name, endpoint.status, endpoint.source) == ("accompanist", "InService", "mine")
    assert endpoint.url == f"http://127.0.0.1:{port}/"
    assert phases == ["Unpacking the model", "Starting the server"]
    assert (endpoint.folder / "model" / "1" / "weights").read_text() == "of the generator"
    assert httpx.get(f"{endpoint.url}ping", trust_env=False).status_code == 200
    assert status("accompanist", root=root) == endpoint
    assert status(root=root).endpoints == [endpoint]


def test_deleting_ends_the_server_and_is_idempotent(root, job, port):
    endpoint = deploy("mine", port=port, root=root)
    assert delete("accompanist", root=root) == "endpoint"
    assert not endpoint.server.is_alive()
    assert not listens(port)
    assert not endpoint.folder.exists()
    assert delete("accompanist", root=root) is None


def test_deploying_again_replaces(root, job, port, tmp_path):
    first = deploy("mine", port=port, root=root)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"other": 1}')
    pack(tmp_path / "other", tmp_path / "model.tar.gz")
    second = deploy(tmp_path / "model.tar.gz", port=port, root=root)
    assert not first.server.is_alive()
    assert second.source == str(tmp_path / "model.tar.gz")
    files = [path.name for path in (second.folder / "model").rglob("*") if path.is_file()]
    assert files == ["manifest.json"]
    assert [path.name for path in second.folder.parent.iterdir()] == ["accompanist"]
    assert sorted(path.name for path in second.folder.iterdir()) == [
        "endpoint.json",
        "log.txt",
        "model",
    ]


def test_a_broken_archive_leaves_the_endpoint_as_it_was(root, job, port, tmp_path):
    first = deploy("mine", port=port, root=root)
    (tmp_path / "model.tar.gz").write_bytes(b"broken")
    with pytest.raises(LauncherError, match=r"no whole tar\.gz"):
        deploy(tmp_path / "model.tar.gz", port=port, root=root)
    assert status("accompanist", root=root) == first
    with pytest.raises(LauncherError, match=r"no whole tar\.gz"):
        deploy(tmp_path / "model.tar.gz", endpoint="new", port=port, root=root)
    assert [path.name for path in first.folder.parent.iterdir()] == ["accompanist"]


def test_a_taken_port_names_who_has_it(root, job, port):
    deploy("mine", port=port, root=root)
    with pytest.raises(LauncherError, match=r"in use by the endpoint accompanist\. End that one"):
        deploy("mine", endpoint="second", port=port, root=root)
    delete("accompanist", root=root)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(LauncherError, match=rf"Port {port} is in use by another program\. Choose"),
    ):
        deploy("mine", port=port, root=root)
    assert status(root=root).endpoints == []


def test_a_server_that_ends_shows_its_log(root, job, port, monkeypatch):
    monkeypatch.setenv("FAKE", "broken")
    with pytest.raises(LauncherError, match="ended before it was ready") as caught:
        deploy("mine", port=port, root=root)
    assert "The model is no model." in caught.value.hint
    endpoint = status("accompanist", root=root)
    assert endpoint.status == "Failed"
    assert "ended before it was ready" in endpoint.failure_reason


def test_ctrl_c_while_the_server_is_started_ends_it(root, job, port, monkeypatch):
    """Though nobody knows yet which process it is."""
    servers = []

    def start_and_press(*words, **options):
        servers.append(start_detached(*words, **options))
        signal.raise_signal(signal.SIGINT)
        return servers[0]

    monkeypatch.setattr("launcher.local_endpoints.start_detached", start_and_press)
    with pytest.raises(KeyboardInterrupt):
        deploy("mine", port=port, root=root)
    assert not servers[0].is_alive()
    assert list((root / "endpoints").iterdir()) == []


def test_ctrl_c_while_unpacking_leaves_what_is_served(root, job, port, monkeypatch):
    first = deploy("mine", port=port, root=root)

    def press(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("launcher.local_endpoints.unpack", press)
    with pytest.raises(KeyboardInterrupt):
        deploy("mine", port=port, root=root)
    assert status("accompanist", root=root) == first
    assert listens(port)


def test_an_endpoint_that_died_can_be_deployed_again(root, job, port):
    first = deploy("mine", port=port, root=root)
    first.server.kill_group()
    assert first.server.wait(10)
    assert status("accompanist", root=root).status == "Failed"
    assert deploy("mine", port=port, root=root).status == "InService"


def test_after_a_restart_a_strangers_process_is_left_alone(root, job, port):
    first = deploy("mine", port=port, root=root)
    replace(first, server=Process(first.server.pid, "an earlier boot:1")).save()
    with pytest.raises(LauncherError, match="in use by another program"):
        deploy("mine", port=port, root=root)
    assert first.server.is_alive()
    first.server.kill_group()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"model": "nothing"}, "no_such_job"),
        ({"model": "nothing.tar.gz"}, "no_model"),
        ({"model": "ended"}, "no_model"),
        ({}, "no_model"),
        ({"endpoint": "a_b"}, "bad_name"),
    ],
)
def test_what_cannot_be_deployed(root, options, code):
    root.mkdir()
    a_job(root / "ended", status="Failed")
    with pytest.raises(LauncherError) as caught:
        deploy(**options, root=root)
    assert caught.value.code == code
    assert not (root / "endpoints").exists()
