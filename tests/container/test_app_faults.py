"""What the server says to those it cannot serve: real servers, some with a generator to order."""

import asyncio
import base64
import json
import socket
import threading

import httpx
import numpy as np
import pytest

from container.app import Settings, create_app
from inference.arranger import Arranger
from inference.errors import ModelError
from music.melodies import melody
from music.midi import write_midi
from music.song import Note, Song, Track
from tests.container.http_server import serving, wait_until
from tests.inference.accompanists import HandMade, below

MIDI = write_midi(melody("twinkle"))
HEADERS = {"Content-Type": "audio/midi"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(tmp_path_factory.mktemp("none"), max_body_bytes=1 << 20)
    app = create_app(settings, load=lambda _: Arranger(HandMade(below(3, 7, 12))))
    with serving(app) as client:
        yield client


class Gate:
    """A generator that answers when told to."""

    def __init__(self, tmp_path, **settings):
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        self.calls = 0

        def voices(pitch, onset, noise):
            self.calls += 1
            self.entered.release()
            assert self.opened.wait(20)
            return below(3, 7, 12)(pitch, onset, noise)

        arranger = Arranger(HandMade(voices, max_batch=4))
        self.app = create_app(Settings(tmp_path, **settings), load=lambda _: arranger)

    def wait_for_work(self):
        assert self.entered.acquire(timeout=10)


def post(client, content=MIDI, **headers):
    return client.post("/invocations", content=content, headers={**HEADERS, **headers})


def check(response, status, code):
    assert (response.status_code, response.json()["error"]) == (status, code), response.text
    assert set(response.json()) == {"error", "message", "hint"}
    assert response.headers["Content-Type"] == "application/json"
    assert len(response.content) < 2048
    assert "Traceback" not in response.text
    return response


def in_background(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    return thread, results


def song_bytes(*tracks):
    return write_midi(Song(480, tuple(tracks)))


NOTES = (Note(0, 480, 60),)
LONG = song_bytes(Track("Long", 0, (Note(0, 2049 * 480, 60),)))
DRUMS = song_bytes(Track("Drums", 0, NOTES, is_drum=True))


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"RIFF", {}, "not_midi"),
        (b"", {}, "empty_body"),
        (b" \n", {"Content-Type": "application/json"}, "empty_body"),
        (LONG, {}, "too_long"),
        (DRUMS, {}, "drums_only"),
        (MIDI[:-30], {}, "not_midi"),
        (b"[]", {"Content-Type": "application/json"}, "not_json"),
        (b'{"notes": []}', {"Content-Type": "application/json"}, "no_notes"),
        (b"{}", {"Content-Type": "application/json"}, "bad_parameters"),
        (b"nonsense", {"Content-Type": "application/x-npy"}, "not_npy"),
        (MIDI, {"X-Amzn-SageMaker-Custom-Attributes": "sed=1"}, "bad_parameters"),
        (MIDI, {"X-Amzn-SageMaker-Custom-Attributes": "melody_track=1"}, "bad_option"),
        (MIDI, {"X-Amzn-SageMaker-Custom-Attributes": "instruments=kazoo"}, "unknown_instrument"),
        (
            MIDI,
            {"X-Amzn-SageMaker-Custom-Attributes": "takes=2", "Accept": "audio/midi"},
            "one_take_only",
        ),
        (
            song_bytes(Track("Long", 0, (Note(0, 2000 * 480, 60),))),
            {"X-Amzn-SageMaker-Custom-Attributes": "takes=5"},
            "too_long",
        ),
    ],
)
def test_the_callers_faults(client, content, headers, code):
    check(post(client, content, **headers), 400, code)


def test_empty_rows_and_repeated_takes_of_arrays(client):
    silent = np.zeros((2, 32, 128), dtype=bool)
    silent[0, :, 60] = True

    def send(array, **headers):
        header = f"{{'descr':'|b1','fortran_order':False,'shape':{array.shape}}}".encode()
        body = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + array.tobytes()
        return post(client, body, **{"Content-Type": "application/x-npy"}, **headers)

    assert "Melody 1 has no notes" in check(send(silent), 400, "no_notes").text
    two = {"X-Amzn-SageMaker-Custom-Attributes": "takes=2"}
    check(send(silent[:1], **two), 400, "one_take_only")


def test_types_that_are_not_understood(client):
    check(post(client, **{"Content-Type": "text/csv"}), 415, "unsupported_media_type")
    check(client.post("/invocations", content=b"x"), 415, "unsupported_media_type")


