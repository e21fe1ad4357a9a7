"""What tests of several rooms share, and how they are spread over processes."""

import os
import signal
import subprocess

import pytest

from inference.threads import usable_threads
from music.chorales import load_chorales
from tests.tiny_models import write_model

pytest_plugins = ["tests.conformance.table"]

MOST_PROCESSES = 4  # each takes up to 2 GB
MOST_PROCESSES_OF_DOCKER = 2  # each has containers that train beside it
# They begin first, for the last file to begin decides when all are done.
LONGEST = (
    "tests/aws/test_three_targets.py",
    "tests/conformance/test_training_interruptions.py",
    "tests/conformance/test_training_stops.py",
    "tests/test_kill_sweep.py",
    "tests/container/test_training_process.py",
    "tests/training/test_gan.py",
    "tests/training/test_run.py",
    "tests/launcher/test_end_to_end.py",
    "tests/test_load.py",
)


def pytest_addoption(parser):
    """Lets the tests marked `docker` be pointed at other images."""
    group = parser.getgroup("images")
    group.addoption("--image", default="accompanist:latest", help="image that trains and serves")
    group.addoption("--serve-image", default="accompanist:serve", help="image that only serves")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config):
    """Spreads more than one file over a few processes, unless `-n` or `--pdb` is given.

    A file stays in one process, so that what its tests share is made once.
    """
    option = config.option
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    paths = {argument.partition("::")[0] for argument in config.args}
    several = len(paths) != 1 or not paths.pop().endswith(".py")
    if several and option.numprocesses is None and not option.usepdb:
        most = MOST_PROCESSES_OF_DOCKER if option.markexpr.startswith("docker") else MOST_PROCESSES
        option.numprocesses = min(most, usable_threads())
    if option.numprocesses and option.dist == "no":
        option.dist = "loadfile"
        option.loadscopereorder = False  # the order is below


def pytest_configure():
    """Undoes what `nohup` and `&` of a shell do to the signals that tests send."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if "PYTEST_XDIST_WORKER" in os.environ:  # the others need the cores, too
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def pytest_collection_modifyitems(items):
    """Puts the longest files first."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(LONGEST)))


@pytest.fixture(scope="session")
def chorales():
    """The whole Bach data set, from the user's cache; built there first if need be (3 s)."""
    return load_chorales()


@pytest.fixture(scope="session")
def voices_folder(tmp_path_factory):
    """A model folder of architecture `voices` whose answers are known, see `tiny_models`."""
    return write_model(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="session")
def unet_folder(tmp_path_factory):
    """The same of architecture `unet`."""
    return write_model(tmp_path_factory.mktemp("unet"), "unet")


@pytest.fixture(scope="session")
def image(pytestconfig):
    """The name of the image that trains and serves."""
    return existing_image(pytestconfig.getoption("--image"))


@pytest.fixture(scope="session")
def serve_image(pytestconfig):
    """The name of the image that only serves."""
    return existing_image(pytestconfig.getoption("--serve-image"))


def existing_image(name):
    """Returns an image's name, and fails where no engine answers or has it."""
    command = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.fail("The command docker is not there. Install a Docker engine.", pytrace=False)
    except subprocess.CalledProcessError as error:
        cure = "Build the images with `make image`."
        pytest.fail(f"{error.stderr.strip()}\n{cure}", pytrace=False)
    return name
