"""How training begins in a container, or is refused (T-01 to T-07, T-09, T-19).

docs/sagemaker.md says which tests hold the details.
"""

import json
from contextlib import ExitStack

import pytest

from container.paths import TrainingPaths
from tests.conformance.engine import KILLED, network, output_of
from tests.conformance.jobs import BEGUN, PLAIN, SHORT, ready, train, training, warnings_of
from tests.container.folders import job, phrase_set, write_json
from tests.container.processes import failure_of

pytestmark = pytest.mark.docker

BOUND_S = 60  # for two hosts to find out that there are two
SHELLS = {"sh", "bash", "dash"}


def is_ours(container):
    """Whether process 1 is the container's own program, not a shell that hides signals from it."""
    program, *words = container.first_process()
    return program.rpartition("/")[2] not in SHELLS and "container" in words


@pytest.mark.contract("T-01", "T-02")
@pytest.mark.parametrize(
    ("entrypoint", "arguments"),
    [
        (None, ["train"]),
        (None, []),
        (None, ["--iterations", "4", "--seed=3"]),
        ("train", []),
        ("train", ["--iterations", "4"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value or []) or "none",
)
def test_every_form_of_start_trains_in_a_process_1_of_ours(image, tmp_path, entrypoint, arguments):
    ready(tmp_path)
    with training(image, tmp_path, *arguments, entrypoint=entrypoint) as container:
        container.wait_for_line(BEGUN)
        assert is_ours(container)


@pytest.mark.contract("T-01")
@pytest.mark.parametrize("words", [("dance",), ("train", "--nonsense", "1")])
def test_what_cannot_be_understood_is_told(image, tmp_path, words):
    ready(tmp_path)
    ended = train(image, tmp_path, *words)
    assert ended.code == 2
    assert "usage: " in ended.log
    assert words[-1] in failure_of(tmp_path) or words[1] in failure_of(tmp_path)


@pytest.mark.contract("T-01")
def test_what_others_start_is_on_the_path(image):
    """The SageMaker SDK replaces the entry point by bash, and its scripts call these."""
    names = ("python", "python3", "pip", "pip3", "train", "serve")
    found = output_of(image, "bash", "-c", f"command -v {' '.join(names)}").split()
    assert [path.rpartition("/")[2] for path in found] == list(names)
    output_of(image, "pip", "--version")


@pytest.mark.contract("T-02")
def test_strangers_are_reaped(image, tmp_path):
    ready(tmp_path, iterations="1000")
    with training(image, tmp_path, "train") as container:
        container.wait_for_line(BEGUN)
        container.run("bash", "-c", "sleep 0.2 &")
        container.wait_for(lambda: not any("sleep" in line for line in container.processes()))


@pytest.mark.contract("T-03", "T-05", "T-07", "T-09")
def test_an_empty_opt_ml_gives_defaults_and_a_failure_that_names_the_channel(image, tmp_path):
    ended = train(image, tmp_path, "train")
    assert ended.code == 1
    assert len(warnings_of(ended.log)) == 1
    told = failure_of(tmp_path)
    assert told.startswith("The job has no data channel `train`")
    assert len(told) <= 1024


@pytest.mark.contract("T-03")
def test_the_image_has_nothing_under_opt_ml(image, serve_image):
    look = "import os; print(sorted(os.listdir('/opt/ml')) if os.path.exists('/opt/ml') else [])"
    for one in {image, serve_image}:
        assert json.loads(output_of(one, "python", "-c", look).replace("'", '"')) == []


@pytest.mark.contract("T-04")
def test_hyperparameters_in_json_and_as_they_are(image, tmp_path):
    """As the two generations of SDKs send them; the architecture is what one sees first."""
    encoded = {"iterations": '"4"', "architecture": '"unet"', "epochs": "null", "precision": ""}
    ignored = {"sagemaker_program": '"train.py"', "sagemaker_job_name": "a b'c $(touch x) über"}
    job(tmp_path, train=phrase_set(8), hyperparameters=encoded | ignored)
    with training(image, tmp_path, "train") as container:
        container.wait_for_line("Training unet on 8 phrases.")


@pytest.mark.contract("T-04", "T-09")
def test_what_is_no_value_is_told_all_at_once(image, tmp_path):
    wrong = {"batch_size": "64.0", "seed": "[1, 2]", "iterations": "True", "über": "1"}
    ready(tmp_path, **wrong)
    assert train(image, tmp_path, "train").code == 1
    told = failure_of(tmp_path)
    assert all(f"`{name}`" in told for name in wrong), told


@pytest.mark.contract("T-05")
def test_the_documented_files_suffice_with_four_keys_of_local_mode(image, tmp_path):
    resources = {
        "current_host": "algo-1-x7b2q",
        "hosts": ["algo-1-x7b2q"],
        "network_interface_name": "eth0",
        "current_instance_type": "local",
    }
    job(tmp_path, train=phrase_set(8), hyperparameters=SHORT, resources=resources)
    with training(image, tmp_path) as container:
        container.wait_for_line(BEGUN)
        assert warnings_of(container.log) == []


@pytest.mark.contract("T-05")
@pytest.mark.parametrize("there", ["empty", "absent"])
def test_without_configuration_one_warning(image, tmp_path, there):
    paths = ready(tmp_path)
    for file in paths.configuration.iterdir():
        file.unlink()
    if there == "absent":
        paths.configuration.rmdir()
    with training(image, tmp_path, "train", "--iterations=4") as container:
        container.wait_for_line(BEGUN)
        assert len(warnings_of(container.log)) == 1


@pytest.mark.contract("T-06")
def test_files_and_keys_that_nobody_documented_are_left_alone(image, tmp_path):
    paths = ready(tmp_path)
    resources = {"hosts": ["aws"], "current_host": "aws", "topology": None, "new_key": {"a": [1]}}
    write_json(paths.configuration / "resourceconfig.json", resources)
    (paths.configuration / "debughookconfig.json").write_bytes(b"\xff no JSON")
    before = {path: path.read_bytes() for path in paths.configuration.iterdir()}
    with training(image, tmp_path, "train") as container:
        container.wait_for_line(BEGUN)
        assert warnings_of(container.log) == []
    assert {path: path.read_bytes() for path in paths.configuration.iterdir()} == before


@pytest.mark.contract("T-07")
def test_a_channel_is_read_only_nested_and_full_of_strange_files(image, tmp_path):
    paths = ready(tmp_path)
    folder = paths.channel("train")
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "phrases.npz").rename(folder / "a" / "b" / "phrases.npz")
    (folder / "train.manifest").write_text('[{"prefix": "s3://bucket/"}]')
    (folder / "README.docx").write_bytes(b"PK")
    (paths.channel("sm_drivers") / "distributed_drivers").mkdir(parents=True)
    channel = "/opt/ml/input/data/train"
    read_only = f"--volume={folder}:{channel}:ro"
    with training(image, tmp_path, "train", options=(*PLAIN, read_only)) as container:
        container.wait_for_line(BEGUN)
        with pytest.raises(AssertionError, match="Read-only file system"):
            container.run("touch", f"{channel}/x")


@pytest.mark.contract("T-07", "T-09")
def test_a_channel_without_files_fails_and_is_named(image, tmp_path):
    paths = job(tmp_path, hyperparameters=SHORT)
    paths.channel("train").mkdir(parents=True)
    assert train(image, tmp_path, "train").code == 1
    assert failure_of(tmp_path).startswith("The channel `train` holds no phrases.npz")


@pytest.mark.contract("T-09")
def test_memory_that_runs_out_is_explained(image, tmp_path):
    ready(tmp_path)
    little = ("--memory=200m", "--memory-swap=200m")  # TensorFlow alone takes more
    ended = train(image, tmp_path, "train", options=(*PLAIN, *little))
    assert ended.code == KILLED
    told = failure_of(tmp_path)
    assert told.startswith("The training process was ended by SIGKILL")
    assert "Most likely the memory ran out" in told


@pytest.mark.contract("T-19", instead="training runs on one host; two refuse in a sentence")
def test_two_hosts_refuse(image, tmp_path):
    hosts = ["algo-1", "algo-2"]
    with network() as net, ExitStack() as stack:
        containers = []
        for host in hosts:
            base = tmp_path / host
            resources = {"hosts": hosts, "current_host": host, "network_interface_name": "eth0"}
            job(base, train=phrase_set(8), hyperparameters=SHORT, resources=resources)
            options = (f"--network={net}", f"--network-alias={host}", "--shm-size=64m")
            container = stack.enter_context(training(image, base, "train", options=options))
            containers.append(container)
        assert [container.wait(BOUND_S) for container in containers] == [1, 1]
    for host in hosts:
        assert failure_of(tmp_path / host) == (
            "The job has 2 hosts, but training runs on one. Start it with an instance count of 1."
        )
        assert not any(TrainingPaths(tmp_path / host).model.glob("*"))
