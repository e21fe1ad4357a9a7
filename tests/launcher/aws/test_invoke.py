"""Asking endpoints in SageMaker: at once and through S3, and all that they may refuse."""

import json

import pytest

from launcher import endpoints as places
from launcher.aws import asking
from launcher.errors import LauncherError
from tests.aws.fixtures import BUCKET, ENDPOINT
from tests.aws.lifecycles import step
from tests.launcher.aws.serving import archive, deploy, endpoints, no_pauses, root

REFUSAL = {"error": "no_notes", "message": "The melody has no notes.", "hint": "Send some."}

__all__ = ["archive", "no_pauses", "root"]


def answering(status, content):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda *_: (status, {"Content-Type": "application/json"}, body)


@pytest.fixture
def served(aws, root, archive):
    return deploy(root, archive)


@pytest.fixture
def later(aws, root, archive):
    return deploy(root, archive, asynchronous=True)


def test_json_goes_there_and_back(aws, root, served):
    seen = []

    def answer(name, headers, body):
        seen.append((name, headers["content-type"], headers["accept"], body))
        return 200, {"Content-Type": "application/json"}, b'{"takes": []}'

    aws.runtime.container = answer
    assert endpoints(root).ask(served, b'{"midi": ""}') == b'{"takes": []}'
    assert seen == [("choir", "application/json", "application/json", b'{"midi": ""}')]


def test_what_the_model_refuses_comes_in_its_own_words(aws, root, served):
    aws.runtime.container = answering(400, REFUSAL)
    with pytest.raises(LauncherError) as caught:
        endpoints(root).ask(served, b"{}")
    fault = caught.value
    assert (fault.code, fault.message, fault.hint) == tuple(REFUSAL.values())


def test_what_is_no_answer_of_ours_is_told_as_well_as_it_can_be(aws, root, served):
    aws.runtime.container = answering(502, b"<html>Bad gateway</html>")
    with pytest.raises(LauncherError) as caught:
        endpoints(root).ask(served, b"{}")
    assert caught.value.code == "endpoint_error"
    assert caught.value.message == "The endpoint choir answered with the HTTP status 502."


@pytest.mark.parametrize(
    ("said", "instance", "most"),
    [({}, "ml.m5.large", 6_291_456), ({"serverless": True}, "ml", 4_194_304)],
)
def test_what_is_too_large_is_not_sent(aws, root, archive, said, instance, most):
    found = deploy(root, archive, instance=instance, **said)
    assert len(endpoints(root).ask(found, b"x" * most)) == most
    with pytest.raises(LauncherError, match=f"takes {most}") as caught:
        endpoints(root).ask(found, b"x" * (most + 1))
    assert caught.value.code == "too_large"
    assert "--asynchronous" in caught.value.hint
    assert len(aws.asked("InvokeEndpoint")) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException"])
def test_an_endpoint_without_room_is_asked_again(aws, root, served, code):
    aws.fail_next("InvokeEndpoint", code=code, times=2, status=429)
    assert endpoints(root).ask(served, b"{}") == b"{}"


def test_and_told_of_when_it_stays_so(aws, root, served):
    aws.fail_next("InvokeEndpoint", code="ModelNotReadyException", times=99, status=429)
    with pytest.raises(LauncherError, match="had no room for the request") as caught:
        endpoints(root).ask(served, b"{}")
    assert caught.value.code == "not_ready"
    assert len(aws.asked("InvokeEndpoint")) == len(asking.RETRY_S) + 1


@pytest.mark.parametrize("action", ["s3:PutObject", "InvokeEndpointAsync"])
def test_what_may_not_be_asked_is_told(aws, root, later, action):
    aws.deny(action)
    with pytest.raises(LauncherError) as caught:
        endpoints(root).ask(later, b"{}")
    assert caught.value.code == "forbidden"


def test_an_endpoint_that_is_gone_meanwhile_is_told_of(aws, root, served):
    del aws.sagemaker.records["us-east-1", "Endpoint", "choir"]
    with pytest.raises(LauncherError, match="no endpoint choir in service") as caught:
        endpoints(root).ask(served, b"{}")
    assert caught.value.code == "no_such_endpoint"


