"""The bounds of SageMaker's API reference: just within each of them, and just beyond."""

import pytest

from launcher.aws.limits import (
    environment_faults,
    require,
    tag_faults,
    training_faults,
    training_warnings,
    uri_faults,
)
from launcher.aws.options import AwsOptions
from launcher.errors import LauncherError
from training.metric_lines import METRIC_DEFINITIONS

ROLE = "arn:aws:iam::123456789012:role/"


def found(name=None, hyperparameters=None, **options):
    return training_faults(AwsOptions(**options), name, hyperparameters or {})


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("role", f"{ROLE}team/accompanist-execution", "accompanist-execution"),
        ("role", f"{ROLE}{'r' * (2048 - len(ROLE))}", f"{ROLE}{'r' * (2049 - len(ROLE))}"),
        ("role", "arn:aws-cn:iam::123456789012:role/r", "arn:aws:iam::12345678901:role/r"),
        ("role", f"{ROLE}a+b=c,d.e@f-g", f"{ROLE}a b"),
        ("image", "i" * 255, "i" * 256),
        ("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/accompanist:0.1.0", "an image"),
        ("serve_image", "i" * 255, "i" * 256),
        ("bucket", "abc", "ab"),
        ("bucket", "b" * 63, "b" * 64),
        ("bucket", "my.bucket-1", "s3://my-bucket"),
        ("bucket", "my-bucket", "My-bucket"),
        ("prefix", "music/accompanist", "music/"),
        ("prefix", "p" * 724, "p" * 725),
        ("kms_key", "alias/music", "alias music"),
        ("kms_key", "k" * 2048, "k" * 2049),
        ("max_runtime", 1, 0),
        ("max_runtime", 28 * 86400, 28 * 86400 + 1),
        ("keep_alive", 21600, 21601),
        ("volume_gb", 1, 0),
        ("volume_gb", 16384, 16385),
        ("retries", 1, 0),
        ("retries", 30, 31),
        ("environment", {"E" * 512: "v" * 512}, {"E" * 513: ""}),
        ("environment", {"_a9": ""}, {"9a": ""}),
        ("environment", {"A": "v" * 512}, {"A": "v" * 513}),
        (
            "environment",
            {f"A{n}": "" for n in range(100)},
            {f"A{n}": "" for n in range(101)},
        ),
        ("resource_tags", {"k" * 128: "v" * 256}, {"k" * 129: ""}),
        ("resource_tags", {"Projekt Größe": "a_b.c:d/e=f+g-h@i ¼"}, {"project": "a,b"}),
        ("resource_tags", {"k": "v" * 256}, {"k": "v" * 257}),
        ("resource_tags", {"laws:a": ""}, {"AWS:a": ""}),
        ("resource_tags", {"owner": ""}, {"accompanist": "mine"}),
        ("resource_tags", {"owner": ""}, {"": "x"}),
        (
            "resource_tags",
            {f"t{n}": "" for n in range(49)},
            {f"t{n}": "" for n in range(50)},
        ),
    ],
)
def test_every_bound_has_two_sides(field, good, bad):
    assert found(**{field: good}) == []
    (fault,) = found(**{field: bad})
    assert fault.startswith(f"`{field}") or fault.startswith(f"`{field.split('_')[0]} ")


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("a", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("a--b", True),
        ("a-", False),
        ("-a", False),
        ("a_b", False),
        ("ä", False),
        ("a\n", False),
    ],
)
def test_names(name, is_good):
    faults = found(name)
    assert (faults == []) == is_good
    assert all(fault.startswith("`name` must be 1 to 63 letters") for fault in faults)


