"""CloudWatch's lines in `log.txt`: each once, none lost, whoever was killed in between."""

from datetime import timedelta

import boto3
import pytest

from launcher.aws.logs import GROUP, Place, bring_log
from tests.aws.fixtures import REGION, TRAINING
from tests.aws.stored import write_log
from tests.launcher.aws.team import jobs_in, team, train

__all__ = ["team"]

LATER = timedelta(minutes=10)


@pytest.fixture
def record(team, root, data):
    """A job that has printed nothing yet."""
    team.script_job(["InProgress/Training"])
    assert train(root, data, "--no-wait").returncode == 0
    return team.sagemaker.get(TRAINING, "mine")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


def bring(log, place):
    client = boto3.client("logs", region_name=REGION)
    return bring_log(client, GROUP, "mine", log, place, "2026-11-21T12:00:00.000Z")


def test_there_may_be_no_log_yet(record, log):
    place = bring(log, Place())
    assert (place.size, place.tokens, log.read_text()) == (0, {}, "")
    assert Place.parse(place.write()) == place


def test_lines_come_once_and_in_the_order_of_the_starts(record, log):
    write_log(TRAINING, record, ["one", "two\n"])
    place = bring(log, Place())
    assert log.read_text() == "one\ntwo\n"
    assert bring(log, place) == place  # nothing new
    record.created += LATER  # the second start has a stream of its own
    write_log(TRAINING, record, ["four"])
    record.created -= LATER
    write_log(TRAINING, record, ["three"])
    place = bring(log, Place.parse(place.write()))
    assert log.read_text() == "one\ntwo\nthree\nfour\n"
    assert place.size == len(log.read_bytes())
    assert len(place.tokens) == 2


def test_what_a_killed_reader_wrote_is_not_doubled(record, log):
    write_log(TRAINING, record, ["one"])
    place = bring(log, Place())
    write_log(TRAINING, record, ["two", "three"])
    bring(log, place)  # it dies before it has kept the place
    with log.open("a") as file:
        file.write("thr")
    place = bring(log, place)
    assert log.read_text() == "one\ntwo\nthree\n"


@pytest.mark.parametrize("loss", [lambda log: log.unlink(), lambda log: log.write_text("on")])
def test_a_lost_log_file_is_brought_again(record, log, loss):
    write_log(TRAINING, record, ["one"])
    place = bring(log, Place())
    loss(log)
    assert bring(log, place) == place
    assert log.read_text() == "one\n"


def test_other_jobs_logs_are_theirs(record, log, team, root, data):
    assert train(root, data, "--no-wait", name="mine-2").returncode == 0
    write_log(TRAINING, team.sagemaker.get(TRAINING, "mine-2"), ["of the other"])
    write_log(TRAINING, record, ["mine"])
    bring(log, Place())
    assert log.read_text() == "mine\n"


def test_a_log_of_many_pages(record, log, monkeypatch):
    lines = [f"line {number}" for number in range(10_050)]  # a page has 10,000 at most
    write_log(TRAINING, record, lines)
    bring(log, Place())
    assert log.read_text().splitlines() == lines


def test_two_commands_at_once_do_not_mix(record, root):
    from launcher.drafts import exclusive

    write_log(TRAINING, record, ["one"])
    with exclusive(root / "mine"):
        job = jobs_in(root).find("mine")
    assert job.status == "InProgress"
    assert job.log.read_text() == ""
    assert jobs_in(root).find("mine").log.read_text() == "one\n"
