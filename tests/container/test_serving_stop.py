"""SIGTERM to `python -m container serve`, whatever it is doing (I-02)."""

import signal
import socket

import pytest

from container import server as settings
from music.melodies import melody
from music.midi import write_midi
from tests.container.http_server import wait_until
from tests.container.serving_process import HOST, Background, Gate, request, seconds, serving

MIDI = write_midi(melody("twinkle"))
KILL_S = 30  # after SIGTERM


@pytest.fixture
def gate(tmp_path):
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def base(voices_folder, tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    (base / "model").symlink_to(voices_folder)
    return base


def is_refused(server):
    try:
        socket.create_connection((HOST, server.port), 10).close()
    except ConnectionRefusedError:
        return True
    return False


def invocation(**headers):
    return request("POST", "/invocations", MIDI, **headers)


def test_what_has_begun_is_answered_and_nothing_else_taken(base, tmp_path, gate):
    with (
        serving(base, tmp_path, gate=gate) as server,
        server.wire() as computed,
        server.wire() as queued,
        server.wire() as uploaded,
        server.wire() as kept,
        server.wire() as begun,
    ):
        computed.send(invocation())
        gate.wait_for_arrival()
        queued.send(invocation())
        uploaded.send(
            request("POST", "/invocations", Content_Length=len(MIDI), Expect="100-continue")
        )
        assert uploaded.answer().status == 100
        uploaded.send(MIDI[:9])
        kept.send(request("GET", "/ping"))
        assert kept.answer().status == 200
        begun.send(b"GET /ping HTTP/1.1\r\n")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(server))
        server.process.send_signal(signal.SIGTERM)
        assert kept.is_ended()
        assert begun.is_ended()
        uploaded.send(MIDI[9:])
        gate.let_pass(3)
        for wire in (computed, queued, uploaded):
            answer = wire.answer()
            assert (answer.status, answer.body[:4]) == (200, b"MThd")
            assert answer.headers["connection"] == "close"
            assert wire.is_ended()
        (code, log), took = seconds(server.end)
    assert (code, took < KILL_S) == (0, True)
    assert "ERROR" not in log


def test_what_cannot_be_answered_in_time_is_told_so(base, tmp_path, gate):
    """The generator never comes back, and the process ends all the same."""
    quick = {"container.server.GRACE_S": 1, "container.server.LEAVE_S": 0.1}
    with (
        serving(base, tmp_path, gate=gate, constants=quick) as server,
        server.wire() as uploaded,
    ):
        callers = Background()
        callers.start(server.invoke, MIDI)
        gate.wait_for_arrival()
        callers.start(server.invoke, MIDI)
        uploaded.send(request("POST", "/invocations", Content_Length=9), b"MThd")
        server.process.send_signal(signal.SIGTERM)
        for answer in [*callers.wait(), uploaded.answer()]:
            assert (answer.status, answer.fault) == (503, "stopping")
            assert answer.headers["retry-after"] == "1"
        code, log = server.end()
    assert code == 0
    assert "Traceback" not in log
    assert log.endswith("WARNING The process ends although it is still at work.\n")


def test_nobody_waits_for_a_model_that_is_being_loaded(base, tmp_path, gate):
    quick = {"container.server.LEAVE_S": 0.1}
    with serving(base, tmp_path, gate=gate, constants=quick, ready=False) as server:
        gate.wait_for_arrival()
        assert server.ask("GET", "/ping").status == 503
        server.process.send_signal(signal.SIGTERM)
        code, log = server.end()
    assert code == 0
    assert "Traceback" not in log


def test_the_time_to_stop_ends_before_the_platforms():
    """Half a second is uvicorn's, for noticing and for closing."""
    assert settings.GRACE_S + settings.LEAVE_S + 0.5 < KILL_S - 2
