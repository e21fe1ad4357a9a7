"""Jobs in AWS later on, from this machine or another: status, stop, fetch, delete, resume."""

import json

import pytest

from launcher.aws.connection import connect
from launcher.records import Job
from tests.aws.fixtures import BUCKET, TRAINING
from tests.aws.lifecycles import step
from tests.launcher.aws.team import IMAGE, OUTPUT, packed, team, train
from tests.launcher.command_line import run_here

__all__ = ["team"]

RESULTS = {
    "model.tar.gz": packed({"manifest.json": b"{}", "1/saved_model.pb": b"graph"}),
    "output.tar.gz": packed({"report.html": b"<html>", "samples/a.mid": b"MThd"}),
}
GONE = (
    "Deleted the job mine.\n"
    "Its files in S3 are gone, too; SageMaker keeps it in the list of its jobs.\n"
)
DONE = ["InProgress/Training", step("Completed", files=RESULTS, log=["The end."])]


def start(team, root, data, steps=DONE, **others):
    """Starts a job and leaves it to itself."""
    team.script_job(["InProgress/Starting", "InProgress/Starting", *steps])
    assert train(root, data, "--no-wait", **others).returncode == 0


# ---------------------------------------------------------------- status


def test_status_goes_on_where_the_log_stopped_and_asks_no_more_at_the_end(team, root, data):
    first = step("InProgress/Training", log=["one", "iteration=1; headline=41;"])
    start(team, root, data, [first, step("Completed", log=["iteration=2; headline=42;"])])
    shown = run_here("status", "mine", root=root).stdout
    assert "mine: InProgress" in shown
    assert "iteration        1/2" in shown
    assert run_here("status", root=root).stdout.splitlines()[1].split()[-2:] == ["2/2", "42.0"]
    text = (root / "mine" / "log.txt").read_text()
    assert text == "one\niteration=1; headline=41;\niteration=2; headline=42;\n"
    job = Job.read(root / "mine")
    assert job.status == "Completed"
    token = json.loads(job.remote.log_token)
    token["read_at"] = f"2099{job.ended[4:]}"  # as if it had been read long after the end
    record = json.loads((root / "mine" / "job.json").read_text())
    record["remote"]["log_token"] = json.dumps(token)
    (root / "mine" / "job.json").write_text(json.dumps(record))
    calls = len(team.actions())
    assert "mine: Completed" in run_here("status", "mine", root=root).stdout
    assert len(team.actions()) == calls


def test_another_machine_knows_only_the_name(team, root, data, tmp_path):
    first = step("InProgress/Training", log=["one"])
    start(team, root, data, [first, "InProgress/Training", DONE[1]])
    elsewhere = tmp_path / "elsewhere"
    content = json.loads(run_here("status", "mine", "--json", root=elsewhere).stdout)
    assert content["status"] == "InProgress"
    assert content["hyperparameters"] == {"iterations": "2"}
    assert (content["instance"], content["image"]) == ("ml.c5.4xlarge", IMAGE)
    assert content["data"].endswith("/phrases.npz")
    assert run_here("status", root=elsewhere).stdout.count("mine") == 1
    assert (elsewhere / "mine" / "log.txt").read_text() == "one\nThe end.\n"


def test_a_job_that_nobody_knows(team, root):
    done = run_here("status", "nothing", root=root)
    assert done.returncode == 1
    assert "There is no job 'nothing' here, nor in AWS in us-east-1." in done.stderr
    assert not root.exists()
    for word in ("stop", "fetch"):
        assert "There is no job 'nothing'" in run_here(word, "nothing", root=root).stderr
    done = run_here("status", "a_b/c", root=root)
    assert "There is no job 'a_b/c'" in done.stderr


def test_a_misspelt_name_is_told_as_on_one_machine(team, root, data, monkeypatch):
    start(team, root, data)
    done = run_here("status", "mien", root=root)
    assert done.stderr == f"Error: There is no job 'mien' in {root}. Did you mean mine?\n"
    monkeypatch.setattr("launcher.aws.jobs.connect", connect)  # keeps no one's credentials
    team.forget_credentials()
    done = run_here("status", "other", root=root)
    assert done.stderr.startswith(f"Error: There is no job 'other' in {root}.")


def test_without_aws_the_list_shows_what_was_seen_last(team, root, data):
    start(team, root, data)
    team.lose_connection(times=99)
    done = run_here("status", root=root)
    assert done.returncode == 0
    assert "mine  InProgress" in done.stdout
    done = run_here("status", "mine", root=root)
    assert "AWS cannot be reached" in done.stderr


# ---------------------------------------------------------------- stop


