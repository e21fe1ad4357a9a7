"""The same commands on this machine, in its containers, and in SageMaker played by containers."""

import contextlib
import subprocess

import boto3
import pytest

from music.melodies import melody
from music.midi import read_midi
from tests.aws.fixtures import (
    BUCKET,
    CONFIG,
    ENDPOINT,
    MODEL,
    REGION,
    ROLE,
    TRAINING,
    account,
    account_for_processes,
)
from tests.aws.golden_bodies import is_golden
from tests.aws.lives import DATA, SETTINGS, Place, Target, live, train
from tests.aws.played_sagemaker import played_sagemaker
from tests.launcher.conftest import end_all, free_port
from tests.launcher.small_data import small_set

pytestmark = pytest.mark.docker

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/accompanist"
IMAGE, SERVE_IMAGE = f"{REGISTRY}:0.1.0", f"{REGISTRY}:0.1.0-serve"
TEAM_FILE = f"""
[aws]
region = "{REGION}"
bucket = "{BUCKET}"
role = "{ROLE}"
image = "{IMAGE}"
serve_image = "{SERVE_IMAGE}"
"""
SAGEMAKER = Target("ml.c5.4xlarge", "ml.m5.large")
REQUESTS = (
    "CreateTrainingJob",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "UpdateEndpoint",
)
JOBS = ("on-machine", "in-docker", "in-aws", "on-spot")


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch, account(patch, folder) as aws:
        yield aws


@pytest.fixture(scope="module")
def played(aws, image, serve_image, tmp_path_factory):
    images = {IMAGE: image, SERVE_IMAGE: serve_image}
    with played_sagemaker(aws, tmp_path_factory.mktemp("sagemaker"), images) as played:
        yield played


@pytest.fixture(scope="module")
def place(aws, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    (folder / "accompanist.toml").write_text(TEAM_FILE)
    small_set(folder / DATA)
    with account_for_processes(aws) as environ:
        place = Place(folder, environ, free_port())
        yield place
        for job in JOBS:  # that runs only if a test has failed
            with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                place.run("delete", job, "--force")
    end_all(folder / "runs")


@pytest.fixture(scope="module")
def local(place):
    return live(place, "on-machine", Target("local", "local"))


@pytest.fixture(scope="module")
def docker(place, local, image, serve_image):
    target = Target("local-docker", "local-docker", ("--image", image), ("--image", serve_image))
    return live(place, "in-docker", target, place.artifact("on-machine"))


@pytest.fixture(scope="module")
def sagemaker(place, played, local):
    return live(place, "in-aws", SAGEMAKER, place.artifact("on-machine"))


@pytest.fixture(scope="module")
def lives(local, docker, sagemaker):
    return [local, docker, sagemaker]


def test_each_trains_to_the_end_and_shows_how(lives):
    for life in lives:
        assert "iteration=1;" in life.trained
        assert f"iteration={SETTINGS['iterations']};" in life.trained
        assert "Completed after" in life.trained


def test_each_plays_a_song_to_the_melody(lives):
    for life in lives:
        song = read_midi(life.song)
        assert len(song.tracks) == 4
        assert song.tracks[0].notes == melody("twinkle").tracks[0].notes


def test_of_one_model_each_makes_the_same_song(local, docker, sagemaker):
    assert local.replaced == local.song
    assert docker.replaced == local.song
    assert sagemaker.replaced == local.song


def test_each_refuses_in_the_same_words(lives):
    told = {life.refusal for life in lives}
    assert len(told) == 1, told
    assert "track" in told.pop()


def test_each_deletes_its_endpoint_and_leaves_nothing(lives, aws):
    assert {life.deleted for life in lives} == {"Deleted the endpoint choir.\n"}
    assert [aws.sagemaker.names(kind) for kind in (CONFIG, MODEL)] == [[], []]
    endpoint = aws.sagemaker.get(ENDPOINT, "choir")
    assert endpoint is None or endpoint.status == "Deleting"


def test_what_sagemaker_was_asked_for_is_as_it_was_looked_through(sagemaker, aws):
    new = [action for action in REQUESTS if not is_golden(action, aws.asked(action)[0])]
    assert new == [], "have been written; look them through"


def test_a_job_that_fails_tells_why(place, played, aws):
    body = dict(aws.asked("CreateTrainingJob")[0])
    body |= {"TrainingJobName": "wrong", "HyperParameters": {"batch_size": "many"}}
    boto3.client("sagemaker", region_name=REGION).create_training_job(**body)
    played.wait(TRAINING, "wrong", "Failed", "Completed")
    told = place.run("status", "wrong")
    assert "Failed" in told
    assert "batch_size" in told


def test_capacity_that_is_taken_away_changes_nothing_but_the_bill(place, played, sagemaker, aws):
    played.interruptions = 1
    told = train(place, "on-spot", SAGEMAKER, "--spot")
    fields = aws.sagemaker.get(TRAINING, "on-spot").fields
    phases = fields["SecondaryStatusTransitions"]
    assert [phase["Status"] for phase in phases].count("Interrupted") == 1
    resumed = [line for line in place.log("on-spot") if "Continuing" in line]
    assert len(resumed) == 1
    assert resumed[0].startswith("Continuing from the checkpoint of iteration ")
    assert place.weights("on-spot") == place.weights("in-aws")
    share = fields["BillableTimeInSeconds"] / fields["TrainingTimeInSeconds"]
    assert f"{100 * (1 - share):.0f} %" in told
