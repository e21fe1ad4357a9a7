"""A job in AWS from its submission to its end, as a user sees it."""

import json
import signal
import socket
import subprocess
import sys

import pytest
from botocore.exceptions import ConnectionClosedError
from click.testing import CliRunner

from launcher import narration
from launcher.__main__ import main
from launcher.aws.jobs import SagemakerJobs
from launcher.records import Job
from tests.aws.fixtures import BUCKET, ROLE, TRAINING
from tests.aws.lifecycles import step
from tests.launcher.aws.team import FILE, IMAGE, OUTPUT, team, train
from tests.launcher.command_line import ROOT, run_here

__all__ = ["team"]

METRICS = ["iteration=1; critic_loss=-2.5;", "iteration=2; headline=42;"]
RUNNING = [
    "InProgress/Starting",
    step("InProgress/Starting", message="Launching requested ML instances"),
    step("InProgress/Starting", message="Preparing the instances for training"),
    step("InProgress/Training", message="Training image download completed.", log=METRICS[:1]),
]


def test_a_job_is_followed_to_its_end(team, root, data):
    ending = [step("InProgress/Uploading", log=[*METRICS[1:], "Saved."]), "Completed"]
    team.script_job([*RUNNING, *ending])
    done = train(root, data)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    shown = [
        "Starting: Preparing the instances for training",
        "Training: Training image download completed.",
        METRICS[0],
        "Uploading",
        METRICS[1],
        "Saved.",
    ]
    assert [line for line in lines if line in shown] == shown
    assert any(line.startswith("Completed after ") for line in lines)
    assert "  billed  1000 s (16 min 40 s)" in lines
    assert any("about $0.23 for 16 min 40 s of 1 x ml.c5.4xlarge" in line for line in lines)
    assert "spot saved" not in done.stdout
    assert f"launcher.fetch mine --root {root}" in done.stdout
    assert (root / "mine" / "log.txt").read_text() == "\n".join([*METRICS, "Saved.", ""])
    record = json.loads((root / "mine" / "job.json").read_text())
    assert (record["status"], record["instance"]) == ("Completed", "ml.c5.4xlarge")
    assert record["remote"]["output"] == OUTPUT
    assert record["remote"]["arn"].endswith(":training-job/mine")


def test_what_goes_over_the_wire_is_what_a_dry_run_shows(team, root, data, monkeypatch, tmp_path):
    """Also beside a configuration file of the SDK's own, which is made to add defaults."""
    defaults = tmp_path / "sdk.yaml"
    resources = "{TrainingJob: {vpc_config: {subnets: [subnet-x], security_group_ids: [sg-x]}}}"
    defaults.write_text(
        f"SchemaVersion: '1.0'\nSageMaker: {{PythonSDK: {{Resources: {resources}}}}}\n"
    )
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(defaults))
    connected = []
    monkeypatch.setattr(socket.socket, "connect", lambda *words: connected.append(words))
    words = ("--spot", "--retries", "2", "--env", "CamelCase=kept", "--resource-tag", "a=b")
    more = ("--kms-key", "alias/music", "--network-isolation", "--max-wait", "9h")
    shown = json.loads(train(root, data, *words, *more, "--dry-run", "--json").stdout)["request"]
    assert train(root, data, *words, *more, "--no-wait").returncode == 0
    assert team.request(TRAINING, "mine") == shown
    assert connected == []  # no telemetry
    assert sorted(set(team.actions())) == [
        "logs:DescribeLogStreams",
        "s3:HeadObject",
        "s3:PutObject",
        "sagemaker:CreateTrainingJob",
        "sagemaker:DescribeTrainingJob",
        "sts:GetCallerIdentity",
    ]


def test_a_vpc_and_a_warm_pool_go_over_the_wire(team, root, data):
    words = ("--subnet", "subnet-1", "--subnet", "subnet-2", "--security-group", "sg-1")
    words += ("--keep-alive", "10m", "--volume-gb", "50", "--max-runtime", "1h")
    shown = json.loads(train(root, data, *words, "--dry-run", "--json").stdout)["request"]
    assert train(root, data, *words, "--no-wait").returncode == 0
    assert team.request(TRAINING, "mine") == shown


def test_spot_is_interrupted_goes_on_and_saves(team, root, data):
    again = {"BillableTimeInSeconds": 300, "TrainingTimeInSeconds": 1200}
    team.script_job(
        [
            *RUNNING,
            step("InProgress/Interrupted", message="Spot capacity was taken away"),
            step("InProgress/Starting", message="Again"),
            step("InProgress/Training", log=["Resumed at 1.", METRICS[1]]),
            step("Completed", **again),
        ]
    )
    done = train(root, data, "--spot")
    assert done.returncode == 0
    assert "Interrupted: Spot capacity was taken away\n" in done.stdout
    assert "Resumed at 1.\n" in done.stdout
    assert "  spot saved  75 %\n" in done.stdout
    assert Job.read(root / "mine").attempts == 2


