"""What a user says of AWS: on the command line, in the environment, or for a team in a file.

Of the same thing said twice, the command line counts before the environment, and that before
`accompanist.toml` in the working folder:

    [aws]
    region = "eu-central-1"
    role = "arn:aws:iam::123456789012:role/accompanist-execution"
    resource_tags = { project = "choir" }

    [train]
    spot = true
    max_runtime = "4h"

The tables are `[aws]` for everything, and `[train]` and `[deploy]` for one command; their keys are
the fields of `AwsOptions`. The environment has them as `ACCOMPANIST_REGION` and so on, lists and
tables as JSON; region and profile are also read from AWS's own variables.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from launcher.aws.durations import read_duration
from launcher.errors import LauncherError

FILE = "accompanist.toml"
VARIABLE = "ACCOMPANIST_"
TABLES = ("aws", "train", "deploy")

_MOST_BYTES = 100_000
_AWS_VARIABLES = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION"), "profile": ("AWS_PROFILE",)}

# The command line's word, where it is another than the field's.
_WORDS = {
    "subnets": "subnet",
    "security_groups": "security-group",
    "resource_tags": "resource-tag",
    "environment": "env",
    "memory_mb": "memory",
}

Command = Literal["train", "deploy"]
Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[int, BeforeValidator(read_duration)]


class AwsOptions(BaseModel):
    """What may be said of AWS; None, or nothing in a list or a table, is not said.

    Attributes:
        region: such as `eu-central-1`.
        profile: of AWS's own configuration files.
        role: ARN of the role that jobs and endpoints have.
        bucket: for data, runs and models.
        prefix: of all keys in the bucket.
        image: of the container that trains and serves; on `local-docker`, too.
        serve_image: of the one that only serves.
        kms_key: encrypts volumes and outputs.
        subnets: of a VPC, with `security_groups`.
        security_groups: see `subnets`.
        network_isolation: whether containers have no network.
        resource_tags: of everything that is made.
        spot: whether to train on spare capacity, which may be taken away and given again.
        max_runtime: seconds after which a job is stopped.
        max_wait: seconds after which a job on spare capacity is stopped, waiting included.
        keep_alive: seconds for which an instance is kept for the next job.
        volume_gb: of the disk.
        retries: how often SageMaker starts a job again after faults of its own.
        environment: variables of the containers.
        serverless: whether an endpoint has no instances of its own, and costs by request.
        memory_mb: of a serverless endpoint.
        max_concurrency: how many requests a serverless endpoint answers at once.
        asynchronous: whether an endpoint takes requests from S3 and puts its answers there.
        autoscale: how many instances an endpoint has, such as `1:4`.
        ttl: seconds after which `sweep` deletes an endpoint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: Text | None = None
    profile: Text | None = None
    role: Text | None = None
    bucket: Text | None = None
    prefix: Text | None = None
    image: Text | None = None
    serve_image: Text | None = None
    kms_key: Text | None = None
    subnets: list[Text] = []
    security_groups: list[Text] = []
    network_isolation: bool | None = None
    resource_tags: dict[str, str] = {}
    spot: bool | None = None
    max_runtime: Seconds | None = None
    max_wait: Seconds | None = None
    keep_alive: Seconds | None = None
    volume_gb: int | None = None
    retries: int | None = None
    environment: dict[str, str] = {}
    serverless: bool | None = None
    memory_mb: int | None = None
    max_concurrency: int | None = None
    asynchronous: bool | None = None
    autoscale: Text | None = None
    ttl: Seconds | None = None

    def over(self, other: "AwsOptions") -> "AwsOptions":
        """Returns what is said here and, where nothing is, there; tables are merged key by key."""
        values: dict[str, Any] = {}
        for name in AwsOptions.model_fields:
            own, others = getattr(self, name), getattr(other, name)
            if isinstance(own, dict):
                values[name] = {**others, **own}
            else:
                values[name] = others if own in (None, []) else own
        return AwsOptions.model_construct(**values)


def words_of(fields: Iterable[str]) -> list[str]:
    """Returns fields as the command line calls them."""
    return [f"--{_WORDS.get(name, name.replace('_', '-'))}" for name in fields]


def find_options(
    said: AwsOptions | None, command: Command | None, environ: Mapping[str, str], folder: Path
) -> AwsOptions:
    """Returns all that counts.

    Args:
        said: on the command line.
        command: whose table of the file counts besides `[aws]`.
        environ: the environment.
        folder: may hold `accompanist.toml`.

    Raises:
        LauncherError: `bad_configuration`, naming all faults of file and environment.
    """
    faults: list[str] = []
    around = _from_environment(environ, faults)
    filed = read_file(folder / FILE, command, faults)
    if faults:
        raise LauncherError(
            "bad_configuration",
            f"{'; '.join(faults)}.",
            "docs/aws.md lists what can be set, and how it is written.",
        )
    return (said or AwsOptions()).over(around).over(filed)


def read_file(path: Path, command: Command | None, faults: list[str]) -> AwsOptions:
    """Reads what `accompanist.toml` says for a command; adds to `faults` what is wrong in it."""
    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_MOST_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return AwsOptions()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{path} cannot be read: {error}")
        return AwsOptions()
    found = {}
    for table, values in content.items():
        if table not in TABLES or not isinstance(values, dict):
            known = ", ".join(f"[{name}]" for name in TABLES)
            faults.append(f"`{table}` in {path} is no table of {known}")
            continue
        options = _build(values, f" in [{table}] of {path}", faults)
        found[table] = options
    common = found.get("aws", AwsOptions())
    return found.get(command or "aws", AwsOptions()).over(common)


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> AwsOptions:
    values: dict[str, Any] = {}
    for name in AwsOptions.model_fields:
        for variable in (f"{VARIABLE}{name.upper()}", *_AWS_VARIABLES.get(name, ())):
            if text := environ.get(variable):
                values[name] = _decode(text)
                break
    return _build(values, " in the environment", faults, strict=False)


def _decode(text: str) -> Any:
    """Reads lists and tables; numbers and the like are read with their field."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # refused with its field


def _build(
    values: Mapping[str, Any], place: str, faults: list[str], *, strict: bool = True
) -> AwsOptions:
    try:
        return AwsOptions.model_validate(values, strict=strict)
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(map(str, fault["loc"]))
            unknown = fault["type"] == "extra_forbidden"
            said = "is unknown" if unknown else f"is wrong: {fault['msg'].lower()}"
            faults.append(f"`{name}`{place} {said}")
        return AwsOptions()
