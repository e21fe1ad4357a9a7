import json
import tomllib
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from launcher.aws import prices
from launcher.setup_commands import prices_command, setup_command
from tests.infra.account import empty_account, know_nothing

REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """The working folder."""
    monkeypatch.setattr(prices, "user_file", lambda: tmp_path / "prices.json")
    return know_nothing(monkeypatch, tmp_path)


def run(command, *words):
    done = CliRunner().invoke(command, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_dry_run_prints_the_template_and_its_parameters_without_an_account(here):
    done = run(setup_command, "--dry-run", "--stack", "choir", "--run-days", "30")
    assert done.exit_code == 0
    head, _, template = done.stdout.partition("\n# What Accompanist needs")
    assert head.startswith("# Stack choir in a region that is not said yet\n")
    assert "\n# RunDays: 30\n" in head
    assert f"\n# Version: {version('accompanist')}\n" in head
    assert template.endswith("Value: !Ref BuildProject\n")
    assert list(here.iterdir()) == []


def test_a_dry_run_for_scripts_can_be_deployed_by_them():
    planned = json.loads(run(setup_command, "--dry-run", "--region", REGION, "--json").stdout)
    assert (planned["stack"], planned["region"]) == ("accompanist", REGION)
    assert planned["parameters"] == {"Version": version("accompanist")}
    assert "AWSTemplateFormatVersion" in planned["template"]


def test_without_credentials_the_cure_is_said(here):
    done = run(setup_command, "--region", REGION)
    assert done.exit_code == 1
    assert "there are no AWS credentials" in done.stderr
    assert "`aws configure`" in done.stderr
    assert list(here.iterdir()) == []


def test_it_ends_with_what_to_do_next(here):
    with empty_account():
        done = run(setup_command, "--region", REGION)
    assert done.exit_code == 0
    written = tomllib.loads((here / "accompanist.toml").read_text())["aws"]
    shown = done.stdout
    assert "Wrote accompanist.toml" in shown
    assert "arn:aws:iam::123456789012:policy/accompanist-EndpointPolicy-" in shown
    for name in ("image", "serve_image"):
        assert f"\n  docker push {written[name]}\n" in shown
    assert f"s3://{written['bucket']}/source/accompanist.zip\n" in shown
    assert shown.splitlines()[-1].endswith("launcher.train --instance ml.c5.4xlarge")


def test_prices_are_listed_with_their_date_and_the_way_to_more():
    shown = run(prices_command).stdout
    (row,) = (line for line in shown.splitlines() if line.startswith("ml.c5.4xlarge"))
    assert row.split() == ["ml.c5.4xlarge", "0.816", "0.816"]
    (row,) = (line for line in shown.splitlines() if line.startswith("ml.m5.xlarge"))
    assert row.split() == ["ml.m5.xlarge", "0.23"]  # of training no price is known
    assert "Training: prices of 2026-09-25, AWS Price List" in shown
    assert "launcher.prices --region us-east-1 --refresh" in shown


def test_a_region_without_prices_is_no_fault():
    done = run(prices_command, "--region", "eu-west-3")
    assert done.exit_code == 0
    assert done.stdout.startswith("No prices are known in eu-west-3.\n")
    assert json.loads(run(prices_command, "--region", "eu-west-3", "--json").stdout) == {
        "region": "eu-west-3"
    }
