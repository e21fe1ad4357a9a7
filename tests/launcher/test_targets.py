import pytest

from launcher.errors import LauncherError
from launcher.targets import target_for


@pytest.mark.parametrize("instance", ["local-docker", "ml.c5.4xlarge", "ml.p4d.24xlarge"])
def test_later_targets_say_when_they_come(tmp_path, instance):
    with pytest.raises(LauncherError) as caught:
        target_for(instance, tmp_path)
    assert caught.value.message == f"The target {instance} comes with the SageMaker release."


@pytest.mark.parametrize("instance", ["Local", "c5.4xlarge", "ml.", "docker", ""])
def test_an_unknown_target_names_the_known_ones(tmp_path, instance):
    with pytest.raises(LauncherError, match=r"Known are local, local-docker and .*ml\.c5\.4xlarge"):
        target_for(instance, tmp_path)
