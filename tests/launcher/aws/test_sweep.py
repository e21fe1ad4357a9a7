"""Endpoints with an end, deleted by whoever sweeps."""

from datetime import UTC, datetime, timedelta

import pytest

from launcher.aws.options import AwsOptions
from launcher.records import Endpoint
from launcher.sweeping import sweep
from tests.aws.fixtures import CONFIG, ENDPOINT, MODEL, REGION
from tests.aws.lifecycles import step
from tests.launcher.aws.serving import archive, deploy, endpoints, no_pauses, root

__all__ = ["archive", "no_pauses", "root"]

PLACE = AwsOptions(region=REGION)
PAST = datetime.now(UTC) - timedelta(minutes=1)


def expire(aws, name, when=PAST):
    tags = aws.sagemaker.tags[aws.sagemaker.get(ENDPOINT, name).arn]
    assert "accompanist:expires" in tags
    tags["accompanist:expires"] = when if isinstance(when, str) else when.isoformat()


@pytest.fixture
def three(aws, root, archive):
    """`short` has expired, `long` has not, and `endless` never will."""
    deploy(root, archive, name="short", ttl="1h")
    deploy(root, archive, name="long", ttl="2d")
    deploy(root, archive, name="endless")
    expire(aws, "short")


def test_what_has_expired_is_deleted_with_all_that_belongs_to_it(aws, root, tmp_path, three):
    [found] = sweep(root=tmp_path / "another machine", aws=PLACE)
    assert (found.name, found.expires, found.deleted, found.reason) == ("short", PAST, True, "")
    for kind in (MODEL, CONFIG):
        assert sorted(name[:-21] for name in aws.sagemaker.names(kind)) == ["endless", "long"]
    endpoints(root).find("short")  # sees the end of it
    assert sweep(root=root, aws=PLACE) == []


def test_looking_deletes_nothing(aws, root, three):
    [found] = sweep(dry_run=True, root=root, aws=PLACE)
    assert (found.name, found.deleted) == ("short", False)
    assert "sagemaker:DeleteEndpoint" not in aws.actions()


def test_what_is_not_ours_stays_whatever_its_tags_say(aws, root, three):
    del aws.sagemaker.tags[aws.sagemaker.get(ENDPOINT, "short").arn]["accompanist"]
    assert sweep(root=root, aws=PLACE) == []
    assert aws.sagemaker.get(ENDPOINT, "short")


@pytest.mark.parametrize("written", ["tomorrow", "", "2020-01-01T00:00:00"])
def test_a_time_that_nobody_can_read_is_none(aws, root, three, written):
    expire(aws, "short", written)
    assert sweep(root=root, aws=PLACE) == []


def test_what_sagemaker_is_at_work_on_is_left_with_a_reason(aws, root, archive, three):
    expire(aws, "long")
    aws.sagemaker.get(ENDPOINT, "long").step = step("Updating")
    left, gone = sweep(root=root, aws=PLACE)
    assert (left.name, left.deleted) == ("long", False)
    assert "is Updating" in left.reason
    assert (gone.name, gone.deleted) == ("short", True)


def test_an_endpoint_of_this_machine_with_the_same_name_stays(aws, tmp_path, three):
    folder = tmp_path / "another machine" / "endpoints" / "short"
    folder.mkdir(parents=True)
    here = Endpoint(folder, "short", "local", "InService", "mine", "", 8080, "2026-11-21").save()
    assert endpoints(tmp_path / "another machine").find("short").remote is not None
    [found] = sweep(root=tmp_path / "another machine", aws=PLACE)
    assert (found.name, found.deleted) == ("short", True)
    assert Endpoint.read(folder) == here


def test_an_update_writes_the_end_anew(aws, root, archive, three):
    deploy(root, archive, name="short", ttl="1h")
    assert sweep(root=root, aws=PLACE) == []
    deploy(root, archive, name="long")  # has no end any more
    assert "accompanist:expires" not in aws.tags(ENDPOINT, "long")


def test_all_pages_are_read(aws, root, archive):
    for number in range(12):  # SageMaker lists ten at a time
        deploy(root, archive, name=f"e{number}", ttl="1h")
        expire(aws, f"e{number}")
    assert len(sweep(dry_run=True, root=root, aws=PLACE)) == 12
