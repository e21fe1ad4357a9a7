"""Tuning: what is searched and asked for, followed to its end."""

import json

import pytest

from launcher.aws import waiting
from launcher.errors import LauncherError
from launcher.tuning import tune
from launcher.tuning_ranges import DEFAULT_RANGES, read_ranges
from tests.aws.fixtures import BUCKET, ROLE, TUNING
from tests.aws.lifecycles import step
from tests.launcher.aws.serving import no_pauses, root
from tests.launcher.aws.team import IMAGE, team
from tests.launcher.command_line import run_here

__all__ = ["no_pauses", "root", "team"]

BEST = {
    "TrainingJobName": "tuning-1-003-abc",
    "TunedHyperParameters": {"critic_updates": "3", "generator_learning_rate": "0.0004"},
    "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "headline", "Value": 63.25},
}


def run(root, data, *words):
    return run_here("tune", "--data", data, "--set", "iterations=50", *words, root=root)


def started(team):
    [name] = team.sagemaker.names(TUNING)
    return team.request(TUNING, name)


# ---------------------------------------------------------------- ranges


def test_the_default_ranges_are_sound():
    rates, others, updates = read_ranges(DEFAULT_RANGES, {})
    assert (rates.name, rates.low, rates.high) == ("generator_learning_rate", "2e-4", "2e-3")
    assert (rates.scale, others.scale, updates.scale) == ("Logarithmic", "Logarithmic", "Linear")
    assert (rates.is_integer, updates.is_integer) == (False, True)


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("critic_updates", "is no NAME=LOW:HIGH"),
        ("critic_updates=3", "is no NAME=LOW:HIGH"),
        ("critic_update=1:3", "names no hyperparameter that is a number"),
        ("architecture=a:b", "names no hyperparameter that is a number"),
        ("critic_updates=5:1", "does not begin with the smaller number"),
        ("critic_updates=1:nan", "does not begin with the smaller number"),
        ("critic_updates=one:three", "has ends that are no numbers"),
        ("critic_updates=1:2.5", "goes too far"),
        ("critic_updates=0:3", "goes too far"),
        ("generator_learning_rate=1e-4:2", "goes too far"),
        ("batch_size=8:64", "is also given by --set"),
    ],
)
def test_a_range_that_cannot_be_searched_is_told(word, fault):
    with pytest.raises(LauncherError) as caught:
        read_ranges([word], {"batch_size": "24"})
    assert caught.value.code == "bad_ranges"
    assert f"`{word}` {fault}" in caught.value.message


def test_all_faults_are_told_at_once():
    words = ["seed=1", "critic_updates=1:3", "critic_updates=2:4", "sede=1:2"]
    with pytest.raises(LauncherError) as caught:
        read_ranges(words, {})
    for words in ("`seed=1` is no", "is a second range of critic_updates", "`sede=1:2` names"):
        assert words in caught.value.message


# ---------------------------------------------------------------- the request


def test_a_dry_run_tells_request_and_cost_and_asks_nothing(team, root, data):
    ranges = ("--range", "critic_updates=1:5", "--range", "generator_learning_rate=1e-4:1e-2")
    done = run(root, data, *ranges, "--max-runtime", "1h", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    body = content["request"]
    assert body["HyperParameterTuningJobConfig"] == {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "headline"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 8, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "IntegerParameterRanges": [
                {
                    "Name": "critic_updates",
                    "MinValue": "1",
                    "MaxValue": "5",
                    "ScalingType": "Linear",
                }
            ],
            "ContinuousParameterRanges": [
                {
                    "Name": "generator_learning_rate",
                    "MinValue": "1e-4",
                    "MaxValue": "1e-2",
                    "ScalingType": "Logarithmic",
                }
            ],
        },
        "TrainingJobEarlyStoppingType": "Off",
    }
    definition = body["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"]["iterations"] == "50"
    assert "critic_updates" not in definition["StaticHyperParameters"]
    assert (definition["RoleArn"], definition["AlgorithmSpecification"]["TrainingImage"]) == (
        ROLE,
        IMAGE,
    )
    names = [each["Name"] for each in definition["AlgorithmSpecification"]["MetricDefinitions"]]
    assert "headline" in names
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert "CheckpointConfig" not in definition  # another job's would be found there
    assert "8 x ml.c5.4xlarge" in content["costs"][0]
    assert team.calls == []


