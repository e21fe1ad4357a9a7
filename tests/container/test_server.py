"""`python -m container serve` as a process: readiness, signals, exit codes, causes in the log."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from container.errors import ContainerError
from container.server import Address, read_settings
from music.melodies import melody
from music.midi import write_midi
from tests.container.http_server import wait_until
from tests.tiny_models import write_model


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    write_model(folder / "model")
    return folder


@contextmanager
def server(base, **variables):
    """Starts a server on a free port of 127.0.0.1; kills it at the end if it still runs."""
    environ = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(base),
        "ACCOMPANIST_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": "0",
        **variables,
    }
    command = [sys.executable, "-m", "container", "serve"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process):
    for line in process.stderr:
        if found := re.search(r"Listening on http://127\.0\.0\.1:(\d+)\.", line):
            return int(found[1])
    return pytest.fail("the server ended without listening")


def status(port):
    return httpx.get(f"http://127.0.0.1:{port}/ping", trust_env=False, timeout=10).status_code


def end_of(process):
    _, log = process.communicate(timeout=30)
    return process.returncode, log


def test_becomes_ready_and_ends_with_0_after_sigterm(base):
    with server(base) as process:
        port = port_of(process)
        seen = []
        wait_until(lambda: seen.append(status(port)) or seen[-1] == 200)
        assert set(seen) <= {200, 503}
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        code, log = end_of(process)
    assert code == 0
    assert "Traceback" not in log


def test_answers_what_it_has_begun_before_it_ends(base):
    song = write_midi(melody("twinkle"))
    head = (
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: audio/midi\r\n"
        f"Content-Length: {len(song)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with server(base) as process:
        port = port_of(process)
        wait_until(lambda: status(port) == 200)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(head.encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 100")  # it is being read
            process.send_signal(signal.SIGTERM)
            client.sendall(song)
            answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert end_of(process)[0] == 0
    assert answer.startswith(b"HTTP/1.1 200")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head  # else the client would send its next request here
    assert body.startswith(b"MThd")


def damage(model):
    generator = model / "generator.tflite"
    generator.write_bytes(generator.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [(shutil.rmtree, r"manifest\.json"), (damage, r"generator\.tflite")],
)
def test_a_model_that_cannot_be_loaded_ends_the_process_with_its_cause(
    base, tmp_path, spoil, cause
):
    shutil.copytree(base / "model", tmp_path / "model")
    spoil(tmp_path / "model")
    with server(tmp_path) as process:
        code, log = end_of(process)
    assert code == 1
    assert re.search(rf"^ERROR .*{cause}", log, re.MULTILINE)
    assert "Traceback" not in log


def test_a_taken_port_is_named(base):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with server(base, SAGEMAKER_BIND_TO_PORT=str(port)) as process:
            code, log = end_of(process)
    assert code == 1
    assert f"ERROR The server cannot listen on 127.0.0.1:{port}" in log
    assert "Traceback" not in log


def test_defaults_are_the_platforms():
    assert Address.from_environment({}) == Address("0.0.0.0", 8080)  # noqa: S104
    settings = read_settings({})
    assert settings.model_dir == Path("/opt/ml/model")
    assert settings.deadline_s < 60  # SageMaker's own patience


def test_the_environment_sets_it_up():
    environ = {
        "SAGEMAKER_BIND_TO_PORT": "9001",
        "ACCOMPANIST_HOST": "127.0.0.1",
        "SAGEMAKER_MODEL_SERVER_TIMEOUT": "900",
        "SAGEMAKER_BASE_DIR": "/srv/x",
    }
    assert Address.from_environment(environ) == Address("127.0.0.1", 9001)
    assert read_settings(environ).deadline_s == 900
    assert read_settings(environ).model_dir == Path("/srv/x/model")


@pytest.mark.parametrize(
    ("environ", "seconds", "megabytes"),
    [
        ({"SAGEMAKER_BATCH": "true"}, 590, 25),
        ({"SAGEMAKER_BATCH": "True", "SAGEMAKER_MODEL_SERVER_TIMEOUT": "1200"}, 1200, 25),
        ({"SAGEMAKER_BATCH": "false", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "100"}, 55, 100),
        ({"SAGEMAKER_BATCH": "", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}, 55, 25),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "1"}, 55, 1),
    ],
)
def test_batch_transform_has_other_limits(environ, seconds, megabytes):
    settings = read_settings(environ)
    assert (settings.deadline_s, settings.max_body_bytes) == (seconds, megabytes * 2**20)


@pytest.mark.parametrize("text", ["six", "-1", "101", "nan"])
def test_refuses_what_is_no_payload(text):
    with pytest.raises(ContainerError, match="SAGEMAKER_MAX_PAYLOAD_IN_MB must be megabytes"):
        read_settings({"SAGEMAKER_MAX_PAYLOAD_IN_MB": text})


@pytest.mark.parametrize("text", ["http", "80.5", "-1", "65536", "nan", "٣x"])
def test_refuses_what_is_no_port(text):
    with pytest.raises(ContainerError, match="SAGEMAKER_BIND_TO_PORT must be a port"):
        Address.from_environment({"SAGEMAKER_BIND_TO_PORT": text})


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", "3601"])
def test_refuses_what_is_no_deadline(text):
    with pytest.raises(ContainerError, match="SAGEMAKER_MODEL_SERVER_TIMEOUT must be seconds"):
        read_settings({"SAGEMAKER_MODEL_SERVER_TIMEOUT": text})
