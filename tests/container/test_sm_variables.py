"""The variables of SageMaker's toolkits: set where they are absent, obeyed where they are not."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from container.configuration import read_configuration
from container.errors import JobError
from container.paths import TrainingPaths
from container.sm_variables import sm_variables
from inference.threads import usable_threads
from music.phrase_file import write_phrases
from tests.container.folders import job, phrase_set, write_json
from tests.container.processes import failure_of, run
from training.errors import HyperparameterError
from training.hyperparameters import Hyperparameters

RESOURCES = {
    "current_host": "algo-2",
    "hosts": ["algo-10", "algo-2"],
    "network_interface_name": "eth1",
    "current_instance_type": "ml.c5.xlarge",
    "current_group_name": "big",
    "instance_groups": [
        {"instance_group_name": "big", "instance_type": "ml.c5.xlarge", "hosts": ["algo-2"]},
        {"instance_group_name": "small", "instance_type": "ml.m5.large", "hosts": ["algo-10"]},
    ],
    "topology": None,
}


def described(base, options=None, environ=None, **given_job):
    job(base, **given_job)
    environ = {"SAGEMAKER_BASE_DIR": str(base), **(environ or {})}
    return sm_variables(TrainingPaths.from_environment(environ), options or {}, environ)


def test_folders_and_channels(tmp_path):
    found = described(tmp_path)
    assert {name: path.removeprefix(str(tmp_path)) for name, path in found.items()}.items() >= {
        ("SM_MODEL_DIR", "/model"),
        ("SM_INPUT_DIR", "/input"),
        ("SM_INPUT_CONFIG_DIR", "/input/config"),
        ("SM_INPUT_DATA_DIR", "/input/data"),
        ("SM_OUTPUT_DIR", "/output"),
        ("SM_OUTPUT_DATA_DIR", "/output/data"),
        ("SM_OUTPUT_FAILURE", "/output/failure"),
        ("SM_OUTPUT_INTERMEDIATE_DIR", "/output/intermediate"),
        ("SM_CHANNEL_TRAIN", "/input/data/train"),
        ("SM_CHANNELS", '["train"]'),
        ("SM_INPUT_DATA_CONFIG", '{"train":{"TrainingInputMode":"File"}}'),
    }


def test_hosts_and_machine(tmp_path):
    found = described(tmp_path, resources=RESOURCES)
    assert json.loads(found["SM_RESOURCE_CONFIG"]) == RESOURCES
    assert json.loads(found["SM_INSTANCE_GROUPS_DICT"])["small"]["hosts"] == ["algo-10"]
    assert found.items() >= {
        ("SM_HOSTS", '["algo-10","algo-2"]'),
        ("SM_CURRENT_HOST", "algo-2"),
        ("SM_CURRENT_HOST_RANK", "1"),
        ("SM_HOST_COUNT", "2"),
        ("SM_MASTER_ADDR", "algo-10"),
        ("SM_MASTER_PORT", "7777"),
        ("SM_NETWORK_INTERFACE_NAME", "eth1"),
        ("SM_CURRENT_INSTANCE_TYPE", "ml.c5.xlarge"),
        ("SM_CURRENT_INSTANCE_GROUP", "big"),
        ("SM_CURRENT_INSTANCE_GROUP_HOSTS", '["algo-2"]'),
        ("SM_INSTANCE_GROUPS", '["big","small"]'),
        ("SM_IS_HETERO", "true"),
        ("SM_TOPOLOGY", ""),
        ("SM_NUM_CPUS", str(len(os.sched_getaffinity(0)))),
        ("SM_LOG_LEVEL", "20"),
    }


def test_hyperparameters_come_decoded_and_under_both_spellings(tmp_path):
    strings = {
        "seed": "5",
        "architecture": '"unet"',
        "generator_learning_rate": "1e-05",
        "a-b": "[1, 2]",
        "epochs": "null",
        "k": "True",
        "iterations": "9",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://b/source.tar.gz"',
    }
    found = described(tmp_path, {"iterations": "7"}, hyperparameters=strings)
    assert json.loads(found["SM_HPS"]) == {
        "seed": 5,
        "architecture": "unet",
        "generator_learning_rate": 1e-05,
        "a-b": [1, 2],
        "k": "True",
        "iterations": 7,
    }
    assert found.items() >= {
        ("SM_HP_SEED", "5"),
        ("SM_HP_ARCHITECTURE", "unet"),
        ("SM_HP_A-B", "[1,2]"),
        ("SM_HP_A_B", "[1,2]"),
        ("SM_HP_ITERATIONS", "7"),
        (
            "SM_FRAMEWORK_PARAMS",
            json.dumps(
                {
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": "s3://b/source.tar.gz",
                },
                separators=(",", ":"),
            ),
        ),
        ("SM_USER_ENTRY_POINT", "train.py"),
        ("SM_MODULE_NAME", "train"),
        ("SM_MODULE_DIR", "s3://b/source.tar.gz"),
        ("SM_FRAMEWORK_MODULE", ""),
    }
    assert json.loads(found["SM_USER_ARGS"])[-4:] == ["-k", "True", "--seed", "5"]
    everything = json.loads(found["SM_TRAINING_ENV"])
    assert everything["hps"] == json.loads(found["SM_HPS"])
    assert everything["model_dir"] == found["SM_MODEL_DIR"]


def test_what_is_set_stays(tmp_path):
    found = described(tmp_path, environ={"SM_MODEL_DIR": "/m", "SM_HP_SEED": "8"})
    assert not {"SM_MODEL_DIR", "SM_HP_SEED"} & found.keys()
    assert json.loads(found["SM_HPS"]) == {"seed": 8}
    assert json.loads(found["SM_TRAINING_ENV"])["model_dir"] == "/m"


def test_no_hyperparameter_keeps_a_process_from_starting(tmp_path):
    strange = {"x": "y" * 200_000, "n": '"a\\u0000b"', "s": '"\\ud800"', "a=b": "1", "seed": "1"}
    found = described(tmp_path, hyperparameters=strange)
    subprocess.run([sys.executable, "-c", ""], env={**os.environ, **found}, check=True)
    assert found["SM_HP_SEED"] == "1"
    assert not {"SM_HP_X", "SM_HPS", "SM_HP_N", "SM_HP_S", "SM_HP_A=B"} & found.keys()


def test_a_damaged_configuration_is_left_for_the_trainer_to_explain(tmp_path):
    paths = job(tmp_path)
    (paths.configuration / "hyperparameters.json").write_text("{")
    assert sm_variables(paths, {}, {}) == {}


NUMBERS = ("64", '"64"', "64.0", "1e-3", "007", "5", "nan", "[1, 2]", "True", "true")
WORDS = ('"adam"', "adam", "a b'c", "über", "", "null", '"null"', '"voices"', "unet")
ENCODED = st.sampled_from(NUMBERS + WORDS)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from([*Hyperparameters.model_fields, "sede"]), ENCODED))
def test_the_trainer_reads_of_its_variables_what_it_reads_of_the_file(tmp_path_factory, strings):
    paths = job(tmp_path_factory.mktemp("job"), hyperparameters=strings)
    read = read_configuration(paths, {}).hyperparameters
    again = read_configuration(paths, sm_variables(paths, {}, {})).hyperparameters
    assert outcome(again) == outcome(read)


def outcome(strings):
    try:
        return Hyperparameters.from_strings(strings)
    except HyperparameterError as error:
        return len(error.faults)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"SM_HPS": '{"seed":3,"epochs":2}'}, {"seed": "3", "epochs": "2"}),
        ({"SM_HP_SEED": "3"}, {"seed": "3", "iterations": "9"}),
        ({"SM_HP_EPOCHS": "2"}, {"seed": "1", "epochs": "2"}),
        ({"SM_HP_EPOCHS": ""}, {"seed": "1", "iterations": "9"}),
        ({"SM_HPS": '{"seed":3}', "SM_HP_SEED": "4"}, {"seed": "4"}),
    ],
)
def test_variables_beat_the_file(tmp_path, variables, wanted):
    paths = job(tmp_path, hyperparameters={"seed": "1", "iterations": "9"})
    assert read_configuration(paths, variables).hyperparameters == wanted


def test_hosts_beat_the_file(tmp_path):
    paths = job(tmp_path, resources=RESOURCES)
    read = read_configuration(paths, {"SM_HOSTS": '["one"]', "SM_CURRENT_HOST": "one"})
    assert (read.hosts, read.current_host) == (("one",), "one")


@pytest.mark.parametrize(
    "variables", [{"SM_HPS": "{"}, {"SM_HPS": "[1]"}, {"SM_HOSTS": "one"}, {"SM_HOSTS": "{}"}]
)
def test_a_variable_that_cannot_be_read_is_named(tmp_path, variables):
    (name,) = variables
    with pytest.raises(JobError, match=f"environment variable {name} cannot be read"):
        read_configuration(job(tmp_path), variables)


def test_a_job_obeys_the_folders_that_are_given(tmp_path):
    places = {
        "SM_MODEL_DIR": tmp_path / "m",
        "SM_OUTPUT_DIR": tmp_path / "o",
        "SM_INPUT_CONFIG_DIR": tmp_path / "c",
        "SM_CHANNEL_TRAIN": tmp_path / "t",
    }
    write_json(tmp_path / "c" / "hyperparameters.json", {"iterations": "2"})
    write_phrases(phrase_set(), tmp_path / "t" / "phrases.npz")
    environ = {name: str(path) for name, path in places.items()}
    paths = TrainingPaths.from_environment({**environ, "SAGEMAKER_BASE_DIR": str(tmp_path / "b")})
    done = run(tmp_path / "b", environ=environ)
    assert done.returncode == 0, done.stderr
    assert paths.model == tmp_path / "m"
    assert (tmp_path / "m" / "manifest.json").is_file()
    assert (tmp_path / "o" / "data").is_dir()
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["checkpoints"]


def test_the_training_process_sees_them(tmp_path):
    job(tmp_path, train=phrase_set(), hyperparameters={"seed": '"7"', "iterations": "1"})
    done = run(tmp_path, "train", environ={"FAULT": "tell", "SM_LOG_LEVEL": "40"})
    assert done.stdout.startswith(f"SM_HP_SEED=7 SM_MODEL_DIR={tmp_path}/model SM_HOSTS=")
    assert f"TF_NUM_INTEROP_THREADS={usable_threads()} " in done.stdout
    assert f"OPENBLAS_NUM_THREADS={usable_threads()}\n" in done.stdout
    assert "INFO" not in done.stderr  # the level is obeyed, too
    assert failure_of(tmp_path) is None