def test_what_is_missing_stands_as_a_placeholder(root, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(root, data, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert '"RoleArn": "<role>"' in done.stdout
    assert "To start it, a region, a role, a bucket and an image must be known" in done.stdout
    assert done.stdout.endswith("Nothing has been made.\n")


def test_a_tuning_is_sent_with_its_data_and_followed(team, root, data):
    team.script_tuning(
        [
            step("InProgress", TrainingJobStatusCounters={"InProgress": 2}),
            step(
                "InProgress",
                TrainingJobStatusCounters={"Completed": 2, "InProgress": 1},
                BestTrainingJob=BEST,
            ),
            step("Completed", TrainingJobStatusCounters={"Completed": 3, "NonRetryableError": 1}),
        ]
    )
    done = run(root, data, "--max-jobs", 4, "--name", "tuning-1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (
        "InProgress: 2 jobs completed, 1 running; the best is tuning-1-003-abc, headline 63.2"
        in (lines)
    )
    assert any(
        line.startswith("Completed: 3 jobs completed, 0 running, 1 failed") for line in lines
    )
    assert "tuning-1: Completed. The best of its jobs is tuning-1-003-abc:" in lines
    assert "launcher.fetch tuning-1-003-abc" in lines[-1]
    request = started(team)
    assert "accompanist" in {each["Key"] for each in request["Tags"]}
    [channel] = request["TrainingJobDefinition"]["InputDataConfig"]
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri.startswith(f"s3://{BUCKET}/accompanist/data/")
    assert team.read(uri)


def test_the_result_in_json(team, root, data):
    team.script_tuning(["InProgress", step("Completed", BestTrainingJob=BEST)])
    content = json.loads(run(root, data, "--json", "--name", "tuning-1").stdout)
    assert (content["best"], content["headline"]) == ("tuning-1-003-abc", 63.25)
    assert content["hyperparameters"] == BEST["TunedHyperParameters"]


def test_a_failed_tuning_tells_why(team, root, data):
    team.script_tuning(["InProgress", step("Failed", FailureReason="No training job succeeded.")])
    with pytest.raises(LauncherError, match="failed: No training job") as caught:
        tune(data=data, hyperparameters={"iterations": 50}, root=root)
    assert caught.value.code == "tuning_failed"


def test_one_that_was_stopped_is_no_success(team, root, data):
    team.script_tuning(["Stopping", "Stopped"])
    assert run(root, data).returncode == 1


def test_ctrl_c_stops_a_tuning(team, root, data, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    team.script_tuning(["InProgress", "InProgress", "Stopping"])
    done = run(root, data, "--name", "tuning-1")
    assert done.returncode == 130
    assert "tuning-1 has been asked to stop, with all its jobs." in done.stdout
    assert "sagemaker:StopHyperParameterTuningJob" in team.actions()


def test_without_waiting_it_goes_on(team, root, data):
    done = run(root, data, "--no-wait", "--name", "tuning-1")
    assert done.returncode == 0
    assert done.stdout.endswith("tuning-1: InProgress\n")
    looks = team.actions().count("sagemaker:DescribeHyperParameterTuningJob")
    assert looks == 1  # by the SDK, at what it has made


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--instance", "local"), "`instance` must be a type such as ml.m5.large"),
        (("--max-jobs", 0), "`max_jobs` must be 1 to 750, not 0"),
        (("--parallel", 9), "`parallel` must be 1 to `max_jobs`, and 100, not 9"),
        (("--name", "a" * 33), "The name of a tuning has 1 to 32 letters"),
        (("--set", "itterations=5"), "itterations"),
    ],
)
def test_faults_are_told_before_anything_is_done(team, root, data, words, fault):
    done = run(root, data, *words)
    assert done.returncode == 1
    assert fault in done.stderr
    assert team.calls == []


@pytest.mark.parametrize(
    ("code", "words"),
    [("ResourceInUse", "already a tuning"), ("ResourceLimitExceeded", "more than this account")],
)
def test_what_sagemaker_refuses_is_told(team, root, data, code, words):
    team.fail_next("CreateHyperParameterTuningJob", code=code)
    done = run(root, data)
    assert done.returncode == 1
    assert words in done.stderr
