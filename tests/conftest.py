"""What tests of several rooms share."""

import signal

import pytest

from music.chorales import load_chorales
from tests.tiny_models import write_model


def pytest_configure():
    """Undoes what `nohup` and `&` of a shell do to the signals that tests send."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
