import json

import pytest

from container.faults import describe_fault, error_response
from container.responses import attributes, without_repetitions


@pytest.mark.parametrize("text", ["x" * 10_000, "♪" * 10_000, "\x00" * 10_000, '"' * 10_000])
def test_errors_stay_below_what_the_platform_passes_on(text):
    response = error_response(400, "code", text, text)
    assert len(response.body) < 2048
    assert set(json.loads(response.body)) == {"error", "message", "hint"}
    assert response.media_type == "application/json"


def test_short_errors_are_whole():
    assert describe_fault("code", "Ein Lied ♪.", "Cure.") == {
        "error": "code",
        "message": "Ein Lied ♪.",
        "hint": "Cure.",
    }


def test_attributes():
    assert attributes(7, 2, []) == "seed=7,takes=2"
    assert attributes(7, 1, ["One, two.", "Three\n♪."]) == (
        "seed=7,takes=1,warnings=One; two. Three ?."
    )


def test_attributes_are_short_ascii():
    header = attributes(7, 1, ["♪" * 5000 + "\r\n\x00"])
    assert len(header) == 1024
    assert header.isascii()
    assert header.isprintable()
    assert header.endswith("...")


def test_repetitions():
    assert without_repetitions(["b", "a", "b"]) == ["b", "a"]
