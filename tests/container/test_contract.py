"""SageMaker's contract with a training container, kept by `python -m container` as a process.

docs/sagemaker.md says which test holds which promise. The networks are the stand-in's here; what
the real ones do is in test_training_process.py.
"""

import re
import shutil
import signal
import stat
import sys

import numpy as np
import pytest

from music.manifest import Manifest
from tests.container.folders import job, phrase_set, write_json
from tests.container.processes import (
    ROOT,
    STRANGER,
    as_root,
    as_strict_as_can_be,
    failure_of,
    in_namespace,
    run,
)
from training.metric_lines import METRIC_DEFINITIONS

SHORT = {"iterations": "5", "checkpoint_every": "2"}


def ready(base, **given):
    return job(base, train=phrase_set(), hyperparameters={**SHORT, **given})


def iterations(done):
    return [int(text) for text in re.findall(r"^iteration=(\d+);", done.stdout, re.MULTILINE)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_job_leaves_regular_files_a_true_manifest_and_no_failure(tmp_path):
    paths = ready(tmp_path)
    paths.failure.parent.mkdir()
    paths.failure.write_text("of an earlier run")
    done = run(tmp_path, "train")
    assert (done.returncode, iterations(done)) == (0, [1, 2, 3, 4, 5])
    assert Manifest.read(paths.model).metrics["iteration"] == 5
    assert all(stat.S_ISREG(p.lstat().st_mode) or p.is_dir() for p in paths.model.rglob("*"))
    assert names(paths.failure.parent) == ["data"]


def test_each_metric_is_found_once_in_each_line_that_has_it(tmp_path):
    ready(tmp_path)
    lines = run(tmp_path, "train").stdout.splitlines()
    regexes = dict(METRIC_DEFINITIONS)
    assert [re.findall(regexes["critic_loss"], line) for line in lines] == [
        [f"-{n}e-05"] for n in range(1, 6)
    ]
    assert all(len(re.findall(regex, line)) <= 1 for regex in regexes.values() for line in lines)


@pytest.mark.parametrize(
    "strange",
    [
        {"iterations": '"5"', "sagemaker_program": '"train.py"', "_tuning_objective_metric": "x"},
        {"iterations": "5", "architecture": '"voices"', "epochs": "null", "precision": ""},
        {"iterations": "5", "sagemaker_job_name": '"a b\'c $(touch x) über"'},
    ],
)
def test_hyperparameters_in_every_encoding(tmp_path, strange):
    job(tmp_path, train=phrase_set(), hyperparameters=strange)
    done = run(tmp_path, "train")
    assert (done.returncode, iterations(done)[-1]) == (0, 5), done.stderr


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"batch_size": "64.0"}, "`batch_size` must be a valid integer, received 64.0"),
        ({"batch_size": "[1, 2]"}, "`batch_size` must be a valid integer, received [1, 2]"),
        ({"seed": '"a b\'c"'}, '`seed` must be a valid integer, received "a b\'c"'),
        ({"über": "1"}, "`über` is unknown"),
    ],
)
def test_what_is_no_value_is_told_before_anything_else(tmp_path, given, cause):
    job(tmp_path, hyperparameters=given)
    assert run(tmp_path, "train").returncode == 1
    assert failure_of(tmp_path).startswith(cause)


@pytest.mark.parametrize("kept", [[], ["hyperparameters.json"]])
def test_without_configuration_files_all_is_default(tmp_path, kept):
    paths = ready(tmp_path)
    for file in paths.configuration.iterdir():
        if file.name not in kept:
            file.unlink()
    done = run(tmp_path, "train", "--iterations=5")
    assert (done.returncode, iterations(done)[-1]) == (0, 5)
    assert done.stderr.count("WARNING") == (0 if kept else 1)


def test_files_and_keys_that_nobody_documented_are_left_alone(tmp_path):
    paths = ready(tmp_path)
    write_json(
        paths.configuration / "resourceconfig.json",
        {
            "current_group_name": "homogeneousCluster",
            "current_host": "algo-1",
            "current_instance_type": "ml.c5.xlarge",
            "hosts": ["algo-1"],
            "instance_groups": [
                {
                    "hosts": ["algo-1"],
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": "ml.c5.xlarge",
                }
            ],
            "network_interface_name": "eth0",
            "topology": None,
        },
    )
    (paths.configuration / "debughookconfig.json").write_bytes(b"\xff no JSON")
    before = names(paths.configuration)
    assert run(tmp_path, "train").returncode == 0
    assert names(paths.configuration) == before


