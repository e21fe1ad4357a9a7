"""The environment in which the SageMaker SDK knows of no AWS: no credentials, no telemetry."""

import os
from collections.abc import Mapping
from pathlib import Path

from launcher.docker.engine import project_of

_SDK_FILE = Path(__file__).with_name("sdk.yaml")

# What the container shall know as well, if the user has set it.
PASSED = (
    "SAGEMAKER_CONTAINER_LOG_LEVEL",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB",
    "SAGEMAKER_MODEL_SERVER_TIMEOUT",
)


def without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment in which nothing of AWS is found, and nothing is asked or told there.

    The SDK hands the container the credentials that it finds, and asks the network for them where
    it finds none.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",  # the SDK demands one, and asks it nothing
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(_SDK_FILE),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_SDK_FILE),
    }


def of_project(folder: Path) -> dict[str, str]:
    """Returns variables by which Compose takes no other job's container for this one's."""
    return {"COMPOSE_PROJECT_NAME": project_of(folder)}


def for_container(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns what the container shall know of it."""
    return {name: environ[name] for name in PASSED if name in environ}
