"""The HTTP surface of `python -m container serve`: statuses, headers, odd clients (I-05 to I-09).

docs/sagemaker.md says which test holds which promise.
"""

import base64
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from music.melodies import melody
from music.midi import read_midi, write_midi
from tests.container.serving_process import request, serving

MIDI = write_midi(melody("twinkle"))
JSON = json.dumps({"midi": base64.b64encode(MIDI).decode()}).encode()
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
IDENTITY = "X-Amzn-SageMaker-Inference-Id"
MB = 2**20


@pytest.fixture(scope="module")
def server(voices_folder, tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    (base / "model").symlink_to(voices_folder)
    with serving(base, base) as server:
        yield server
        assert "Traceback" not in server.log


def post(server, body=MIDI, content_type="audio/midi", **headers):
    given = {"Content_Type": content_type} if content_type is not None else {}
    return server.invoke(body, **given, **headers)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("POST", "/invocations", b"", {}, 400, "empty_body"),
        ("POST", "/invocations", b"RIFF", {"Content-Type": "audio/midi"}, 400, "not_midi"),
        ("POST", "/invocations", MIDI, {ATTRIBUTES: "sed=1"}, 400, "bad_parameters"),
        ("GET", "/", b"", {"Content-Length": "1", "Transfer-Encoding": "chunked"}, 400, "bad_http"),
        ("GET", "/models", b"", {}, 404, "not_found"),
        ("GET", "/ping/", b"", {}, 404, "not_found"),
        ("GET", "/nothing\r\nHost: [", b"", {}, 400, "bad_http"),
        ("GET", "/invocations", b"", {}, 405, "method_not_allowed"),
        ("DELETE", "/ping", b"", {}, 405, "method_not_allowed"),
        ("POST", "/invocations", MIDI, {"Accept": "audio/wav"}, 406, "not_acceptable"),
        ("POST", "/invocations", MIDI, {"Content-Type": "x/y"}, 415, "unsupported_media_type"),
        ("GET", "/ping", b"", {f"X-{i}": "x" * 1000 for i in range(17)}, 431, "long_head"),
        ("POST", "/invocations", b"", {"Transfer-Encoding": "gzip"}, 501, "bad_http"),
    ],
)
def test_every_refusal_says_why_in_json(server, method, path, body, headers, status, code):
    headers = {name.replace("-", "_"): value for name, value in headers.items()}
    answer = server.ask(method, path, body, **headers)
    assert (answer.status, answer.fault) == (status, code)


def test_a_head_without_end_is_refused(server):
    with server.wire() as wire:
        answer = wire.send(b"GET /ping HTTP/1.1\r\nX: " + b"x" * 20_000).answer()
        assert (answer.status, answer.fault) == (431, "bad_http")
        assert wire.is_ended()


def test_refused_methods_are_told_with_the_right_ones(server):
    assert server.ask("PUT", "/invocations").headers["allow"] == "POST"


# Bodies: 25 MB and one byte more, with a length and in chunks.


def chunks(*sizes, filling=b" "):
    return b"".join(b"%x\r\n%s\r\n" % (size, filling * size) for size in sizes) + b"0\r\n\r\n"


def padded(size):
    return JSON + b" " * (size - len(JSON))


