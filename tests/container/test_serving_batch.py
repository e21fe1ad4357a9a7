"""`python -m container serve` in batch transform, as SageMaker sets it up there (I-12)."""

import base64
import json

import pytest

from music.melodies import melody
from music.midi import write_midi
from tests.container.serving_process import Background, serving

BASE64 = base64.b64encode(write_midi(melody("twinkle"))).decode()
LINES = {"Content_Type": "application/jsonlines", "Accept": "application/jsonlines"}
MB = 2**20


@pytest.fixture(scope="module")
def server(voices_folder, tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    (base / "model").symlink_to(voices_folder)
    variables = {
        "SAGEMAKER_BATCH": "True",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
        "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
    }
    with serving(base, base, **variables) as server:
        yield server
        assert "Traceback" not in server.log


def test_the_platforms_patience_is_used_and_no_more(server):
    """SageMaker gives an invocation 600 s there."""
    assert "A request may have 6 MB and is answered within 590 s" in server.log


def test_the_payload_that_was_chosen_is_the_limit(server):
    line = json.dumps({"midi": BASE64}).encode()
    longest = line + b" " * (6 * MB - len(line))
    assert server.invoke(longest, **LINES).status == 200
    assert server.invoke(longest + b" ", **LINES).fault == "too_large"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n  "])
def test_one_line_comes_back_for_each(server, end):
    lines = [
        json.dumps({"midi": BASE64, "seed": 3}),
        "no JSON",
        "",
        json.dumps({"notes": [{"pitch": 60, "start": 0, "duration": 4}], "takes": 3, "seed": 5}),
        json.dumps({"midi": BASE64, "seed": 9, "instruments": ["♪\u2028"]}),
        json.dumps({"midi": BASE64, "seed": 4}),
    ]
    answer = server.invoke("\n".join(lines).encode() + end, **LINES)
    assert answer.status == 200
    assert answer.body.endswith(b"}\n")
    told = [json.loads(line) for line in answer.body[:-1].split(b"\n")]
    seeds = [line["takes"][0]["seed"] if "takes" in line else None for line in told]
    assert seeds == [3, None, None, 5, None, 4]


def test_as_many_at_once_as_were_offered(server):
    offered = json.loads(server.ask("GET", "/execution-parameters").body)
    callers, payload = offered["MaxConcurrentTransforms"], offered["MaxPayloadInMB"]
    assert callers * payload <= 100
    assert offered["BatchStrategy"] in ("SINGLE_RECORD", "MULTI_RECORD")
    before = server.status_field("VmHWM")
    background = Background()
    for caller in range(callers):
        records = [json.dumps({"midi": BASE64, "seed": 10 * caller + i}) for i in range(3)]
        body = "\n".join(records).encode()
        body += b" " * (payload * MB - len(body))
        background.start(server.invoke, body, **LINES)
    for caller, answer in enumerate(background.wait()):
        told = [json.loads(line) for line in answer.body.splitlines()]
        assert [line["takes"][0]["seed"] for line in told] == [10 * caller + i for i in range(3)]
    assert (server.status_field("VmHWM") - before) / 1024 < 2 * callers * payload + 50