def test_a_failure_is_told_in_full_with_a_hint(team, root, data):
    reason = "AlgorithmError: " + "x" * 900 + " the end, exit code: 137"
    failed = step("Failed", FailureReason=reason, log=["Traceback", "the last line"])
    team.script_job([*RUNNING, failed])
    done = train(root, data)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Its memory was too small, or it was killed: take a larger --instance" in done.stderr
    assert done.stderr.rstrip().endswith("the last line")
    assert "--resume mine" in done.stdout
    status = run_here("status", "mine", root=root).stdout
    assert reason in status
    assert "take a larger --instance" in status


@pytest.mark.parametrize(
    ("secondary", "words"),
    [
        ("MaxRuntimeExceeded", "It was stopped after 14400 s, its max_runtime;"),
        ("MaxWaitTimeExceeded", "It was stopped after 28800 s, its max_wait,"),
        ("Stopped", None),
    ],
)
def test_stopped_is_not_completed(team, root, data, secondary, words):
    team.script_job([*RUNNING, f"Stopped/{secondary}"])
    done = train(root, data, "--spot")
    assert done.returncode == 1
    assert "Stopped after" in done.stdout
    assert "Completed" not in done.stdout
    assert "--resume mine" in done.stdout
    if words:
        assert words in done.stdout
        assert words in run_here("status", "mine", root=root).stdout


def test_unknown_states_are_shown_and_followed(team, root, data):
    odd = step("Hibernating/Dreaming", message="Of electric sheep")
    team.script_job([*RUNNING, odd, "InProgress/Never Heard", "Completed"])
    done = train(root, data)
    assert done.returncode == 0
    assert "Dreaming: Of electric sheep\nNever Heard\n" in done.stdout


def test_faults_that_pass_are_waited_for_and_told_once(team, root, data, monkeypatch):
    team.script_job([*RUNNING, "Completed"])
    lines = at_look(monkeypatch, 3, lambda: team.lose_connection("DescribeTrainingJob", times=14))
    done = train(root, data)
    assert lines
    assert done.returncode == 0
    assert done.stdout.count("AWS cannot be reached") == 1
    assert done.stdout.count("Trying on.") == 1


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("ThrottlingException", 400, "AWS was asked too often"),
        ("InternalFailure", 500, "AWS had a fault of its own"),
        ("ServiceUnavailable", 503, "AWS had a fault of its own"),
    ],
)
def test_a_busy_aws_is_waited_for(team, root, data, monkeypatch, code, status, words):
    team.script_job([*RUNNING, "Completed"])

    def be_busy():
        team.fail_next("logs:DescribeLogStreams", code=code, status=status, times=7)

    at_look(monkeypatch, 3, be_busy)
    done = train(root, data)
    assert done.returncode == 0
    assert done.stdout.count(words) == 1


def test_expired_credentials_end_the_following_and_not_the_job(team, root, data, monkeypatch):
    team.script_job([*RUNNING, "InProgress/Training"])
    at_look(monkeypatch, 4, team.expire_credentials)
    done = train(root, data)
    assert done.returncode == 1
    assert "the AWS credentials have expired. The job mine goes on. Sign in again" in done.stderr
    assert f"launcher.status mine --root {root}" in done.stderr
    assert Job.read(root / "mine").is_running
    assert "StopTrainingJob" not in str(team.actions())


# ---------------------------------------------------------------- Ctrl-C


def at_look(monkeypatch, count, act):
    """Lets something happen after the given look at a job; returns the looks."""
    find, looks = SagemakerJobs.find, []

    def look(self, name):
        found = find(self, name)
        looks.append(found)
        if len(looks) == count:
            act()
        return found

    monkeypatch.setattr(SagemakerJobs, "find", look)
    return looks


def press():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("words", [(), ("--on-interrupt", "detach")])
def test_ctrl_c_without_a_terminal_leaves_the_job_running(team, root, data, monkeypatch, words):
    team.script_job([*RUNNING, "InProgress/Training"])
    at_look(monkeypatch, 3, press)
    done = train(root, data, *words)
    assert done.returncode == 130
    assert "mine runs on, and costs until it ends; look with `" in done.stderr
    assert f"launcher.stop mine --root {root}" in done.stderr
    assert "sagemaker:StopTrainingJob" not in team.actions()