def test_an_asynchronous_endpoint_is_asked_through_s3(aws, root, later):
    assert later.remote.kind == "asynchronous"
    bodies = []

    def answer(_name, headers, body):
        bodies.append((headers["x-amzn-sagemaker-content-type"], body))
        return 200, {}, b'{"takes": []}'

    aws.runtime.container = answer
    large = b"{" + b" " * 7_000_000 + b"}"  # more than a real-time endpoint takes
    assert endpoints(root).ask(later, large) == b'{"takes": []}'
    [(kind, body)] = bodies
    assert (kind, body) == ("application/json", large)
    [call] = aws.asked("InvokeEndpointAsync")
    assert call["InputLocation"].startswith(f"s3://{BUCKET}/accompanist/async/choir/input/")


def test_an_answer_through_s3_is_waited_for(aws, root, later, monkeypatch):
    place = f"s3://{BUCKET}/accompanist/async/choir/output/1.out"
    late = {"OutputLocation": place, "FailureLocation": f"{place}-error"}
    looks = []

    def sleep(_seconds):
        looks.append(1)
        if len(looks) == 3:
            aws.write(place, b'{"takes": []}')

    target = endpoints(root)
    runtime = target.connection.client("sagemaker-runtime")
    monkeypatch.setattr(runtime, "invoke_endpoint_async", lambda **_: late)
    monkeypatch.setattr(asking.time, "sleep", sleep)
    assert target.ask(later, b"{}") == b'{"takes": []}'
    assert len(looks) == 3


def test_an_answer_that_never_comes_is_told_with_its_place(aws, root, later, monkeypatch):
    place = f"s3://{BUCKET}/accompanist/async/choir/output/1.out"
    late = {"OutputLocation": place, "FailureLocation": f"{place}-error"}
    target = endpoints(root)
    runtime = target.connection.client("sagemaker-runtime")
    monkeypatch.setattr(runtime, "invoke_endpoint_async", lambda **_: late)
    monkeypatch.setattr(asking, "PATIENCE_S", 0)
    with pytest.raises(LauncherError) as caught:
        target.ask(later, b"{}")
    assert caught.value.code == "no_answer_yet"
    assert place in caught.value.hint


@pytest.mark.parametrize(
    "wrapped",
    ["{}", 'Received client error (400) from primary with message "{}". See the log for more.'],
)
def test_a_refusal_through_s3_comes_in_the_models_words(aws, root, later, wrapped):
    said = wrapped.replace("{}", json.dumps(REFUSAL))
    aws.runtime.container = answering(400, said.encode())
    with pytest.raises(LauncherError) as caught:
        endpoints(root).ask(later, b"{}")
    assert caught.value.code == "no_notes"
    assert caught.value.hint == "Send some."


def test_a_failure_through_s3_in_other_words_is_shown(aws, root, later):
    aws.runtime.container = answering(500, b"Worker died.")
    with pytest.raises(LauncherError) as caught:
        endpoints(root).ask(later, b"{}")
    assert caught.value.message == "The endpoint choir could not answer: Worker died."


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("Creating", "endpoint_not_ready", "is still being created"),
        ("Failed", "endpoint_failed", "does not run: its state is Failed"),
        ("Deleting", "endpoint_failed", "does not run: its state is Deleting"),
    ],
)
def test_an_endpoint_that_does_not_run_is_told_of(
    aws, root, served, monkeypatch, status, code, words
):
    monkeypatch.setattr(places, "home_of_endpoint", lambda *_: _Home(root))
    aws.sagemaker.get(ENDPOINT, "choir").step = step(status)
    with pytest.raises(LauncherError, match=words) as caught:
        places.running_endpoint("choir", root)
    assert caught.value.code == code
    if code == "endpoint_failed":
        assert "launcher.deploy --instance ml.m5.large --endpoint choir`" in caught.value.hint


def test_an_endpoint_answers_while_it_is_updated(aws, root, served, monkeypatch):
    monkeypatch.setattr(places, "home_of_endpoint", lambda *_: _Home(root))
    aws.sagemaker.get(ENDPOINT, "choir").step = step("Updating")
    target, found = places.running_endpoint("choir", root)
    assert target.ask(found, b"{}") == b"{}"


class _Home:
    def __init__(self, root):
        self.endpoints = endpoints(root)
