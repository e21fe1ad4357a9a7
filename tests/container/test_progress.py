"""Uploads to an S3 of moto's while files are written, and what becomes of them when S3 fails."""

import logging
import random
import socket
import threading
import time

import pytest

from container.progress import Pace, Uploader, uploading
from container.s3_folder import S3Folder
from container.stop import StopFlag
from container.trainer import train
from tests.container.folders import job, phrase_set
from tests.container.s3_server import KEY_ID, SECRET, refusal

QUICK = Pace(every=0.01, first_pause=0.01, longest_pause=0.1, patience=30.0, stopped_patience=30.0)


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.INFO, "container")
    return caplog


def never():
    return False


def make_uploader(s3, folder, pace=QUICK, **environ):
    place = S3Folder(f"s3://{s3.bucket}/runs/", {**s3.environ, **environ})
    return Uploader(folder, place, pace)


def put(folder, name, text):
    """Writes a file as the training does: a draft that is renamed when it is whole."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"draft-{path.name}")
    draft.write_text(text)
    draft.replace(path)


def append(folder, text):
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(text)


def warnings_of(log):
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


def test_files_appear_while_the_run_writes_them(tmp_path, s3, log):
    uploader = make_uploader(s3, tmp_path, TRAINING_JOB_NAME="job-1")
    uploader.start()
    for iteration in (1, 2, 3):
        append(tmp_path, f'{{"iteration": {iteration}}}\n{{"iterat')  # and the run is interrupted
        (tmp_path / "draft-report.html").write_text("half a page")
        name = f"samples/iteration-{iteration:06d}.mid"
        put(tmp_path, name, "MThd")
        s3.wait_until(lambda name=name: f"runs/job-1/{name}" in s3.objects())
        append(tmp_path, f'ion": {iteration}, "headline": 61.5}}\n')
    put(tmp_path, "report.html", "<p>Gut</p>")
    uploader.finish(never)

    assert s3.objects() == {
        "runs/job-1/metrics.jsonl",
        "runs/job-1/report.html",
        *(f"runs/job-1/samples/iteration-00000{number}.mid" for number in (1, 2, 3)),
    }
    assert s3.get("runs/job-1/report.html") == (b"<p>Gut</p>", "text/html; charset=utf-8")
    written = (tmp_path / "metrics.jsonl").read_bytes()
    versions = s3.versions("runs/job-1/metrics.jsonl")
    assert s3.get("runs/job-1/metrics.jsonl")[0] == written
    assert len(versions) > 1
    assert all(written.startswith(each) and each.endswith(b"\n") for each in versions)
    assert warnings_of(log) == []
    assert log.messages[-1] == f"Progress is complete at s3://{s3.bucket}/runs/job-1/, 5 files."


def test_what_has_not_changed_is_not_uploaded_again(tmp_path, s3):
    uploader = make_uploader(s3, tmp_path)
    put(tmp_path, "a.json", "{}")
    uploader.start()
    for name in ("b.json", "c.json", "d.json"):
        put(tmp_path, name, "{}")
        s3.wait_until(lambda name=name: f"runs/{name}" in s3.objects())
    uploader.finish(never)
    assert s3.uploads == 4


def test_what_changes_while_it_is_uploaded_is_uploaded_again(tmp_path, s3):
    put(tmp_path, "report.json", "old")

    def gate(request):
        if request.method == "PUT" and s3.uploads == 1:
            put(tmp_path, "report.json", "new")

    s3.gate = gate
    uploader = make_uploader(s3, tmp_path)
    uploader.start()
    s3.wait_until(lambda: "runs/report.json" in s3.objects())
    uploader.finish(never)
    assert s3.get("runs/report.json") == (b"new", "application/json")


def test_a_busy_s3_is_asked_again_until_all_is_there(tmp_path, s3, log):
    shared = random.getstate()
    s3.gate = lambda request: (
        refusal(503, "SlowDown") if request.method == "PUT" and s3.uploads <= 5 else None
    )
    uploader = make_uploader(s3, tmp_path)
    uploader.start()
    for number in range(5):
        put(tmp_path, f"{number}.json", str(number))
    s3.wait_until(lambda: len(s3.objects()) == 5)
    uploader.finish(never)
    assert [s3.get(f"runs/{number}.json")[0] for number in range(5)] == [
        b"0",
        b"1",
        b"2",
        b"3",
        b"4",
    ]
    assert warnings_of(log) == [
        "Progress is not uploaded for now. S3 is busy or out of order (SlowDown). The upload is "
        "tried again."
    ]
    assert "is complete at" in log.messages[-1]
    assert random.getstate() == shared  # the training has seeded it


def test_what_failed_during_the_run_is_made_up_for_at_its_end(tmp_path, s3, log):
    s3.gate = lambda _: refusal(503, "SlowDown")
    uploader = make_uploader(s3, tmp_path, Pace(every=0.01, first_pause=0.01, longest_pause=3600))
    put(tmp_path, "a.json", "{}")
    uploader.start()
    s3.wait_until(lambda: s3.uploads)
    s3.gate = lambda _: None
    put(tmp_path, "b.json", "{}")
    uploader.finish(never)
    assert s3.objects() == {"runs/a.json", "runs/b.json"}
    assert "is complete at" in log.messages[-1]


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (403, "AccessDenied", "S3 denies the upload to s3://{}/runs (AccessDenied). Allow"),
        (403, "InvalidAccessKeyId", "S3 does not accept the credentials (InvalidAccessKeyId)."),
        (404, "NoSuchBucket", "The bucket of s3://{}/runs does not exist. Make it"),
        (400, "KeyTooLongError", "S3 refuses the upload to s3://{}/runs (KeyTooLongError)."),
    ],
)
def test_what_will_not_pass_is_said_once_and_summed_up(tmp_path, s3, log, status, code, cause):
    s3.gate = lambda _: refusal(status, code, f"Your key {KEY_ID} is wrong.")
    uploader = make_uploader(s3, tmp_path)
    put(tmp_path, "metrics.jsonl", "{}\n")
    put(tmp_path, "samples/1.mid", "MThd")
    uploader.start()
    s3.wait_until(lambda: s3.uploads > 3)
    began = time.monotonic()
    uploader.finish(never)
    assert time.monotonic() - began < QUICK.patience / 2  # waiting would not help
    during, end = warnings_of(log)
    cause = cause.format(s3.bucket)
    assert during.startswith(f"Progress is not uploaded for now. {cause}")
    assert end.startswith(
        f"Progress at s3://{s3.bucket}/runs/ is not complete, missing or old there: "
        f"metrics.jsonl, samples/1.mid. {cause}"
    )
    assert KEY_ID not in log.text
    assert SECRET not in log.text


def test_a_bucket_that_is_not_there_is_named(tmp_path, s3, log):
    s3.bucket = "no-such-bucket"
    uploader = make_uploader(s3, tmp_path)
    put(tmp_path, "report.html", "")
    uploader.start()
    uploader.finish(never)
    assert "The bucket of s3://no-such-bucket/runs does not exist." in log.messages[-1]


def test_no_credentials_and_no_network_are_said_in_a_sentence(tmp_path, s3, log, monkeypatch):
    put(tmp_path, "report.html", "")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    uploader = make_uploader(s3, tmp_path)
    uploader.start()
    uploader.finish(never)
    assert "There are no AWS credentials to upload with." in log.messages[-1]

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        pace = Pace(every=0.01, first_pause=0.01, longest_pause=0.1, stopped_patience=0.0)
        uploader = make_uploader(s3, tmp_path, pace, S3_ENDPOINT_URL=address)
        uploader.start()
        uploader.finish(lambda: "cannot be reached" in log.text)
    assert "S3 cannot be reached (EndpointConnectionError)." in log.messages[-1]


def test_one_file_that_is_denied_keeps_no_other_back(tmp_path, s3, log):
    s3.gate = lambda request: (
        refusal(403, "AccessDenied") if request.path.endswith("a.json") else None
    )
    for name in ("a.json", "b.json", "samples/1.mid"):
        put(tmp_path, name, "")
    uploader = make_uploader(s3, tmp_path)
    uploader.start()
    uploader.finish(never)
    assert s3.objects() == {"runs/b.json", "runs/samples/1.mid"}
    assert "is not complete, missing or old there: a.json. S3 denies" in log.messages[-1]


@pytest.mark.parametrize("moment", ["before the end", "at the end"])
def test_a_stopped_run_does_not_wait_for_an_s3_that_hangs(tmp_path, s3, log, moment):
    released = threading.Event()
    s3.gate = lambda _: released.wait(60) and None
    pace = Pace(every=0.01, patience=20, stopped_patience=0.2)
    uploader = make_uploader(s3, tmp_path, pace)
    uploader.start()
    for number in range(7):  # the run goes on while the first upload hangs
        put(tmp_path, f"{number}.json", "{}")
    s3.wait_until(lambda: s3.uploads)
    answers = iter([True] if moment == "before the end" else [False, False])
    began = time.monotonic()
    uploader.finish(lambda: next(answers, True))
    took = time.monotonic() - began
    released.set()
    assert took < 5
    assert (
        "not complete, missing or old there: 0.json, 1.json, 2.json, 3.json, 4.json and 2 more. "
        "The time for the last files was over." in log.messages[-1]
    )


def test_a_run_that_fails_has_its_last_files_uploaded_too(tmp_path, s3):
    def fail():
        with uploading(f"s3://{s3.bucket}/runs", tmp_path, s3.environ, never):
            append(tmp_path, '{"iteration": 1}\n')
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert s3.objects() == {"runs/metrics.jsonl"}


def test_a_job_uploads_what_its_run_writes(tmp_path, s3, log):
    given = {"progress_s3_uri": f"s3://{s3.bucket}/runs"}
    paths = job(tmp_path, hyperparameters=given, train=phrase_set())
    environ = {**s3.environ, "TRAINING_JOB_NAME": "job-1"}
    code = train(paths, [], StopFlag(), lambda *_: put(paths.output, "report.html", ""), environ)
    assert code == 0
    assert s3.objects() == {"runs/job-1/report.html"}
    assert "is complete at" in log.messages[-1]


def test_pauses_grow_to_a_limit_even_in_a_long_outage(tmp_path, s3):
    uploader = make_uploader(s3, tmp_path, Pace())
    pauses = [uploader._pause(failures) for failures in (0, 1, 4, 6, 7, 5000)]
    assert pauses[:2] == [5.0, 5.0]
    for pause, longest in zip(pauses[2:], [8, 32, 60, 60], strict=True):
        assert longest / 2 <= pause <= longest
