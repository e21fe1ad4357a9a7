"""Prepares an account: deploys `infra/accompanist.yaml` and writes down what came of it."""

import importlib.metadata
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.aws.connection import connect
from launcher.aws.options import FILE, AwsOptions, find_options
from launcher.aws.stack import StackDeployment
from launcher.aws.team_file import TeamFile, write_team_file
from launcher.errors import LauncherError

STACK = "accompanist"
TEMPLATE = Path(__file__).parents[2] / "infra" / "accompanist.yaml"

_STACK_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 30  # of the bucket's 63, account and region need the rest
_GITHUB = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]+/.+\.zip)")

# The outputs of the stack that go to the team's file.
_KEYS = {
    "region": "Region",
    "bucket": "Bucket",
    "role": "Role",
    "image": "Image",
    "serve_image": "ServeImage",
}


@dataclass(frozen=True)
class Plan:
    """What will be deployed.

    Attributes:
        stack: its name.
        region: where; None if that is not said.
        parameters: of the template; None for as they were, or its defaults.
        template: its text.
    """

    stack: str
    region: str | None
    parameters: dict[str, str | None]
    template: str

    def describe(self) -> dict[str, Any]:
        """Returns it for scripts."""
        return {
            "stack": self.stack,
            "region": self.region,
            "parameters": {name: value for name, value in self.parameters.items() if value},
            "template": self.template,
        }


@dataclass(frozen=True)
class Installation:
    """What an account has now.

    Attributes:
        stack: its name.
        outputs: of the stack, by name.
        file: the team's file, as it was written.
    """

    stack: str
    outputs: dict[str, str] = field(repr=False)
    file: TeamFile

    def describe(self) -> dict[str, Any]:
        """Returns it for scripts."""
        return {
            "stack": self.stack,
            "outputs": self.outputs,
            "file": str(self.file.path),
            "kept": dict(self.file.kept),
        }


def plan_setup(
    *,
    stack: str = STACK,
    options: AwsOptions | None = None,
    source: str | None = None,
    run_days: int | None = None,
    folder: Path | None = None,
) -> Plan:
    """Says what `setup` would deploy, with the same arguments; asks nobody.

    Raises:
        LauncherError: `bad_name`, `bad_source`, `bad_configuration`, or `no_template` where the
            project is installed without its checkout.
    """
    if len(stack) > _LONGEST_NAME or not _STACK_NAME.fullmatch(stack):
        raise LauncherError(
            "bad_name",
            f"A stack's name has 1 to {_LONGEST_NAME} lower-case letters, digits and inner "
            f"hyphens, a letter first, for its bucket has it too; {stack[:80]!r} has not.",
            f"A good one would be {STACK}.",
        )
    found = find_options(options, None, os.environ, folder or Path.cwd())
    kind, location = _read_source(source)
    parameters = {
        "Prefix": found.prefix,
        "Version": importlib.metadata.version("accompanist"),
        "RunDays": None if run_days is None else str(run_days),
        "KmsKey": found.kms_key,
        "Subnets": ",".join(found.subnets) or None,
        "SecurityGroups": ",".join(found.security_groups) or None,
        "SourceType": kind,
        "SourceLocation": location,
    }
    return Plan(stack, found.region, parameters, _read_template())


def setup(
    *,
    stack: str = STACK,
    options: AwsOptions | None = None,
    source: str | None = None,
    run_days: int | None = None,
    folder: Path | None = None,
    on_event: Callable[[str], None] = lambda _: None,
) -> Installation:
    """Deploys or changes the stack, waits, and writes `accompanist.toml`.

    Args:
        stack: its name.
        options: region and profile, if not from the environment or the file; bucket keys' prefix,
            KMS key and network are taken from there.
        source: of the images, a repository on GitHub or a zip file in S3; as it was if None.
        run_days: after so many days what training jobs left is deleted, 0 for never; as it was if
            None.
        folder: of `accompanist.toml`; the working folder if None.
        on_event: takes a sentence whenever a part of the stack is done or has failed.

    Raises:
        LauncherError: what `plan_setup`, `connect` and `StackDeployment.run` raise.
    """
    folder = folder or Path.cwd()
    plan = plan_setup(stack=stack, options=options, source=source, run_days=run_days, folder=folder)
    profile = find_options(options, None, os.environ, folder).profile
    client = connect(plan.region, profile).client("cloudformation")
    outputs = StackDeployment(client, stack, on_event).run(plan.template, plan.parameters)
    values = {key: outputs[name] for key, name in _KEYS.items()}
    return Installation(stack, outputs, write_team_file(folder / FILE, values))


def _read_source(source: str | None) -> tuple[str | None, str | None]:
    """Returns CodeBuild's type and location of a source."""
    if source is None:
        return None, None
    if _GITHUB.fullmatch(source):
        return "GITHUB", source
    if found := _S3.fullmatch(source):
        return "S3", found[1]
    raise LauncherError(
        "bad_source",
        f"{source!r} is neither a repository on GitHub nor a zip file in S3.",
        "Write it as https://github.com/OWNER/NAME or s3://BUCKET/KEY.zip.",
    )


def _read_template() -> str:
    try:
        return TEMPLATE.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LauncherError(
            "no_template",
            "The template infra/accompanist.yaml is not part of this installation.",
            "Run the command in a checkout of the project, where `make train` works too.",
        ) from error