def test_ctrl_c_stops_where_it_shall(team, root, data, monkeypatch):
    team.script_job([*RUNNING, "InProgress/Training"])
    at_look(monkeypatch, 3, press)
    done = train(root, data, "--on-interrupt", "stop")
    assert done.returncode == 130
    assert "Stopping: it saves a checkpoint and its model first." in done.stdout
    assert "Stopped after" in done.stdout


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("stop", 130, "Stopped after"),
        ("detach", 130, "runs on, and costs"),
        ("", 130, "runs on, and costs"),
        ("follow", 0, "Completed after"),
    ],
)
def test_ctrl_c_on_a_terminal_asks(team, root, data, monkeypatch, answer, code, words):
    team.script_job([*RUNNING, "InProgress/Training", "InProgress/Training", "Completed"])
    at_look(monkeypatch, 3, press)
    monkeypatch.setattr(narration, "_usual", lambda _job: "ask")
    words_of_command = ("train", "--instance", "ml.c5.4xlarge", "--data", data, "--name", "mine")
    done = CliRunner().invoke(main, [*words_of_command, "--root", str(root)], input=f"{answer}\n")
    assert "Shall mine stop and save, or run on without you" in done.stdout
    assert done.exit_code == code
    assert words in done.output
    assert ("sagemaker:StopTrainingJob" in team.actions()) == (answer == "stop")


def test_on_this_machine_ctrl_c_can_detach(root, data, monkeypatch):
    monkeypatch.setenv("FAKE", "endless")
    monkeypatch.setattr("launcher.following._wait", lambda *words: (press(), words[1]()))
    words = ("train", "--data", data, "--name", "mine", "--on-interrupt", "detach")
    done = run_here(*words, root=root)
    assert done.returncode == 130
    assert "mine runs on; look with" in done.stderr
    assert Job.read(root / "mine").observed().status == "InProgress"


# ---------------------------------------------------------------- what is refused at once


def test_a_name_that_is_taken(team, root, data, tmp_path):
    team.script_job(["InProgress/Training"])
    assert train(root, data, "--no-wait").returncode == 0
    done = train(root, data)
    assert "There is already a job mine. Choose another name" in done.stderr
    elsewhere = tmp_path / "elsewhere"
    done = train(elsewhere, data, "--role", f"{ROLE}-2")
    assert "There is already a job mine in this account and region." in done.stderr
    assert not (elsewhere / "mine").exists()


def test_a_request_whose_answer_was_lost_is_no_failure(team, root, data):
    """botocore repeats it, and SageMaker then says that the job is there."""
    made = []

    def lose_the_answer(kind, record):
        made.append(record)
        record.request["OutputDataConfig"] |= {"KmsKeyId": "", "CompressionType": "GZIP"}
        raise ConnectionClosedError(endpoint_url="https://sagemaker")

    team.sagemaker.created = lose_the_answer
    team.script_job([*RUNNING, "Completed"])
    done = train(root, data)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(made) == 1
    assert team.tried.count("sagemaker:CreateTrainingJob") == 2


def test_a_process_of_its_own_says_its_name_alone(aws_environ, data, tmp_path):
    (tmp_path / "accompanist.toml").write_text(FILE)
    words = ("--instance", "ml.c5.4xlarge", "--data", data, "--name", "mine", "--no-wait")
    done = subprocess.run(
        [sys.executable, "-m", "launcher.train", *words, "--env", f"A={'v' * 257}"],
        cwd=tmp_path,
        env={**aws_environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")


def test_what_may_go_wrong_is_said_and_done(team, root, data):
    done = train(root, data, "--keep-alive", "2h", "--no-wait")
    assert (done.returncode, done.stdout) == (0, "mine\n")
    assert done.stderr == "`keep_alive` is above the 3600 seconds of SageMaker's guide.\n"


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        ("CreateTrainingJob", "ResourceLimitExceeded", "The account may not have such a job: Two"),
        ("CreateTrainingJob", "AccessDeniedException", "not authorized to perform: sagemaker:Cre"),
        ("CreateTrainingJob", "ValidationException", "Could not submit the training job mine: Two"),
        ("s3:PutObject", "AccessDeniedException", "not authorized to perform: s3:PutObject"),
    ],
)
def test_what_aws_refuses_is_told_and_leaves_no_record(team, root, data, action, code, words):
    message = "" if code.startswith("Access") else "Two is company."
    team.fail_next(action, code=code, message=message)
    done = train(root, data)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (root / "mine").exists()


def test_the_data_set_is_sent_once(team, root, data):
    assert train(root, data, "--no-wait").returncode == 0
    assert train(root, data, "--no-wait", name="second").returncode == 0
    assert team.actions().count("s3:PutObject") == 1
    first, second = team.asked("CreateTrainingJob")
    assert first["InputDataConfig"] == second["InputDataConfig"]
    (sent,) = team.objects()
    assert sent.startswith(f"s3://{BUCKET}/accompanist/data/")
    assert sent.endswith("/phrases.npz")


def test_data_in_s3_stay_there(team, root):
    done = train(root, f"s3://{BUCKET}/songs/", "--no-wait")
    assert done.returncode == 0
    (asked,) = team.asked("CreateTrainingJob")
    source = asked["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"s3://{BUCKET}/songs/"
    assert "s3:PutObject" not in team.actions()
    assert asked["AlgorithmSpecification"]["TrainingImage"] == IMAGE
