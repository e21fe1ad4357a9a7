"""What tests of several rooms share."""

import pytest

from music.chorales import load_chorales


@pytest.fixture(scope="session")
def chorales():
    """The whole Bach data set, from the user's cache; built there first if need be (3 s)."""
    return load_chorales()
