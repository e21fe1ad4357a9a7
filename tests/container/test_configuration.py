"""Configuration files as SageMaker, its local modes and strangers write them."""

import pytest

from container.configuration import read_configuration
from container.errors import JobError
from container.paths import TrainingPaths, base_folder
from tests.container.folders import job, write_json


def test_base_folder():
    assert str(base_folder({})) == "/opt/ml"
    assert str(base_folder({"SAGEMAKER_BASE_DIR": ""})) == "/opt/ml"
    assert str(base_folder({"SAGEMAKER_BASE_DIR": "/srv/job"})) == "/srv/job"
    assert base_folder({"SAGEMAKER_BASE_DIR": "runs/job"}).is_absolute()


def test_reads_the_documented_files(tmp_path):
    paths = job(
        tmp_path,
        hyperparameters={"seed": "1", "architecture": '"unet"'},
        resources={"current_host": "algo-2", "hosts": ["algo-1", "algo-2"], "topology": None},
    )
    read = read_configuration(paths, {})
    assert read.hyperparameters == {"seed": "1", "architecture": '"unet"'}
    assert read.channels == {"train": {"TrainingInputMode": "File"}}
    assert (read.hosts, read.current_host) == (("algo-1", "algo-2"), "algo-2")
    assert read.checkpoints == paths.checkpoints
    assert read.warnings == ()


@pytest.mark.parametrize("made", [True, False])
def test_without_files_all_is_default_with_one_warning(tmp_path, made):
    paths = TrainingPaths(tmp_path)
    if made:
        paths.configuration.mkdir(parents=True)
    read = read_configuration(paths, {})
    assert (read.hyperparameters, read.channels, read.hosts) == ({}, {}, ("algo-1",))
    assert len(read.warnings) == 1


def test_local_mode_writes_four_keys(tmp_path):
    local = {
        "current_host": "algo-1-x7k2p",
        "hosts": ["algo-1-x7k2p"],
        "network_interface_name": "eth0",
        "current_instance_type": "local",
    }
    assert read_configuration(job(tmp_path, resources=local), {}).hosts == ("algo-1-x7k2p",)


def test_unknown_files_and_keys_are_left_alone(tmp_path):
    paths = job(tmp_path, resources={"hosts": ["a"], "current_host": "a", "news": [1]})
    (paths.configuration / "init-config.json").write_text("no JSON at all")
    (paths.configuration / "debughookconfig.json").write_bytes(b"\xff\xfe")
    assert read_configuration(paths, {}).hosts == ("a",)
    assert (paths.configuration / "init-config.json").exists()


def test_numbers_become_the_strings_that_sagemaker_sends(tmp_path):
    paths = job(tmp_path, hyperparameters={"seed": 1, "kl_weight": 0.5, "epochs": None})
    assert read_configuration(paths, {}).hyperparameters == {
        "seed": "1",
        "kl_weight": "0.5",
        "epochs": "null",
    }


def test_checkpoints_may_lie_elsewhere(tmp_path):
    paths = job(tmp_path)
    write_json(paths.configuration / "checkpointconfig.json", {"LocalPath": "/mnt/kept"})
    assert str(read_configuration(paths, {}).checkpoints) == "/mnt/kept"


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_named(tmp_path, content):
    paths = job(tmp_path)
    (paths.configuration / "hyperparameters.json").write_bytes(content)
    with pytest.raises(JobError, match=r"hyperparameters\.json cannot be read"):
        read_configuration(paths, {})