def test_hyperparameters_are_counted_and_measured():
    assert found(hyperparameters={f"p{n}": "" for n in range(100)}) == []
    assert found(hyperparameters={f"p{n}": "" for n in range(101)}) == [
        "`hyperparameters` must be 0 to 100, not 101"
    ]
    assert found(hyperparameters={"n" * 256: "v" * 2500}) == []
    faults = found(hyperparameters={"n" * 257: "v", "long": "v" * 2501})
    assert [fault.partition("` ")[2] for fault in faults] == [
        "has a name of 257 characters, more than 256",
        "has a value of 2501 characters, more than 2500",
    ]


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"spot": True}, []),
        ({"spot": True, "max_runtime": 60, "max_wait": 60}, []),
        (
            {"spot": True, "max_runtime": 60, "max_wait": 59},
            ["`max_wait` is 59 seconds, less than `max_runtime`, 60"],
        ),
        (
            {"spot": True, "max_wait": 7200},
            ["`max_wait` is 7200 seconds, less than `max_runtime`, 14400"],
        ),
        ({"max_wait": 14400}, ["`max_wait` is for `spot` only"]),
        ({"spot": True, "keep_alive": 60}, ["`keep_alive` and `spot` exclude each other"]),
        ({"spot": True, "keep_alive": 0}, []),
        ({"subnets": ["s"], "security_groups": ["g"]}, []),
        ({"subnets": ["s"]}, ["`security_groups` must be 1 to 5, not 0"]),
        ({"security_groups": ["g"]}, ["`subnets` must be 1 to 16, not 0"]),
        (
            {"subnets": ["s"] * 17, "security_groups": ["g"] * 6},
            ["`subnets` must be 1 to 16, not 17", "`security_groups` must be 1 to 5, not 6"],
        ),
        (
            {"subnets": ["a/b"], "security_groups": ["g"]},
            ["`subnets` must be an id of the VPC's; 'a/b' is not"],
        ),
    ],
)
def test_what_goes_together(options, faults):
    assert found(**options) == faults


def test_all_faults_are_told_at_once():
    faults = found("a_b", {"long": "v" * 2501}, role="me", max_runtime=0, retries=99, image="a b")
    assert len(faults) == 6
    with pytest.raises(LauncherError, match=r"`name`.*`hyperparameter long`.*`role`") as error:
        require(faults)
    assert error.value.code == "beyond_limits"
    assert all(fault in error.value.message for fault in faults)
    require([])


def test_bounds_that_pages_disagree_on_are_warned_of():
    options = AwsOptions(keep_alive=3601, network_isolation=True)
    assert training_faults(options, None, {}) == []
    said = training_warnings(options, {"long": "v" * 257, "progress_s3_uri": "s3://b/p"})
    assert [
        word for each in said for word in ("`long`", "`keep_alive`", "isolation") if word in each
    ]
    assert len(said) == 3
    assert training_warnings(AwsOptions(keep_alive=3600), {"short": "v" * 256}) == []


def test_models_may_have_longer_variables_than_jobs():
    values = {"A" * 600: "v" * 600}
    assert environment_faults(values, most=100, key_length=1024, value_length=1024) == []
    assert len(environment_faults(values, most=100, key_length=512, value_length=512)) == 2


def test_tags_are_counted_beside_ours():
    tags = {f"t{n}": "" for n in range(48)}
    assert tag_faults(tags, reserved=2) == []
    assert len(tag_faults(tags, reserved=3)) == 1


@pytest.mark.parametrize(
    ("uri", "is_good"),
    [
        ("s3://abc", True),
        ("s3://abc/k" + "k" * 1014, True),
        ("s3://abc/kk" + "k" * 1014, False),
        ("s3://", False),
        ("s3://A/b", False),
        ("https://abc/b", False),
    ],
)
def test_s3_uris(uri, is_good):
    assert (uri_faults("data", uri) == []) == is_good


def test_our_metric_definitions_are_within_bounds():
    assert 1 <= len(METRIC_DEFINITIONS) <= 40
    assert all(len(name) <= 255 and len(regex) <= 500 for name, regex in METRIC_DEFINITIONS)
    assert all(regex.count("(") == 1 for _, regex in METRIC_DEFINITIONS)
