"""What SageMaker refuses, found before it is asked: the bounds of its API reference.

botocore checks types, required members and minimums only. Each checker returns clauses, one for a
fault, that name the field as users write it; `require` tells all of them in one sentence.

A warning is what the API takes although a page of the guide says otherwise.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from launcher.aws.options import AwsOptions
from launcher.errors import LauncherError
from launcher.names import MAX_LENGTH, is_name

DAY_S = 86400
MAX_RUNTIME_S = 28 * DAY_S
DEFAULT_RUNTIME_S = 4 * 3600
MAX_KEEP_ALIVE_S = 21600
MAX_VOLUME_GB = 16384  # of an EBS volume
MAX_URI = 1024

_LONG_VALUE = 256  # a hyperparameter's, by the guide's prose; its reference says 2500
_LONG_KEEP_ALIVE_S = 3600  # by the guide

_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", re.ASCII)
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_IMAGE = re.compile(r"\S+")
_KMS_KEY = re.compile(r"[a-zA-Z0-9:/_-]*")
_TAG_SIGNS = frozenset("_.:/=+-@")
_VPC_PART = re.compile(r"[-0-9a-zA-Z]+")

Found = list[str]


def require(faults: Sequence[str]) -> None:
    """Tells what is wrong.

    Raises:
        LauncherError: `beyond_limits`, naming all faults, if there is one.
    """
    if faults:
        raise LauncherError(
            "beyond_limits",
            f"SageMaker would refuse this: {'; '.join(faults)}.",
            "docs/aws.md lists what can be said, and how it is written.",
        )


def training_faults(
    options: AwsOptions, name: str | None, hyperparameters: Mapping[str, str]
) -> Found:
    """Checks all that a training job is made of.

    Args:
        options: None in a field is not checked.
        name: of the job; None if it will be generated.
        hyperparameters: strings to strings.
    """
    return [
        *([] if name is None else name_faults("name", name)),
        *hyperparameter_faults(hyperparameters),
        *place_faults(options),
        *time_faults(options),
        *environment_faults(options.environment, most=100, key_length=512, value_length=512),
        *tag_faults(options.resource_tags, reserved=1),
    ]


def place_faults(options: AwsOptions) -> Found:
    """Checks what jobs and models have in common: role, images, S3, encryption, network."""
    return [
        *_pattern("role", options.role, _ROLE, (20, 2048), "the ARN of an IAM role"),
        *_pattern("image", options.image, _IMAGE, (1, 255), "an image's name"),
        *_pattern("serve_image", options.serve_image, _IMAGE, (1, 255), "an image's name"),
        *_pattern("bucket", options.bucket, _BUCKET, (3, 63), "a bucket's name, without s3://"),
        *_prefix_faults(options.prefix),
        *_pattern("kms_key", options.kms_key, _KMS_KEY, (1, 2048), "a key's id, alias or ARN"),
        *_vpc_faults(options),
    ]


def time_faults(options: AwsOptions) -> Found:
    """Checks how long a job may take and what it may use meanwhile."""
    spot, wait = bool(options.spot), options.max_wait
    longest = DEFAULT_RUNTIME_S if options.max_runtime is None else options.max_runtime
    faults = [
        *_range("max_runtime", longest, 1, MAX_RUNTIME_S, " seconds"),
        *_range("max_wait", wait, 1, 30 * DAY_S, " seconds"),
        *_range("keep_alive", options.keep_alive, 0, MAX_KEEP_ALIVE_S, " seconds"),
        *_range("volume_gb", options.volume_gb, 1, MAX_VOLUME_GB, ""),
        *_range("retries", options.retries, 1, 30, ""),
    ]
    if wait is not None and not spot:
        faults.append("`max_wait` is for `spot` only")
    if wait is not None and wait < longest:
        faults.append(f"`max_wait` is {wait} seconds, less than `max_runtime`, {longest}")
    if spot and options.keep_alive:
        faults.append("`keep_alive` and `spot` exclude each other")
    return faults


def name_faults(field: str, name: str) -> Found:
    """Checks the name of a job, an endpoint or a variant."""
    if is_name(name):
        return []
    fault = f"has {len(name)} characters" if len(name) > MAX_LENGTH else "has others"
    rule = f"1 to {MAX_LENGTH} letters, digits and inner hyphens"
    return [f"`{field}` must be {rule}; {_shown(name)} {fault}"]


def hyperparameter_faults(values: Mapping[str, str]) -> Found:
    """Checks the number of hyperparameters and their lengths."""
    faults = _count("hyperparameters", len(values), 0, 100)
    for name, value in values.items():
        faults += _length(f"hyperparameter {name[:_LONG_VALUE]}", name, 256, "name")
        faults += _length(f"hyperparameter {name[:_LONG_VALUE]}", value, 2500, "value")
    return faults


def environment_faults(
    values: Mapping[str, str], *, most: int, key_length: int, value_length: int
) -> Found:
    """Checks the variables of a container; models may have longer ones than jobs."""
    faults = _count("environment", len(values), 0, most)
    for name, value in values.items():
        if not _VARIABLE.fullmatch(name):
            faults.append(f"`environment` has {_shown(name)}, which is no variable's name")
        faults += _length(f"environment {name[:80]}", name, key_length, "name")
        faults += _length(f"environment {name[:80]}", value, value_length, "value")
    return faults


def tag_faults(tags: Mapping[str, str], *, reserved: int) -> Found:
    """Checks the tags of a user, beside which there are `reserved` of ours."""
    faults = _count("resource_tags", len(tags), 0, 50 - reserved)
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or not _is_tag_text(key):
            faults.append(f"`resource_tags` has {_shown(key)}, which is no tag's name")
        elif key.lower().startswith("aws:"):
            faults.append(f"`resource_tags` has {_shown(key)}; names beginning with aws: are AWS's")
        elif key.lower().startswith("accompanist"):
            faults.append(f"`resource_tags` has {_shown(key)}, which is set by the launcher itself")
        if len(value) > 256 or not _is_tag_text(value):
            faults.append(f"`resource_tags` has for {_shown(key)} a value that no tag can have")
    return faults


def uri_faults(field: str, uri: str) -> Found:
    """Checks an S3 URI."""
    bucket = uri.removeprefix("s3://").partition("/")[0]
    if not uri.startswith("s3://") or not _BUCKET.fullmatch(bucket):
        return [f"`{field}` must be s3://BUCKET/KEY; {_shown(uri)} is not"]
    return _length(field, uri, MAX_URI, "value")


def training_warnings(options: AwsOptions, hyperparameters: Mapping[str, str]) -> Found:
    """Says in sentences what may go wrong though nobody refuses it."""
    said = [
        f"The hyperparameter `{name}` has {len(value)} characters: SageMaker's reference allows "
        f"2500, its guide {_LONG_VALUE}."
        for name, value in hyperparameters.items()
        if len(value) > _LONG_VALUE
    ]
    if (options.keep_alive or 0) > _LONG_KEEP_ALIVE_S:
        said.append(f"`keep_alive` is above the {_LONG_KEEP_ALIVE_S} seconds of SageMaker's guide.")
    if options.network_isolation and hyperparameters.get("progress_s3_uri"):
        said.append("`network_isolation` keeps the job from writing to its `progress_s3_uri`.")
    return said


def _vpc_faults(options: AwsOptions) -> Found:
    subnets, groups = options.subnets, options.security_groups
    if not subnets and not groups:
        return []
    faults = _count("subnets", len(subnets), 1, 16) + _count("security_groups", len(groups), 1, 5)
    for field, values in (("subnets", subnets), ("security_groups", groups)):
        for value in values:
            faults += _pattern(field, value, _VPC_PART, (1, 32), "an id of the VPC's")
    return faults


def _prefix_faults(prefix: str | None) -> Found:
    if prefix is None:
        return []
    if prefix.startswith("/") or prefix.endswith("/") or not prefix.isascii():
        return [f"`prefix` must be plain, without / at its ends; {_shown(prefix)} is not"]
    return _length("prefix", prefix, MAX_URI - 300, "value")  # names and file names follow


def _pattern(
    field: str, value: str | None, pattern: re.Pattern[str], lengths: tuple[int, int], rule: str
) -> Found:
    if value is None or (
        lengths[0] <= len(value) <= lengths[1] and pattern.fullmatch(value) is not None
    ):
        return []
    return [f"`{field}` must be {rule}; {_shown(value)} is not"]


def _range(field: str, value: int | None, least: int, most: int, unit: str) -> Found:
    if value is None or least <= value <= most:
        return []
    return [f"`{field}` must be {least} to {most}{unit}, not {value}"]


def _count(field: str, count: int, least: int, most: int) -> Found:
    if least <= count <= most:
        return []
    return [f"`{field}` must be {least} to {most}, not {count}"]


def _length(field: str, text: str, most: int, part: str) -> Found:
    if len(text) <= most:
        return []
    return [f"`{field}` has a {part} of {len(text)} characters, more than {most}"]


def _is_tag_text(text: Iterable[str]) -> bool:
    """Whether all characters are letters, digits, separators or one of few signs."""
    import unicodedata

    return all(
        sign in _TAG_SIGNS or unicodedata.category(sign)[0] in ("L", "Z", "N") for sign in text
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
