"""What servers in containers answer (I-03, I-05 to I-10, I-12).

docs/sagemaker.md says which tests hold the details.
"""

import json
from contextlib import ExitStack

import pytest

from tests.conformance.servers import JSON, LONG, MIDI, PING_S, QUEUED, TYPE, serving
from tests.container.serving_process import Background, request, seconds

pytestmark = pytest.mark.docker

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
IDENTITY = "X-Amzn-SageMaker-Inference-Id"
MB = 2**20
LINES = {"Content_Type": "application/jsonlines", "Accept": "application/jsonlines"}
DEADLINE_S = 0.1


@pytest.fixture(scope="module")
def server(serve_image, voices_folder):
    with serving(serve_image, voices_folder) as server:
        yield server
        assert "Traceback" not in server.container.log


@pytest.mark.contract("I-03", "I-05")
def test_ping_is_prompt_while_the_model_works_and_requests_queue(server):
    with ExitStack() as stack:
        wires = []
        while (refused := server.invoke(MIDI)).status == 200:  # a place may become free in between
            while not server.is_full():
                assert len(wires) < 1000, "all of them wait, and none is refused"
                wires.append(stack.enter_context(server.begin(QUEUED)))
        assert (refused.status, refused.fault) == (429, "busy")
        assert int(refused.headers["retry-after"]) >= 1
        for wire in wires:
            answer, took = seconds(server.ask, "GET", "/ping")
            assert (answer.status, took < PING_S) == (200, True)
            assert wire.answer().status == 200


@pytest.mark.contract("I-05")
@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("POST", "/invocations", b"RIFF", {"Content_Type": "audio/midi"}, 400, "not_midi"),
        ("GET", "/models", b"", {}, 404, "not_found"),
        ("GET", "/invocations", b"", {}, 405, "method_not_allowed"),
        ("POST", "/invocations", MIDI, {"Accept": "audio/wav"}, 406, "not_acceptable"),
        ("POST", "/invocations", MIDI, {"Content_Type": "x/y"}, 415, "unsupported_media_type"),
    ],
)
def test_every_refusal_says_why_in_json(server, method, path, body, headers, status, code):
    answer = server.ask(method, path, body, **headers)
    assert (answer.status, answer.fault) == (status, code)


@pytest.mark.contract("I-06")
def test_custom_attributes_and_inference_id_come_back(server):
    answer = server.invoke(MIDI, **{ATTRIBUTES: "seed=7,takes=1", IDENTITY: "order 66"})
    assert answer.status == 200
    assert answer.headers[ATTRIBUTES.lower()] == "seed=7,takes=1"
    assert answer.headers[IDENTITY.lower()] == "order 66"
    assert IDENTITY.lower() not in server.invoke(MIDI).headers


@pytest.mark.contract("I-07")
@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "audio/midi"),
        ({"Accept": "*/*"}, "audio/midi"),
        ({"Accept": "application/json;q=0.5, audio/*;q=0.4"}, "application/json"),
        ({"Accept": "application/json; charset=utf-8"}, "application/json"),
        ({"Content_Type": "application/octet-stream"}, "audio/midi"),
    ],
)
def test_accept_and_content_type(server, headers, kind):
    answer = server.invoke(MIDI, **headers)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


@pytest.mark.contract("I-07")
def test_a_charset_does_not_disturb(server):
    answer = server.invoke(JSON, Content_Type="application/json; charset=utf-8")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.contract("I-08")
def test_a_connection_is_kept_through_all_kinds_of_requests(server):
    with server.wire() as wire:
        assert wire.send(request("GET", "/ping")).answer().status == 200
        assert wire.send(request("HEAD", "/ping")).answer(has_body=False).status == 200
        asking = request(
            "POST", "/invocations", **TYPE, Content_Length=len(JSON), Expect="100-continue"
        )
        assert wire.send(asking).answer().status == 100
        assert wire.send(JSON).answer().status == 200
        wire.send(request("POST", "/invocations", **TYPE, Transfer_Encoding="chunked"))
        for piece in (JSON[:100], JSON[100:], b""):
            wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        assert wire.answer().status == 200
        assert wire.send(request("POST", "/ping", Connection="close")).answer().status == 200
        assert wire.is_ended()


@pytest.mark.contract("I-05", "I-09")
def test_25_megabytes_are_taken_and_not_a_byte_more(server):
    whole = JSON + b" " * (25 * MB - len(JSON))
    assert server.invoke(whole, **TYPE).status == 200
    answer = server.invoke(whole + b" ", **TYPE)
    assert (answer.status, answer.fault) == (413, "too_large")


@pytest.mark.contract("I-09")
def test_a_slow_client_keeps_nobody_from_ping(server):
    with server.wire() as wire:
        wire.send(request("POST", "/invocations", **TYPE, Content_Length=len(JSON)), JSON[:9])
        answer, took = seconds(server.ask, "GET", "/ping")
        assert (answer.status, took < PING_S) == (200, True)
        assert wire.send(JSON[9:]).answer().status == 200


@pytest.mark.contract("I-10", "I-05")
def test_the_deadline_cuts_work(serve_image, voices_folder, server):
    assert "is answered within 55 s" in server.container.log
    options = [f"--env=SAGEMAKER_MODEL_SERVER_TIMEOUT={DEADLINE_S}"]
    with serving(serve_image, voices_folder, options=options) as hasty:
        answer = hasty.invoke(LONG, **TYPE)
        assert (answer.status, answer.fault) == (504, "deadline")
        with hasty.wire() as wire:
            wire.send(request("POST", "/invocations", Content_Length=9), b"MThd")
            answer = wire.answer()
            assert (answer.status, answer.fault) == (408, "slow_body")
        assert hasty.ping() == 200


@pytest.mark.contract("I-12")
def test_a_batch_has_a_line_for_a_line_and_as_many_at_once_as_offered(serve_image, voices_folder):
    options = ["--env=SAGEMAKER_BATCH=true", "--memory=1g", "--memory-swap=1g"]
    with serving(serve_image, voices_folder, options=options) as server:
        offered = json.loads(server.ask("GET", "/execution-parameters").body)
        callers, payload = offered["MaxConcurrentTransforms"], offered["MaxPayloadInMB"]
        assert callers * payload <= 100
        background = Background()
        for caller in range(callers):
            records = [json.dumps({**json.loads(JSON), "seed": 10 * caller + i}) for i in range(3)]
            body = "\n".join([*records, "no JSON"]).encode() + b"\n"
            body = b" " * (payload * MB - len(body)) + body
            background.start(server.invoke, body, **LINES)
        for caller, answer in enumerate(background.wait()):
            lines = [json.loads(line) for line in answer.body.splitlines()]
            seeds = [line["takes"][0]["seed"] for line in lines[:-1]]
            assert seeds == [10 * caller + i for i in range(3)]
            assert list(lines[-1]) == ["error", "message", "hint"]
        assert server.container.state["OOMKilled"] is False
