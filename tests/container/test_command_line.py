"""The forms in which the container is started (CONTRACT: start of the container)."""

import pytest

from container.command_line import Command, parse, parse_options
from container.errors import UsageError


@pytest.mark.parametrize("configured", [True, False])
def test_verbs(configured):
    assert parse(["train"], configured=configured) == Command("train")
    assert parse(["serve"], configured=configured) == Command("serve")
    assert parse(["train", "--help"], configured=configured) == Command("help")


def test_a_configured_job_needs_no_verb():
    assert parse([], configured=True) == Command("train")
    assert parse(["--epochs", "1"], configured=True) == Command("train", {"epochs": "1"})


@pytest.mark.parametrize("arguments", [[], ["--epochs", "1"]])
def test_without_a_configuration_it_does(arguments):
    with pytest.raises(UsageError, match="verb"):
        parse(arguments, configured=False)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--batch-size", "8", "--seed=3"], {"batch_size": "8", "seed": "3"}),
        (["--seed", "-1"], {"seed": "-1"}),
        (["--seed="], {"seed": ""}),
        (["--progress_s3_uri=s3://a/b=c"], {"progress_s3_uri": "s3://a/b=c"}),
        (["--seed", "1", "--seed", "2"], {"seed": "2"}),
    ],
)
def test_options(words, options):
    assert parse_options(words) == options


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["play"], "'play' is unknown"),
        (["train", "hard"], "'hard' is no option"),
        (["train", "-e", "1"], "'-e' is no option"),
        (["train", "--epoch", "1"], "did you mean `epochs`"),
        (["train", "--epochs"], "--epochs has no value"),
        (["train", "--epochs", "--seed", "1"], "--epochs has no value"),
        (["serve", "--port", "80"], "takes no arguments"),
    ],
)
def test_refuses_what_it_does_not_know(arguments, match):
    with pytest.raises(UsageError, match=match):
        parse(arguments, configured=True)