def test_25_megabytes_are_taken_and_not_a_byte_more(server):
    assert post(server, padded(25 * MB), "application/json").status == 200
    answer = post(server, padded(25 * MB + 1), "application/json")
    assert (answer.status, answer.fault) == (413, "too_large")
    head = {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}
    first = b"%x\r\n%s\r\n" % (len(JSON), JSON)
    rest = 25 * MB - len(JSON)
    whole = first + chunks(*[MB] * (rest // MB), rest % MB)
    assert server.invoke(whole, **head).status == 200
    assert server.invoke(first + chunks(*[MB] * 25), **head).fault == "too_large"


def test_who_sends_no_end_is_cut_off(server):
    """Somewhat more than the limit is read before the refusal, so that the honest can read it."""
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", Content_Length=10**15))
        try:
            for _ in range(200):
                wire.send(bytes(MB))
        except (BrokenPipeError, ConnectionResetError):
            return
    pytest.fail("the server took two hundred megabytes")


def test_who_asks_first_is_told_before_the_body(server):
    asking = {"Content_Type": "application/json", "Expect": "100-continue"}
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", **asking, Content_Length=25 * MB + 1))
        assert wire.answer().fault == "too_large"
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", **asking, Content_Length=len(JSON)))
        assert wire.answer().status == 100
        assert wire.send(JSON).answer().status == 200


@pytest.mark.parametrize("length", ["5\r\nContent-Length: 6", "-1", "5, 6", "0x5", "9" * 30])
def test_lengths_that_make_no_sense(server, length):
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", Content_Length=length), b"MThd")
        assert wire.answer().fault == "bad_http"
        assert wire.is_ended()


def test_what_is_longer_than_its_length_ends_the_connection(server):
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", MIDI), b"\0\xff\x2f\0\r\n\r\n")
        assert wire.answer().status == 200
        assert wire.answer().fault == "bad_http"
        assert wire.is_ended()


@pytest.mark.parametrize(
    "body", [b"5\r\nMThd\r\nzz\r\n", b"zz\r\n", b"-1\r\n\r\n", b"1\r\nM" + b"M" * 100]
)
def test_chunks_that_make_no_sense(server, body):
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", Transfer_Encoding="chunked"), body)
        assert wire.answer().fault == "bad_http"
        assert wire.is_ended()


def test_what_is_wrong_is_told_once_also_where_nobody_reads_bodies(server):
    with server.wire() as wire:
        wire.send(request("POST", "/nothing", b"zz\r\n", Transfer_Encoding="chunked"))
        assert wire.answer().fault == "bad_http"
        assert wire.is_ended()


def test_what_is_wrong_after_an_early_answer_ends_the_connection(server):
    with server.wire() as wire:
        wire.send(request("POST", "/nothing", Transfer_Encoding="chunked"))
        assert wire.answer().status == 404
        wire.send(b"zz\r\n")
        assert wire.is_ended()


def test_a_body_of_crumbs_is_refused(server):
    """A million chunks of a byte would keep the server from all others for seconds."""
    head = request("POST", "/invocations", Transfer_Encoding="chunked")
    with server.wire() as wire:
        wire.send(head, b"1\r\n{\r\n" * 11_000)
        assert wire.answer().fault == "bad_http"
    first = b"1\r\n \r\n" * 9000
    body = first + b"%x\r\n%s\r\n0\r\n\r\n" % (len(JSON), JSON)
    answer = post(server, body, "application/json", Transfer_Encoding="chunked")
    assert answer.status == 200


@pytest.mark.parametrize(
    "part",
    [
        b"POST /invo",
        request("POST", "/invocations", Content_Length=len(MIDI)) + MIDI[:9],
        request("POST", "/invocations", Transfer_Encoding="chunked") + b"5\r\nMT",
        request("POST", "/invocations", Content_Length=9, Expect="100-continue"),
    ],
)
def test_who_hangs_up_in_the_middle_harms_nobody(server, part):
    before = server.log.count("\n")
    with server.wire() as wire:
        wire.send(part)
    assert post(server).status == 200
    assert "ERROR" not in "".join(server.log.splitlines()[before:])


# Connections: kept, pipelined, many.


def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_order(server):
    with server.wire() as wire:
        for seed in (1, 2):
            asked = request("POST", "/invocations", MIDI, **{ATTRIBUTES: f"seed={seed}"})
            wire.send(asked)
            assert wire.answer().headers[ATTRIBUTES.lower()] == f"seed={seed},takes=1"
        wire.send(
            request("POST", "/invocations", MIDI, **{ATTRIBUTES: "seed=3"}),
            request("HEAD", "/ping"),
            request("POST", "/invocations", b"RIFF", Content_Type="audio/midi"),
            request("GET", "/execution-parameters", Connection="close"),
        )
        assert wire.answer().headers[ATTRIBUTES.lower()] == "seed=3,takes=1"
        assert wire.answer(has_body=False).status == 200
        assert wire.answer().status == 400
        assert wire.answer().status == 200
        assert wire.is_ended()


def test_head_has_the_headers_and_no_body(server):
    with server.wire() as wire:
        for path in ("/ping", "/execution-parameters", "/"):
            wire.send(request("HEAD", path), request("GET", path))
            head, whole = wire.answer(has_body=False), wire.answer()
            assert (head.status, len(whole.body)) == (200, int(head.headers["content-length"]))
        wire.send(request("HEAD", "/invocations"))
        assert wire.answer(has_body=False).status == 405


def test_a_java_client_that_offers_http_2_is_answered_by_http_1(server):
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAEAAA"}
    before = server.log
    assert server.ask("GET", "/ping", **offer).status == 200
    assert "Upgrade" not in server.log.removeprefix(before)


def test_idle_connections_make_room_for_ping(server):
    """Far more than are kept: those that have been quiet longest are closed."""
    half = request("POST", "/invocations", Content_Length=1000) + b"MThd"
    wires = []
    try:
        for number in range(700):
            wires.append(server.wire())
            if number % 2:
                wires[-1].send(half)
        assert server.ask("GET", "/ping").status == 200
        assert post(server).status == 200
        assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 600  # noqa: PTH208
        assert wires[0].is_ended()
    finally:
        for wire in wires:
            wire.close()


# Headers.


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "audio/midi"),
        ({"Accept": "*/*"}, "audio/midi"),
        ({"Accept": ""}, "audio/midi"),
        ({"Accept": "application/json;q=0.5, audio/*;q=0.4"}, "application/json"),
        ({"Accept": "audio/midi;q=0, */*;q=0.1"}, "application/json"),
        ({"Accept": "text/html, application/x-npy;q=0.001"}, "application/x-npy"),
        ({"Accept": "text/html\r\nAccept: image/png"}, "image/png"),
        ({"Accept": "Application/JSON; charset=utf-8"}, "application/json"),
        ({"Accept": "x" * 1012 + "/x, */*;q=1"}, "audio/midi"),
    ],
)
def test_accept(server, headers, kind):
    answer = post(server, **headers)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, MIDI),
        (None, JSON),
        ("", MIDI),
        ("application/octet-stream", JSON),
        ("application/json; charset=utf-8", JSON),
        ("APPLICATION/JSON;charset=UTF-8", JSON),
        ("audio/x-midi; x=y", MIDI),
    ],
)
def test_content_type(server, content_type, body):
    answer = post(server, body, content_type, Accept="audio/midi")
    assert answer.status == 200
    assert read_midi(answer.body).tracks[0] == melody("twinkle").tracks[0]


