import pytest

from container.media import ANSWERS, JSON, LINES, MIDI, NPY, PNG, body_type, choose_answer


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("audio/midi", MIDI),
        ("audio/x-midi", MIDI),
        ("audio/mid", MIDI),
        ("AUDIO/MIDI", MIDI),
        ("application/json; charset=utf-8", JSON),
        ("application/json;charset=utf-8", JSON),
        ("application/x-npy", NPY),
        ("application/jsonlines", LINES),
        ("application/x-ndjson", LINES),
        ("text/csv", None),
        ("application/x-www-form-urlencoded", None),
        ("image/png", None),
        ("audio", None),
        ("*/*", None),
    ],
)
def test_the_header_names_the_body(header, kind):
    assert body_type(header, b"MThd") == kind


@pytest.mark.parametrize("header", [None, "", "application/octet-stream", " ; charset=utf-8"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"MThd\0", MIDI), (b"\x93NUMPY", NPY), (b' \n{"midi"', JSON), (b"[1]", None), (b"", None)],
)
def test_without_a_header_the_body_tells(header, body, kind):
    assert body_type(header, body) == kind


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, MIDI),
        ("", MIDI),
        ("*/*", MIDI),
        ("audio/*", MIDI),
        ("audio/x-midi", MIDI),
        ("application/json", JSON),
        ("application/*", JSON),
        ("image/*", PNG),
        ("application/json;q=0.5, image/png", PNG),
        ("application/json;q=0.5, image/png;q=0.4", JSON),
        ("image/png, application/json", JSON),  # of equals the first offer
        ("audio/midi;q=0, */*;q=0.1", JSON),
        ("*/*;q=0.9, application/x-npy", NPY),
        ("application/*;q=0.9, application/json;q=0, image/png;q=0.5", NPY),
        ("text/html, application/xhtml+xml, */*;q=0.8", MIDI),
        ("application/json; charset=utf-8; Q=1", JSON),
        ("application/json; q = 1", JSON),
        ("rubbish, image/png", PNG),
        ("audio/midi;q=2, image/png", PNG),
        ("audio/midi;q=high, image/png", PNG),
        ("text/html", None),
        ("audio/wav", None),
        ("*/*;q=0", None),
        (";;;,,,", None),
        ("application/json;q=nan", None),
    ],
)
def test_what_the_caller_accepts(accept, kind):
    assert choose_answer(accept, ANSWERS[MIDI]) == kind


def test_json_is_answered_with_json_by_default():
    assert choose_answer("*/*", ANSWERS[JSON]) == JSON
