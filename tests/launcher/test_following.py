from dataclasses import replace

import pytest

from launcher.following import follow, last_lines, last_metrics
from tests.launcher.test_records import a_job


class Jobs:
    """A job that goes on a little each time somebody looks at it."""

    def __init__(self, job, *steps):
        self.job = job
        self.steps = list(steps)
        job.log.write_bytes(b"of an earlier attempt\n")

    poll_s = 0

    def find(self, name):
        assert name == str(self.job.folder)
        if self.steps:
            status, secondary, text = self.steps.pop(0)
            with self.job.log.open("ab") as log:
                log.write(text)
            self.job = replace(self.job, status=status, secondary_status=secondary)
        return self.job


@pytest.fixture
def job(tmp_path):
    return a_job(tmp_path / "job", log_offset=len("of an earlier attempt\n"))


def events(jobs, **options):
    return [
        event if isinstance(event, str) else event.secondary_status
        for event in follow(jobs, jobs.job, **options)
    ]


def test_states_and_whole_lines_in_their_order(job):
    jobs = Jobs(
        job,
        ("InProgress", "Training", b"one\nhal"),
        ("InProgress", "Training", b"f a line\r\n\xc3"),
        ("InProgress", "Training", b"\xa4\n\n"),
        ("InProgress", "Uploading", b"bad \xff\nrest"),
        ("Completed", "Completed", b" of it"),
    )
    assert events(jobs) == [
        "Training",
        "one",
        "half a line",
        "ä",
        "",
        "Uploading",
        "bad \ufffd",
        "rest of it",
        "Completed",
    ]


def test_the_caller_can_break_off_while_waiting(job):
    def leave():
        raise KeyboardInterrupt

    jobs = Jobs(job, ("InProgress", "Training", b"one\n"))
    with pytest.raises(KeyboardInterrupt):
        events(jobs, on_wait=leave)


def test_a_status_that_nobody_has_heard_of_is_followed_to_its_end(job):
    jobs = Jobs(job, ("Resting", "Melting", b""), ("Deleting", "Gone", b""))
    assert events(jobs) == ["Melting", "Gone"]


def test_the_end_and_the_newest_metrics_of_an_attempt(job):
    job.log.write_bytes(
        b"of an earlier attempt\n"
        b"iteration=1; headline=40; kl=2;\nwords\niteration=2; headline_is_finite=0;\nend"
    )
    assert last_lines(job, 2) == ["iteration=2; headline_is_finite=0;", "end"]
    metrics = last_metrics(job)
    assert (metrics["iteration"], metrics["kl"]) == (2, 2)
    assert metrics["headline"] != metrics["headline"]


def test_a_headline_that_comes_late_is_no_step_back(job):
    job.log.write_bytes(b"of an earlier attempt\niteration=9; kl=2;\niteration=8; headline=40;\n")
    assert last_metrics(job) == {"iteration": 9, "kl": 2, "headline": 40}