def test_arrays_travel_whole(server):
    file = io.BytesIO()
    np.save(file, np.eye(128, dtype=bool)[None, 60:92])
    answer = post(server, file.getvalue(), "application/x-npy")
    assert np.load(io.BytesIO(answer.body)).shape == (1, 32, 128, 4)


def test_custom_attributes_and_inference_id_come_back(server):
    answer = post(server, **{ATTRIBUTES: "seed=7,takes=2", IDENTITY: "order 66; a=b"})
    assert answer.headers[ATTRIBUTES.lower()] == "seed=7,takes=2"
    assert answer.headers[IDENTITY.lower()] == "order 66; a=b"
    bare = post(server)
    assert IDENTITY.lower() not in bare.headers
    assert bare.headers[ATTRIBUTES.lower()] == "seed=0,takes=1"
    failed = post(server, b"RIFF", **{IDENTITY: "x"})
    assert (failed.fault, failed.headers[IDENTITY.lower()]) == ("not_midi", "x")


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        ("i" * 64, "i" * 64),
        ("i" * 1000, "i" * 64),
        ("a\x01\x1b[31m\x7f\xe4b", "a[31mb"),
        ("a\r\n Set-Cookie: x=1", "a Set-Cookie: x=1"),  # a folded line is one value
        ("a\t b", "a b"),
    ],
)
def test_an_inference_id_carries_nothing_but_itself(server, sent, back):
    answer = post(server, **{IDENTITY: sent})
    assert answer.headers[IDENTITY.lower()] == back
    assert "set-cookie" not in answer.headers


def test_custom_attributes_carry_nothing_but_themselves(server):
    warned = json.loads(JSON)
    warned |= {"instruments": ["flute"], "tempo_bpm": 90}
    body = json.dumps(warned).encode()
    answer = post(server, body, "application/json", **{ATTRIBUTES: "seed=1,instruments=oboe"})
    attributes = answer.headers[ATTRIBUTES.lower()]
    assert attributes.startswith("seed=1,takes=1,warnings=")
    assert attributes.isascii()
    assert attributes.count(",") == 2
    hostile = "seed=1,x\x01\x1b\xe4=" + "y" * 950
    assert post(server, **{ATTRIBUTES: hostile}).fault == "bad_parameters"
    assert post(server, **{ATTRIBUTES: "seed=1" + "," * 1018}).status == 200  # 1,024 characters


def test_it_listens_on_its_port_and_on_no_other(server):
    inodes = set()
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        name = os.fspath(descriptor.readlink())
        if name.startswith("socket:"):
            inodes.add(name[8:-1])
    listening = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{server.process.pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes and (words[3] == "0A" or table.startswith("udp")):
                listening.append(int(words[1].rpartition(":")[2], 16))
    assert listening == [server.port]