def test_stop_waits_until_it_has_saved(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    done = run_here("stop", "mine", root=root)
    assert done.returncode == 0
    assert "mine is Stopped." in done.stdout
    assert team.actions().count("sagemaker:StopTrainingJob") == 1
    again = run_here("stop", "mine", root=root)
    assert (again.returncode, team.actions().count("sagemaker:StopTrainingJob")) == (0, 1)


def test_stop_without_waiting(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    done = run_here("stop", "mine", "--no-wait", root=root)
    assert done.stdout == "mine has been asked to stop.\n"


def test_stop_may_be_too_late(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    late = "The request was rejected because the training job is in status Completed."
    team.fail_next("StopTrainingJob", code="ValidationException", message=late)
    team.sagemaker.get(TRAINING, "mine").ahead.extend(
        [step("InProgress/Uploading"), step("Completed")]
    )
    done = run_here("stop", "mine", root=root)
    assert done.returncode == 0
    assert "mine is Completed." in done.stdout


def test_stop_may_be_forbidden(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    team.deny("sagemaker:StopTrainingJob")
    done = run_here("stop", "mine", root=root)
    assert "Could not stop the training job mine: User: arn:aws:iam::" in done.stderr


# ---------------------------------------------------------------- fetch


def test_fetch_brings_everything_to_where_a_local_job_has_it(team, root, data):
    start(team, root, data)
    folder = root / "mine"
    running = run_here("fetch", "mine", root=root)
    assert "The job mine still runs. Its results come when it has ended" in running.stderr
    done = run_here("fetch", "mine", root=root)
    assert done.returncode == 0
    assert (folder / "model" / "1" / "saved_model.pb").read_bytes() == b"graph"
    assert (folder / "output" / "model.tar.gz").read_bytes() == RESULTS["model.tar.gz"]
    assert (folder / "output" / "data" / "report.html").read_bytes() == b"<html>"
    assert "  report   runs/mine/output/data/report.html\n" in done.stdout
    assert "launcher.deploy mine" in done.stdout
    assert "launcher.fetch" not in done.stdout
    assert not list(folder.glob(".draft*"))
    content = json.loads(run_here("fetch", "mine", "--json", root=root).stdout)
    assert content["artifact"] == str(folder / "output" / "model.tar.gz")
    assert team.actions().count("s3:GetObject") == 2  # not again


def test_fetch_to_a_folder_of_ones_own(team, root, data, tmp_path):
    start(team, root, data, DONE[1:])
    done = run_here("fetch", "mine", "--output", str(tmp_path / "there"), root=root)
    assert done.stdout == f"The results of mine are in {tmp_path / 'there'}.\n"
    assert (tmp_path / "there" / "model" / "manifest.json").exists()
    assert (tmp_path / "there" / "output" / "output.tar.gz").exists()
    assert not (root / "mine" / "output" / "model.tar.gz").exists()


def test_a_failed_job_may_have_left_only_some_results(team, root, data):
    output = {"output.tar.gz": RESULTS["output.tar.gz"]}
    start(team, root, data, [step("Failed", files=output, FailureReason="No.")])
    assert run_here("fetch", "mine", root=root).returncode == 0
    assert (root / "mine" / "output" / "data" / "samples" / "a.mid").exists()
    assert not (root / "mine" / "output" / "model.tar.gz").exists()


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({}, "There are neither a model nor other results in s3://"),
        ({**RESULTS, "output.tar.gz": b"no archive"}, "output.tar.gz is no whole tar.gz archive"),
        (
            {"model.tar.gz": packed({"a": b"a"}), "output.tar.gz": packed({"../b": b"b"})},
            "'../b', which leads out of its folder",
        ),
    ],
)
def test_fetch_brings_all_or_nothing(team, root, data, files, match):
    start(team, root, data, [step("Completed", files=files)])
    done = run_here("fetch", "mine", root=root)
    assert done.returncode == 1
    assert match in done.stderr
    folder = root / "mine"
    assert list((folder / "model").iterdir()) == []
    assert [path.name for path in (folder / "output").iterdir()] == ["data"]
    assert not list(folder.glob(".draft*"))
    assert run_here("status", "mine", root=root).returncode == 0


def test_a_fetch_that_was_broken_off_can_be_repeated(team, root, data):
    start(team, root, data, DONE[1:])
    team.fail_next("s3:GetObject", code="AccessDeniedException")
    assert "Could not bring" in run_here("fetch", "mine", root=root).stderr
    (root / "mine" / "model" / "half").write_bytes(b"as if it had died between two moves")
    assert run_here("fetch", "mine", root=root).returncode == 0
    assert sorted(path.name for path in (root / "mine" / "model").iterdir()) == [
        "1",
        "manifest.json",
    ]


def test_a_job_of_this_machine_needs_no_fetching(root, data, tmp_path):
    words = ("train", "--data", data, "--name", "mine", "--set", "iterations=2")
    assert run_here(*words, root=root).returncode == 0
    done = run_here("fetch", "mine", root=root)
    assert f"  model   {root / 'mine' / 'model'}" in done.stdout
    done = run_here("fetch", "mine", "--output", str(tmp_path / "x"), root=root)
    assert "its results are in" in done.stderr


# ---------------------------------------------------------------- delete


def test_delete_removes_the_record_and_the_files_and_nothing_else(team, root, data):
    start(team, root, data, DONE[1:])
    team.write(f"{OUTPUT}/checkpoints/checkpoint-2.npz", b"c")
    team.write(f"{OUTPUT}-2/output/model.tar.gz", b"of another")
    assert run_here("status", "mine", root=root).returncode == 0
    done = run_here("delete", "mine", root=root)
    assert done.stdout == GONE
    assert not (root / "mine").exists()
    left = team.objects(f"s3://{BUCKET}/accompanist/runs/")
    assert left == [f"{OUTPUT}-2/output/model.tar.gz"]
    assert len(team.objects(f"s3://{BUCKET}/accompanist/data/")) == 1


def test_what_runs_is_deleted_by_force_only_and_stopped_first(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    done = run_here("delete", "mine", root=root)
    assert "The job mine still runs. Stop it first, or delete it with --force." in done.stderr
    assert run_here("delete", "mine", "--force", root=root).returncode == 0
    actions = team.actions()
    assert actions.index("sagemaker:StopTrainingJob") < actions.index("s3:ListObjectsV2")
    assert team.sagemaker.get(TRAINING, "mine").status == "Stopped"


def test_delete_without_a_record_and_twice(team, root, data, tmp_path):
    start(team, root, data, DONE[1:])
    elsewhere = tmp_path / "elsewhere"
    assert run_here("status", "mine", root=root).returncode == 0
    assert run_here("delete", "mine", root=elsewhere).stdout == GONE
    assert team.objects(f"{OUTPUT}/") == []
    done = run_here("delete", "nothing", root=root)
    assert done.stdout == "There is no nothing to delete.\n"


def test_a_record_whose_job_never_came_to_be_can_be_deleted(team, root, data):
    start(team, root, data)
    del team.sagemaker.records["us-east-1", "TrainingJob", "mine"]
    done = run_here("status", "mine", root=root)
    assert "The job mine is not in AWS in us-east-1: it was never submitted, or is" in done.stderr
    assert "`python -m launcher.delete mine` deletes its record here." in done.stderr
    assert run_here("delete", "mine", root=root).returncode == 0
    assert not (root / "mine").exists()


def test_what_others_have_made_is_left_alone(team, root, data):
    start(team, root, data, DONE[1:])
    assert run_here("status", "mine", root=root).returncode == 0
    team.tags(TRAINING, "mine").clear()
    done = run_here("delete", "mine", root=root)
    assert "The training job mine was not made by this launcher." in done.stderr
    assert team.objects(f"{OUTPUT}/output/") != []


# ---------------------------------------------------------------- resume


def test_resume_is_another_job_with_the_same_data_and_checkpoints(team, root, data):
    team.script_job(["InProgress/Starting", "InProgress/Training", "Stopped"])
    words = ("--spot", "--max-runtime", "1h", "--env", "A=b", "--kms-key", "alias/music")
    assert train(root, data, *words).returncode == 1
    done = run_here("train", "--resume", "mine", "--set", "iterations=9", "--spot", root=root)
    assert "Job mine-2 in" in done.stdout
    old, new = team.asked("CreateTrainingJob")
    assert new["TrainingJobName"] == "mine-2"
    assert new["HyperParameters"] == {**old["HyperParameters"], "iterations": "9"}
    for field in ("CheckpointConfig", "InputDataConfig", "Environment", "StoppingCondition"):
        assert new[field] == old[field], field
    assert new == {**old, **{name: new[name] for name in ("TrainingJobName", "HyperParameters")}}
    assert Job.read(root / "mine-2").iterations == 9
    again = run_here("train", "--resume", "mine-2", "--no-wait", root=root)
    assert again.stdout == "mine-3\n"
    assert run_here("train", "--resume", "mine", "--no-wait", root=root).stdout == "mine-4\n"


def test_what_would_not_fit_the_checkpoints_is_refused(team, root, data):
    start(team, root, data, ["Stopped"])
    done = run_here("train", "--resume", "mine", "--set", "seed=9", root=root)
    assert "has checkpoints of another `seed`" in done.stderr
    assert len(team.asked("CreateTrainingJob")) == 1


def test_what_runs_cannot_be_resumed(team, root, data):
    start(team, root, data, ["InProgress/Training"])
    done = run_here("train", "--resume", "mine", root=root)
    assert "The job mine still runs. Stop it first with" in done.stderr


def test_a_job_without_checkpoints_cannot_be_resumed(team, root, data):
    start(team, root, data, ["Stopped"])
    del team.sagemaker.get(TRAINING, "mine").request["CheckpointConfig"]
    done = run_here("train", "--resume", "mine", root=root)
    assert "The job mine keeps no checkpoints." in done.stderr
