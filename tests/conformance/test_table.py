import json

import pytest

from tests.conformance.table import MARKER, judge

NAME, PLACE = "tests/test_x.py::test", ("test_x.py", 1, "test")


def report(numbers, outcome, *, instead=None, when="call"):
    why = {"skipped": ("test_x.py", 1, "Skipped: no engine"), "failed": "boom"}.get(outcome)
    told = [(MARKER, json.dumps([numbers, instead])), ("other", "x")]
    return pytest.TestReport(
        "tests/test_x.py::test", PLACE, {}, outcome, why, when, (), 0, 0, 0, told
    )


def test_one_failure_outweighs_what_holds_and_is_named():
    verdicts = judge([report(["T-01", "T-02"], "passed"), report(["T-02"], "failed")])
    assert verdicts == {"T-01": ("holds", ""), "T-02": ("FAILS", "test_x.py::test")}


def test_what_failed_before_or_after_its_test_fails():
    around = [report(["T-01"], "passed"), report(["T-01"], "failed", when="teardown")]
    assert judge(around)["T-01"][0] == "FAILS"
    assert judge(reversed(around))["T-01"][0] == "FAILS"


def test_a_setup_alone_proves_nothing():
    assert judge([report(["T-01"], "passed", when="setup")])["T-01"][0] == "not tested"


def test_what_does_not_apply_has_a_reason_only_where_its_stand_in_holds():
    refusal = report(["T-19"], "passed", instead="one host")
    assert judge([refusal]) == {"T-19": ("not applicable", "one host")}
    assert judge([report(["T-19"], "failed", instead="one host")])["T-19"][0] == "FAILS"
    assert judge([report(["I-01"], "skipped")]) == {"I-01": ("not applicable", "no engine")}
