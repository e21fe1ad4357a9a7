"""`python -m container serve` under load: readiness, ping, queue, deadline, memory (I-03, 04, 10).

The generator waits at a gate where a test must know what the server is doing.
"""

import base64
import contextlib
import json
import threading
import time

import pytest

from music.melodies import melody
from music.midi import write_midi
from tests.container.http_server import wait_until
from tests.container.serving_process import WARM_UP, Background, Gate, request, seconds, serving

MIDI = write_midi(melody("twinkle"))
JSON = json.dumps({"midi": base64.b64encode(MIDI).decode()}).encode()
NOTE = b'{"notes": [{"pitch": 60, "start": 0, "duration": 1}]}'
CALLS = 1  # of the generator for each of them
MB = 2**20
PING_S = 2.0  # SageMaker's patience


@pytest.fixture(scope="module")
def base(voices_folder, tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    (base / "model").symlink_to(voices_folder)
    return base


@pytest.fixture(scope="module")
def loading(base, tmp_path_factory):
    """A server whose model is being loaded, and its gate."""
    folder = tmp_path_factory.mktemp("gated")
    gate = Gate(folder / "gate")
    with serving(base, folder, gate=gate, ready=False) as server:
        yield server, gate
        assert server.log.count("Traceback") == server.log.count("RuntimeError: ")
    gate.close()


@pytest.fixture
def gated(loading):
    """The same server, ready, with nobody at work, and the gate closed."""
    server, gate = loading
    gate.let_pass(WARM_UP)
    server.wait_until_ready()
    gate.forget()
    return server, gate


def invoke(server, body=MIDI, **headers):
    return server.invoke(body, **headers)


def ping(server):
    answer, took = seconds(server.ask, "GET", "/ping")
    assert took < PING_S
    return answer.status


def test_ready_only_after_a_first_answer(loading):
    server, gate = loading
    calls = 0
    while ping(server) == 503:
        if not gate.has_arrival(0.01):
            continue
        calls += 1  # the generator has been asked, and waits
        answer = invoke(server)
        assert (answer.status, answer.fault) == (503, "not_ready")
        assert answer.headers["retry-after"] == "1"
        # Refused before the body, also to those who ask first.
        with server.wire() as wire:
            wire.send(request("POST", "/invocations", Content_Length=9, Expect="100-continue"))
            assert wire.answer().status == 503
        assert ping(server) == 503
        gate.let_pass()
    assert calls >= 1


def test_ping_is_prompt_while_the_model_waits_and_requests_queue(gated):
    server, gate = gated
    wires = [server.wire().send(request("POST", "/invocations", NOTE)) for _ in range(64)]
    wait_until(server.is_full)  # one is worked on, 63 wait
    assert ping(server) == 200
    refused = invoke(server)
    assert (refused.status, refused.fault) == (429, "busy")
    assert int(refused.headers["retry-after"]) >= 1
    gate.let_pass(64 * CALLS)
    for wire in wires:
        assert wire.answer().status == 200
        wire.close()
    assert gate.count_arrivals() < 64 * CALLS / 4  # those who waited were answered together


def test_who_hangs_up_is_not_worked_for(gated):
    server, gate = gated
    callers = Background()
    callers.start(invoke, server)
    gate.wait_for_arrival()
    wires = [server.wire().send(request("POST", "/invocations", NOTE)) for _ in range(63)]
    wait_until(server.is_full)
    for wire in wires:
        wire.close()
    wait_until(lambda: len(server.connections()) == 1)
    assert not server.is_full()
    gate.let_pass(2 * CALLS)
    assert callers.wait()[0].status == 200
    assert invoke(server).status == 200
    assert gate.count_arrivals() == 2 * CALLS - 1


def test_the_models_faults_are_told_without_their_secrets(gated):
    server, gate = gated
    gate.let_fail()
    answer = invoke(server)
    assert (answer.status, answer.fault) == (500, "internal")
    assert b"secret" not in answer.body
    assert "RuntimeError: secret of the house" in server.log
    gate.let_pass(CALLS)
    assert invoke(server).status == 200


def test_eight_bodies_of_25_megabytes_have_room_and_a_ninth_has_not(gated):
    """They wait, are found to be faulty, and leave no memory behind."""
    server, gate = gated
    before = server.status_field("VmHWM")
    body = b'{"nonsense": 1}' + b" " * (25 * MB - 1000)  # the first request has some room, too
    done = threading.Semaphore(0)

    def call():
        answer = invoke(server, body, Content_Type="application/json")
        done.release()
        return answer

    first, others = Background(), Background()
    first.start(invoke, server)
    gate.wait_for_arrival()
    for _ in range(9):
        others.start(call)
    assert done.acquire(timeout=60)  # the refused one: the model is not there for the others
    assert ping(server) == 200
    gate.let_pass(CALLS)
    assert first.wait()[0].status == 200
    answers = sorted(others.wait(), key=lambda answer: answer.status)
    assert [answer.fault for answer in answers] == ["bad_parameters"] * 8 + ["busy"]
    assert (answers[-1].status, answers[-1].headers["retry-after"]) == (429, "1")
    # The bodies themselves are 200 MB, and of one at a time there is a copy.
    assert (server.status_field("VmHWM") - before) / 1024 < 200 + 100
    assert (server.status_field("VmRSS") - before) / 1024 < 100


def test_ping_is_prompt_while_the_model_computes(base, tmp_path):
    """Without a gate: a long song, its takes one after the other, and large bodies meanwhile."""
    notes = [{"pitch": 60 + 7 * i % 13, "start": i, "duration": 1} for i in range(512)]
    long = json.dumps({"notes": notes, "takes": 1}).encode()
    other = b"[" * 5 * MB
    with serving(base, tmp_path) as server:
        callers = Background()
        for body in (long, other, other, long):
            callers.start(invoke, server, body, Content_Type="application/json")
        pings = 0
        while not all(callers.results):
            assert ping(server) == 200
            pings += 1
        assert [answer.status for answer in callers.wait()] == [200, 400, 400, 200]
        assert pings > 3


QUICK = {
    "container.connection.HEAD_S": 1,
    "container.connection.REST_S": 1,
    "container.connection.READING_S": 1,
    "container.server.KEEP_ALIVE_S": 1,
}


@pytest.fixture(scope="module")
def hasty(base, tmp_path_factory):
    """A gated server that gives nobody much time."""
    folder = tmp_path_factory.mktemp("hasty")
    gate = Gate(folder / "gate")
    limit = {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "1.5"}
    with serving(base, folder, gate=gate, constants=QUICK, **limit) as server:
        yield server, gate
        assert "Traceback" not in server.log
    gate.close()


def test_the_deadline_cuts_working_and_waiting(hasty):
    server, gate = hasty
    gate.forget()
    callers = Background()
    start = time.monotonic()
    callers.start(invoke, server)
    callers.start(invoke, server)
    for answer in callers.wait():
        assert (answer.status, answer.fault) == (504, "deadline")
        assert b"within 1.5 s" in answer.body
    assert 1.4 < time.monotonic() - start < 8
    assert ping(server) == 200
    gate.let_pass()  # for the one that was worked on; the other is not begun
    wait_until(lambda: gate.let_pass(CALLS) or invoke(server).status == 200)
    gate.forget()


def test_slow_clients_are_told_or_dropped(hasty):
    """All at once, each slow in a way of its own."""
    server, _ = hasty
    whole = request("POST", "/nothing", b"x" * 9)
    with (
        server.wire() as silent,
        server.wire() as slow_head,
        server.wire() as slow_body,
        server.wire() as slow_chunks,
        server.wire() as slow_rest,
        server.wire() as idle,
    ):
        slow_head.send(b"GET /ping HTTP/1.1\r\nHost")
        slow_body.send(request("POST", "/invocations", Content_Length=9), b"MThd")
        slow_chunks.send(request("POST", "/invocations", Transfer_Encoding="chunked"), b"5\r\nMT")
        slow_rest.send(whole[:-1])
        idle.send(request("GET", "/ping"))
        assert ping(server) == 200
        assert idle.answer().status == 200
        assert slow_rest.answer().status == 404
        answer = slow_head.answer()
        assert (answer.status, answer.fault) == (408, "slow_head")
        for wire in (slow_body, slow_chunks):
            answer = wire.answer()
            assert (answer.status, answer.fault) == (408, "slow_body")
        for wire in (silent, slow_head, slow_body, slow_chunks, slow_rest, idle):
            assert wire.is_ended()


@pytest.mark.parametrize(
    ("begin", "answers"),
    [
        (b"GET /ping HTTP/1.1\r\nX: ", [b"HTTP/1.1 408"]),
        (request("POST", "/nothing", Content_Length=10_000), [b"HTTP/1.1 404", b""]),
    ],
    ids=["head", "rest of what has been answered"],
)
def test_who_trickles_gets_no_more_time(hasty, begin, answers):
    server, _ = hasty
    with server.wire() as wire:
        wire.send(begin).socket.settimeout(0.1)
        received = []
        start = time.monotonic()
        while len(received) < len(answers) and time.monotonic() < start + 30:
            try:
                wire.send(b"x")
                answer = wire.socket.recv(1 << 16)
                if answer[:5] in (b"HTTP/", b""):
                    received.append(answer[:12])
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                received.append(b"")
        assert received == answers


def test_answers_that_nobody_reads_are_dropped(hasty):
    server, _ = hasty
    page = len(server.ask("GET", "/").body)
    with server.wire(SO_RCVBUF=4096) as wire:
        wire.send(request("GET", "/") * (20 * MB // page))
        wire.socket.recv(1)
        port = wire.socket.getsockname()[1]
        wait_until(lambda: port not in server.connections())
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := wire.socket.recv(MB):
                received += len(piece)
        assert received < 10 * MB
    assert ping(server) == 200
