from pathlib import Path

import pytest

from tests.tiny_models import write_model


@pytest.fixture(scope="session")
def voices_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="session")
def unet_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("unet"), "unet")
