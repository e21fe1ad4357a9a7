import pytest

from launcher.errors import LauncherError
from launcher.targets import target_for


@pytest.mark.parametrize("instance", ["ml.c5.4xlarge", "ml.p4d.24xlarge"])
def test_instance_types_are_in_aws(tmp_path, instance):
    target = target_for(instance, tmp_path)
    assert (target.jobs.instance, target.endpoints.instance) == (instance, instance)


@pytest.mark.parametrize("instance", ["Local", "c5.4xlarge", "ml.", "ml.c5", "docker", ""])
def test_an_unknown_target_names_the_known_ones(tmp_path, instance):
    with pytest.raises(LauncherError, match=r"Known are local, local-docker and .*ml\.c5\.4xlarge"):
        target_for(instance, tmp_path)
