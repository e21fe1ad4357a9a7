"""Metric lines: what is printed is what SageMaker's search and the launcher find."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metric_lines import METRIC_DEFINITIONS, METRIC_NAMES, format_line, parse_line

VALUES = {
    "critic_loss": -3.1412345,
    "iteration": 120,
    "generator_loss": 1e-05,
    "gradient_penalty": 0.0,
    "iterations_per_second": 8.125,
    "headline": -61.25,
    "reconstruction_loss": 1.5e20,
    "kl": 7.0,
    "diversity": 0.4444444444,
}


def test_line():
    values = {"critic_loss": -3.1412345, "iteration": 120.0, "kl": 1e-05}
    assert format_line(values) == "iteration=120; critic_loss=-3.14123; kl=1e-05;"


def test_each_definition_finds_exactly_its_value():
    line = format_line(VALUES)
    assert {name for name, _ in METRIC_DEFINITIONS} == set(VALUES)
    for name, regex in METRIC_DEFINITIONS:
        (found,) = re.findall(regex, line)
        assert float(found) == pytest.approx(VALUES[name], rel=1e-5)


def test_definitions_keep_the_platforms_limits():
    assert len(METRIC_DEFINITIONS) <= 40
    assert all(len(name) <= 255 and len(regex) <= 500 for name, regex in METRIC_DEFINITIONS)
    assert all(re.compile(regex).groups == 1 for _, regex in METRIC_DEFINITIONS)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_flagged_and_never_found(value):
    line = format_line({"iteration": 3, "critic_loss": value, "headline": 2.5})
    assert line == "iteration=3; critic_loss_is_finite=0; headline=2.5;"
    found = {name: re.findall(regex, line) for name, regex in METRIC_DEFINITIONS}
    assert found["critic_loss"] == []
    assert found["headline"] == ["2.5"]
    assert math.isnan(parse_line(line)["critic_loss"])


@given(st.dictionaries(st.sampled_from(METRIC_NAMES[1:]), st.floats(allow_nan=False)))
def test_parse_reads_what_format_writes(values):
    parsed = parse_line(format_line({"iteration": 1_234_567, **values}) + "\n")
    assert parsed.pop("iteration") == 1_234_567
    assert parsed.keys() == values.keys()
    for name, value in values.items():
        wanted = value if math.isfinite(value) else math.nan
        assert parsed[name] == pytest.approx(wanted, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Training on 2972 phrases.",
        "seed=3; batch_size=24;",
        "iteration=3",
        "iteration=three;",
        "at iteration=3; kl=1;",
        "iteration=3; kl=1; and more",
        "iteration=3;kl=1;",
    ],
)
def test_other_lines_are_left_alone(line):
    assert parse_line(line) is None


@pytest.mark.parametrize(
    "values", [{"kl": 1.0}, {"iteration": 1, "a b": 1.0}, {"iteration": 1, "": 0}]
)
def test_refuses_names_that_could_not_be_found_again(values):
    with pytest.raises(ValueError, match="A metric"):
        format_line(values)