def test_types_that_are_not_offered(client):
    check(post(client, Accept="audio/wav"), 406, "not_acceptable")
    lines = {"Content-Type": "application/jsonlines", "Accept": "audio/midi"}
    check(post(client, b"{}", **lines), 406, "not_acceptable")


def test_routes_and_methods(client):
    check(client.get("/nothing"), 404, "not_found")
    response = check(client.get("/invocations"), 405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"
    assert client.delete("/ping").status_code == 405


def test_the_largest_body_and_one_byte_more(client):
    midi = base64.b64encode(MIDI).decode()
    body = json.dumps({"midi": midi}).encode()
    body += b" " * ((1 << 20) - len(body))
    json_type = {"Content-Type": "application/json"}
    assert post(client, body, **json_type).status_code == 200
    check(post(client, body + b" ", **json_type), 413, "too_large")
    assert post(client, iter([body[: 1 << 19], body[1 << 19 :]]), **json_type).status_code == 200
    check(post(client, iter([body, b" "]), **json_type), 413, "too_large")
    assert client.get("/ping").status_code == 200


def talk(client, *sent, on_continue=b""):
    """Sends bytes over a connection of its own and returns all that comes back."""
    with socket.create_connection((client.base_url.host, client.base_url.port), 10) as connection:
        for piece in sent:
            connection.sendall(piece)
        received = b""
        while piece := connection.recv(65536):
            received += piece
            if on_continue and b"100 Continue\r\n\r\n" in received:
                connection.sendall(on_continue)
                on_continue = b""
    return received


def head(*lines):
    return "\r\n".join(
        ["POST /invocations HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]
    ).encode()


def test_who_asks_before_sending_is_told_so(client):
    lines = ["Content-Type: audio/midi", "Expect: 100-continue"]
    too_long = talk(client, head(*lines, f"Content-Length: {10**12}"))
    assert too_long.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in too_long
    fine = talk(client, head(*lines, f"Content-Length: {len(MIDI)}"), on_continue=MIDI)
    assert fine.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert b"HTTP/1.1 200 OK" in fine


def test_a_body_without_end_is_cut_off(client):
    """Thrown away up to four times the limit, then refused."""
    received = b""
    with socket.create_connection((client.base_url.host, client.base_url.port), 10) as connection:
        connection.sendall(head("Content-Type: audio/midi", f"Content-Length: {10**12}"))
        try:
            for _ in range(64):
                connection.sendall(bytes(1 << 17))
            received = connection.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            return  # the connection was closed before all was sent
    assert received.startswith(b"HTTP/1.1 413 ")


def test_a_slow_body(tmp_path):
    gate = Gate(tmp_path, deadline_s=0.2)
    gate.opened.set()
    with serving(gate.app) as client:
        received = talk(client, head("Content-Type: audio/midi", "Content-Length: 100"), b"MThd")
        assert received.startswith(b"HTTP/1.1 408 ")
        assert client.get("/ping").status_code == 200


def test_the_inference_id_comes_back_with_faults(client):
    response = post(client, b"", **{"X-Amzn-SageMaker-Inference-Id": "abc"})
    assert response.headers["X-Amzn-SageMaker-Inference-Id"] == "abc"


def test_ping_is_answered_while_the_model_works(tmp_path):
    gate = Gate(tmp_path)
    with serving(gate.app) as client:
        thread, results = in_background(lambda: post(client))
        gate.wait_for_work()
        for _ in range(5):
            assert client.get("/ping").status_code == 200
        gate.opened.set()
        thread.join()
        assert results[0].status_code == 200


def test_more_requests_than_the_queue_holds(tmp_path):
    gate = Gate(tmp_path, queue_limit=3)
    with serving(gate.app) as client:
        threads = [in_background(lambda: post(client)) for _ in range(3)]
        worker = gate.app.routes[1].endpoint.__self__.worker
        wait_until(lambda: worker.waiting == 3)
        response = check(post(client), 429, "busy")
        assert int(response.headers["Retry-After"]) >= 1
        gate.opened.set()
        for thread, results in threads:
            thread.join()
            assert results[0].status_code == 200
        assert worker.waiting == 0
        assert post(client).status_code == 200


def test_the_deadline_ends_waiting_and_working(tmp_path):
    gate = Gate(tmp_path, deadline_s=1.5)  # the last request must be answered within it
    with serving(gate.app) as client:
        threads = [in_background(lambda: post(client)) for _ in range(2)]
        gate.wait_for_work()
        for thread, results in threads:
            thread.join()
            check(results[0], 504, "deadline")
        gate.opened.set()
        # The first was given up between two batches, the second before its first one.
        assert post(client).status_code == 200
        assert gate.calls == 1 + 3  # twinkle has twelve bars: three batches of four windows


def test_ping_fails_if_the_model_does_not_come_back(tmp_path):
    """Then SageMaker replaces the instance; a model that only works through a queue is well."""
    gate = Gate(tmp_path, deadline_s=1.0, stuck_s=0.2)
    with serving(gate.app) as client:
        thread, results = in_background(lambda: post(client))
        gate.wait_for_work()
        assert client.get("/ping").status_code == 200
        thread.join()
        check(results[0], 504, "deadline")
        wait_until(lambda: client.get("/ping").status_code == 503)
        gate.opened.set()
        wait_until(lambda: client.get("/ping").status_code == 200)


def test_who_hangs_up_is_not_worked_for(tmp_path):
    gate = Gate(tmp_path)
    with serving(gate.app) as client:
        first, results = in_background(lambda: post(client))
        gate.wait_for_work()
        worker = gate.app.routes[1].endpoint.__self__.worker
        with pytest.raises(httpx.ReadTimeout):
            client.post("/invocations", content=MIDI, headers=HEADERS, timeout=0.2)
        wait_until(lambda: worker.waiting == 1)
        gate.opened.set()
        first.join()
        assert results[0].status_code == 200
        assert post(client).status_code == 200
        assert gate.calls == 3 + 3


def test_the_models_faults_are_ours(tmp_path, caplog):
    def broken(pitch, onset, noise):
        raise RuntimeError("secret of the house")

    app = create_app(Settings(tmp_path), load=lambda _: Arranger(HandMade(broken)))
    with serving(app) as client:
        response = check(post(client), 500, "internal")
        assert "secret" not in response.text
        assert client.get("/ping").status_code == 200
    assert "secret of the house" in caplog.text


def test_not_ready_until_the_model_has_been_loaded(tmp_path):
    loading, loaded = threading.Event(), threading.Event()

    def load(_):
        loading.set()
        assert loaded.wait(20)
        return Arranger(HandMade(below(3, 7, 12)))

    with serving(create_app(Settings(tmp_path), load=load), ready=False) as client:
        assert loading.wait(10)
        assert client.get("/ping").status_code == 503
        response = check(post(client), 503, "not_ready")
        assert response.headers["Retry-After"] == "1"
        loaded.set()
        wait_until(lambda: client.get("/ping").status_code == 200)
        assert post(client).status_code == 200


@pytest.mark.parametrize(
    "error", [ModelError("model_missing", "No model.", "Bring one."), OSError("x")]
)
def test_a_model_that_cannot_be_loaded(tmp_path, error, caplog):
    failures = []

    def load(_):
        raise error

    app = create_app(Settings(tmp_path), load=load, on_failed=failures.append)
    with serving(app, ready=False) as client:
        wait_until(lambda: failures)
        assert failures == [error]
        assert client.get("/ping").status_code == 503
        assert "could not be loaded" in check(post(client), 503, "not_ready").text
    assert ("No model. Bring one." in caplog.text) == isinstance(error, ModelError)


def test_an_absent_model_says_what_is_missing(tmp_path):
    failures = []
    app = create_app(Settings(tmp_path / "absent"), on_failed=failures.append)
    with serving(app, ready=False):
        wait_until(lambda: failures)
    assert failures[0].code == "model_missing"


def test_answers_belong_to_their_requests(client):
    """Sixteen callers at once, each with a melody of its own."""
    address = str(client.base_url)

    async def ask(session, pitch):
        body = {"notes": [{"pitch": pitch, "start": 0, "duration": 4}], "seed": pitch}
        response = await session.post(f"{address}/invocations", json=body)
        return pitch, response.json()["takes"][0]

    async def ask_all():
        limits = httpx.Limits(max_connections=16)
        async with httpx.AsyncClient(timeout=30, trust_env=False, limits=limits) as session:
            return await asyncio.gather(*(ask(session, pitch) for pitch in list(range(57, 82)) * 4))

    for pitch, take in asyncio.run(ask_all()):
        assert take["seed"] == pitch
        midi = base64.b64decode(take["midi"])
        assert bytes([0x90, pitch, 80]) in midi