def test_several_hosts_are_refused_in_a_sentence(tmp_path):
    job(tmp_path, train=phrase_set(), resources={"hosts": ["b", "a"], "current_host": "b"})
    assert run(tmp_path, "train").returncode == 1
    assert failure_of(tmp_path) == (
        "The job has 2 hosts, but training runs on one. Start it with an instance count of 1."
    )


def test_an_interrupted_job_passes_over_damage_and_strangers_and_deletes_nothing_early(tmp_path):
    paths = ready(tmp_path, keep_checkpoints="2")
    kept = tmp_path / "elsewhere"
    write_json(paths.configuration / "checkpointconfig.json", {"LocalPath": str(kept)})
    assert run(tmp_path, "train").returncode == 0
    assert names(kept) == ["checkpoint-000004.npz", "checkpoint-000005.npz"]
    # A spot interruption: a fresh container, in which only the checkpoints are as they were.
    shutil.rmtree(paths.model)
    shutil.rmtree(paths.failure.parent)
    whole = (kept / "checkpoint-000005.npz").read_bytes()
    (kept / "checkpoint-000006.npz").write_bytes(whole[: len(whole) // 2])
    (kept / "checkpoint-000007.npz.sagemaker-uploading").write_bytes(b"?")
    failed = run(tmp_path, "train", "--iterations=9", environ={"FAULT": "our own"})
    assert failed.returncode == 1
    assert len(names(kept)) == 4
    again = run(tmp_path, "train", "--iterations=9")
    assert (again.returncode, iterations(again)) == (0, [6, 7, 8, 9])
    assert "checkpoint-000006.npz is damaged" in again.stderr
    weights = np.fromfile(paths.model / "generator.tflite", np.float32)
    assert set(weights) == {sum(range(10))}  # as without the interruption
    assert names(kept) == [
        "checkpoint-000007.npz.sagemaker-uploading",
        "checkpoint-000008.npz",
        "checkpoint-000009.npz",
    ]


def test_a_finished_job_exports_again(tmp_path):
    paths = ready(tmp_path)
    run(tmp_path, "train")
    shutil.rmtree(paths.model)
    done = run(tmp_path, "train")
    assert (done.returncode, iterations(done)) == (0, [])
    assert Manifest.read(paths.model).metrics["iteration"] == 5


def test_checkpoints_of_other_data_are_refused(tmp_path):
    ready(tmp_path)
    run(tmp_path, "train")
    job(tmp_path, train=phrase_set(seed=1), hyperparameters=SHORT)
    assert run(tmp_path, "train").returncode == 1
    assert failure_of(tmp_path).startswith("The checkpoint cannot be continued: its data is")


def test_a_fault_of_ours_names_its_cause_first_in_1024_characters(tmp_path):
    ready(tmp_path)
    done = run(tmp_path, "train", environ={"FAULT": "our own"})
    assert done.returncode == 1
    assert failure_of(tmp_path).startswith("ZeroDivisionError: ")
    assert len(failure_of(tmp_path)) <= 1024
    assert "Traceback" in done.stderr


def test_a_sudden_death_is_explained(tmp_path):
    paths = ready(tmp_path)
    assert run(tmp_path, "train", environ={"FAULT": "kill"}).returncode == 128 + signal.SIGKILL
    assert failure_of(tmp_path).startswith("The training process was ended by SIGKILL")
    assert "Most likely the memory ran out" in failure_of(tmp_path)
    assert names(paths.failure.parent) == ["data", "failure"]


@as_root
def test_without_network_and_with_nothing_but_tmp_to_write_a_stranger_trains(tmp_path):
    paths = ready(tmp_path)
    strict = as_strict_as_can_be(tmp_path)
    done = run("/mnt", "train", wrap=strict)
    assert (done.returncode, iterations(done)[-1]) == (0, 5), done.stderr
    assert paths.model.stat().st_uid == STRANGER
    assert done.stderr.strip() == "INFO Training voices on 8 phrases."


@as_root
def test_as_the_first_process_under_opt_ml(tmp_path):
    if any(place.startswith("/opt/") for place in (sys.base_prefix, sys.prefix, str(ROOT))):
        pytest.skip("Python or the project lies under /opt, which this test covers.")
    paths = ready(tmp_path)
    wrap = in_namespace(
        "mount -t tmpfs tmpfs /opt",
        "mkdir /opt/ml",
        f"mount --bind '{tmp_path}' /opt/ml",
        flags=("--mount", "--net", "--pid", "--fork", "--mount-proc"),
    )
    moment = {"MOMENT": "saves", "SAGEMAKER_BASE_DIR": ""}
    done = run("", wrap=wrap, environ=moment)
    assert (done.returncode, iterations(done)) == (0, [1, 2]), done.stderr
    assert Manifest.read(paths.model).metrics["iteration"] == 2
