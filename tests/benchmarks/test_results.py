"""Goals, medians and the page that tells them."""

import pytest

from benchmarks.page import format_value, render_page
from benchmarks.results import Chart, Curve, Goal, Number, Section, median


@pytest.mark.parametrize(
    ("goal", "value", "holds"),
    [
        (Goal(1.4, at_least=True), 1.4, True),
        (Goal(1.4, at_least=True), 1.39, False),
        (Goal(12), 12, True),
        (Goal(12), 12.1, False),
        (None, 5, None),
    ],
)
def test_a_goal_includes_its_limit(goal, value, holds):
    assert Number("n", value, "ms", goal).holds is holds


def test_the_median_tells_how_far_rounds_lie_apart():
    number = median("n", [3.0, 1.0, 9.0, 2.0], "ms", key="k")
    assert (number.value, number.lowest, number.highest, number.rounds) == (2.5, 1.0, 9.0, 4)
    assert number.key == "k"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (0.9996, "1.00"),
        (1.4349, "1.43"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (-2.5, "-2.50"),
        (float("inf"), "never"),
    ],
)
def test_three_digits_count(value, text):
    assert format_value(value) == text


def results(*numbers, remarks=()):
    chart = Chart("t", "x", "y", (Curve("c", ((1, 2), (3, 4))),), "x")
    section = Section("Serving", "How.", numbers, (chart,), remarks)
    return {
        "date": "2026-01-02",
        "quick": False,
        "machine": {"processor": "A"},
        "seconds": {"serving": 90.0, "load": 60.0},
        "sections": {"serving": section.as_dict()},
    }


def test_the_page_puts_each_number_beside_its_goal():
    page = render_page(
        results(
            median("p50", [7.0, 7.2, 6.8], "ms", Goal(12)),
            Number("ratio", 1.39, "times", Goal(1.4, at_least=True)),
            Number("share", 2.5, "%"),
            remarks=("No torch here.",),
        )
    )
    assert "| p50 | 7.00 ms | 6.80 to 7.20, 3 rounds | ≤ 12.0 ms | holds |" in page
    assert "| ratio | 1.39 times |  | ≥ 1.40 times | **missed** |" in page
    assert "| share | 2.50% |  |  |  |" in page
    assert "**1 of 2 goals hold.** Missed: ratio." in page
    assert "in 2.50 minutes" in page
    assert "\nNo torch here.\n" in page
