"""The images themselves: what is in them and what is not. Their promises are in `conformance/`."""

import shutil
import subprocess

import pytest

from tests.conformance.engine import describe, docker, output_of, running, volume
from tests.container.folders import job, phrase_set
from tests.test_image_files import ROOMS
from tests.test_project import PROJECT, ROOT

pytestmark = pytest.mark.docker

LARGEST = {"image": 2_200_000_000, "serve_image": 450_000_000}  # bytes, unpacked

# What the SageMaker SDK starts in a training image in place of its entry point.
SCRIPT = """\
cd "$(dirname "$0")" && pip --version && pip3 --version && python --version && python3 train.py
"""
PROGRAM = """\
import importlib.metadata

import keras
import beside

print(keras.ops.shape(keras.ops.ones(beside.SHAPE)), importlib.metadata.version("accompanist"))
"""

WITHOUT_BYTECODE = """\
import importlib.util, pathlib
folders = [pathlib.Path("/opt/program"), pathlib.Path("/opt/venv/lib")]
modules = [module for folder in folders for module in folder.rglob("*.py")]
cached = importlib.util.cache_from_source
print(len(modules) > 500, [str(m) for m in modules if not pathlib.Path(cached(m)).exists()])
"""


@pytest.fixture(params=LARGEST)
def either(request):
    """The name of each image in turn."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("which", LARGEST)
def test_it_is_no_larger_than_promised(request, which):
    described = describe(request.getfixturevalue(which))
    assert described["Size"] <= LARGEST[which]
    assert (described["Os"], described["Architecture"]) == ("linux", "amd64")


def test_it_says_what_it_is_and_nothing_of_its_builder(either):
    labels = describe(either)["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == PROJECT["version"]
    assert labels["org.opencontainers.image.revision"]
    history = docker("history", "--no-trunc", either)
    assert "com.amazonaws" in history
    assert "PIP_" not in history  # an index's address may hold a password


def test_it_holds_the_code_and_no_other_file_of_ours(either):
    names = output_of(either, "find", *(f"/opt/program/{room}" for room in sorted(ROOMS)))
    found = {name for name in names.splitlines() if name.rpartition("/")[2].count(".")}
    expected = {
        f"/opt/program/{path.relative_to(ROOT)}"
        for room in ROOMS
        for pattern in ("*.py", "*.json", "page/*")
        for path in (ROOT / room).glob(pattern)
    }
    assert {name for name in found if not name.endswith(".pyc")} == expected


def test_nothing_is_left_to_compile(either):
    assert output_of(either, "python", "-c", WITHOUT_BYTECODE) == "True []\n"


def test_the_image_that_only_serves_says_that_it_cannot_train(serve_image, tmp_path):
    paths = job(tmp_path, train=phrase_set())
    tmp_path.chmod(0o777)  # who runs the container may be no one here
    options = (volume(tmp_path, "/opt/ml", writable=True), "--network=none")
    with running(serve_image, "train", options=options) as container:
        assert container.wait() == 1
        assert "Traceback" not in container.log
    assert paths.failure.read_text().startswith("TensorFlow is not installed here")


def test_a_script_of_the_sdk_finds_the_libraries_and_its_own_modules(image, tmp_path):
    files = {"sm_train.sh": SCRIPT, "train.py": PROGRAM, "beside.py": "SHAPE = (2, 3)"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    tmp_path.chmod(0o755)
    options = ("--network=none", "--read-only", "--tmpfs=/tmp", "--user=12345:0")
    code = volume(tmp_path, "/opt/ml/input/data/sm_drivers")
    with running(
        image,
        "/opt/ml/input/data/sm_drivers/sm_train.sh",
        entrypoint="bash",
        options=(*options, code),
    ) as container:
        assert container.wait() == 0, container.log
        assert f"(2, 3) {PROJECT['version']}" in container.log


def test_line_ends_of_windows_stop_a_build(tmp_path):
    for name in ("Dockerfile", ".dockerignore", *ROOMS):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    script = tmp_path / "container" / "bin" / "serve"
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    done = subprocess.run(
        ["docker", "build", "--force-rm", "--target=code", tmp_path],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "./container/bin/serve\n" in said
    assert "line ends of Windows: run git add --renormalize" in said
