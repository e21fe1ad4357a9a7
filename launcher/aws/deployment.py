"""Brings an endpoint into service, or another model into one that is in service already."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from launcher.aws import autoscaling
from launcher.aws.connection import Connection, error_message, told
from launcher.aws.hosted import (
    delete_endpoint,
    describe_config,
    describe_endpoint,
    discard,
    discard_others,
    tags_at,
)
from launcher.aws.hosting import (
    ASYNCHRONOUS,
    KINDS,
    SERVERLESS,
    Hosting,
    config_request,
    endpoint_request,
    kind_of,
    model_request,
    update_request,
)
from launcher.aws.log_tail import ENDPOINTS, last_log_lines, log_hint
from launcher.aws.tags import EXPIRES, OURS, written_tags
from launcher.aws.waiting import watch
from launcher.errors import LauncherError

Tell = Callable[[str], None]

# While one of these lasts, SageMaker takes no other request for an endpoint.
BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})

_PHASES = {
    "Creating": "Creating: SageMaker gets the machine, the image and the model, and starts them",
    "Updating": "Updating: the new model starts beside the old one, which still answers",
    "RollingBack": "Rolling back: the new model did not start, the old one still answers",
    "Deleting": "Deleting what was there before",
}


def check_place(connection: Connection, hosting: Hosting, tell: Tell) -> bool:
    """Makes sure that an endpoint can be brought to where it shall be.

    What has failed is deleted, for SageMaker does nothing else with it.

    Returns:
        Whether there is one to be updated.

    Raises:
        LauncherError: `not_ours`, `endpoint_busy`, or `other_kind`.
    """
    name = hosting.endpoint
    found = describe_endpoint(connection, name)
    if found is None:
        return False
    check_ours(connection, name, found)
    status = found["EndpointStatus"]
    if status in BUSY - {"Deleting"}:
        raise busy(name, status)
    if status in ("Failed", "OutOfService", "Deleting"):
        if status != "Deleting":
            delete_endpoint(connection, name)
        _wait(connection, name, tell, until_gone=True)
        return False
    config = describe_config(connection, found["EndpointConfigName"])
    if config is not None and kind_of(config) != hosting.kind:
        raise LauncherError(
            "other_kind",
            f"The endpoint {name} {KINDS[kind_of(config)]}; no update makes it one that "
            f"{KINDS[hosting.kind]}.",
            f"Delete it first with `python -m launcher.delete {name}`, or choose another name.",
        )
    return True


def check_ours(connection: Connection, name: str, found: dict[str, Any]) -> dict[str, str]:
    """Returns an endpoint's tags, if ours is among them.

    Raises:
        LauncherError: `not_ours`.
    """
    tags = tags_at(connection, found["EndpointArn"])
    if OURS not in tags:
        raise LauncherError(
            "not_ours",
            f"The endpoint {name} was not made by this launcher: it has no tag `{OURS}`.",
            "Choose another name; what others have made is left alone.",
        )
    return tags


def busy(name: str, status: str) -> LauncherError:
    """Returns the fault of an endpoint that SageMaker is at work on."""
    return LauncherError(
        "endpoint_busy",
        f"The endpoint {name} is {status}; until that is over, SageMaker does nothing else.",
        f"Try again in some minutes; `python -m launcher.status {name}` shows how it is.",
    )


def submit(
    connection: Connection, hosting: Hosting, model_data: str, *, update: bool, scaled: bool
) -> str:
    """Asks for model, configuration and endpoint; what was made is deleted if one is refused.

    Args:
        connection: the way to AWS.
        hosting: the deployment.
        model_data: S3 URI of the model.tar.gz.
        update: whether there is such an endpoint.
        scaled: whether that one has as many instances as the load needs.

    Returns:
        The endpoint's ARN.
    """
    client = connection.client("sagemaker")
    try:
        create_model(connection, hosting, model_data)
        with told(f"create the endpoint configuration {hosting.resource}"), _taken_twice():
            client.create_endpoint_config(**config_request(hosting))
        with told(f"{'update' if update else 'create'} the endpoint {hosting.endpoint}"):
            call = client.update_endpoint if update else client.create_endpoint
            request = endpoint_request(hosting)
            if update:
                request = update_request(hosting, scaled=scaled)
            return _accepted(connection, hosting, lambda: call(**request))
    except BaseException:
        with contextlib.suppress(LauncherError):
            discard(connection, hosting.resource)
        raise


def create_model(connection: Connection, hosting: Hosting, model_data: str) -> None:
    """Makes the model of a deployment, whose name is a new one."""
    with told(f"create the model {hosting.resource}"), _taken_twice():
        connection.client("sagemaker").create_model(**model_request(hosting, model_data))


@contextlib.contextmanager
def _taken_twice() -> Iterator[None]:
    """Takes no offence at what exists under a name that was made up just now.

    A request whose answer was lost is repeated by botocore.
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if "already existing" not in error_message(error):
            raise


def _accepted(connection: Connection, hosting: Hosting, call: Callable[[], Any]) -> str:
    """Asks for an endpoint and returns its ARN, also where the answer to a first try was lost."""
    from botocore.exceptions import ClientError

    try:
        return str(call()["EndpointArn"])
    except ClientError:
        found = describe_endpoint(connection, hosting.endpoint) or {}
        coming = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        if hosting.resource in (found.get("EndpointConfigName"), coming):
            return str(found["EndpointArn"])
        raise


def follow(connection: Connection, hosting: Hosting, tell: Tell) -> dict[str, Any]:
    """Waits until an endpoint is in service.

    Returns:
        SageMaker's description of it.

    Raises:
        LauncherError: `endpoint_failed`, or `update_failed` if the old model is still served: with
            the reason, and the last lines of the container's log.
    """
    name = hosting.endpoint
    found = _wait(connection, name, tell)
    if found is None:
        raise LauncherError(
            "endpoint_failed",
            f"The endpoint {name} was deleted before it was in service.",
            "Deploy again.",
        )
    config = found.get("EndpointConfigName")
    if found["EndpointStatus"] == "InService" and config == hosting.resource:
        return found
    raise _failure(connection, hosting, found)


def finish(connection: Connection, hosting: Hosting, arn: str, *, update: bool) -> None:
    """Sets up scaling and tags of an endpoint in service, and deletes what it needs no more."""
    if hosting.scales:
        low, high = hosting.instances
        is_later = hosting.kind == ASYNCHRONOUS
        autoscaling.scale(connection, hosting.endpoint, low, high, asynchronous=is_later)
    if update:
        client = connection.client("sagemaker")
        with told(f"tag the endpoint {hosting.endpoint}"):
            client.add_tags(ResourceArn=arn, Tags=written_tags(hosting.tags))
            if hosting.expires is None:
                client.delete_tags(ResourceArn=arn, TagKeys=[EXPIRES])
    discard_others(connection, hosting.endpoint, keep={hosting.resource})


def _wait(
    connection: Connection, name: str, tell: Tell, *, until_gone: bool = False
) -> dict[str, Any] | None:
    """Tells the phases of an endpoint until SageMaker is done with it; None if it is gone."""
    told_of = ""

    def look() -> dict[str, Any] | None:
        nonlocal told_of
        found = describe_endpoint(connection, name)
        status = found["EndpointStatus"] if found else ""
        if status != told_of and status in _PHASES:
            tell(_PHASES[status])
        told_of = status
        return found

    def is_over(found: dict[str, Any] | None) -> bool:
        return found is None or (not until_gone and found["EndpointStatus"] not in BUSY)

    return watch(look, is_over, tell)


@contextlib.contextmanager
def scaling_held(connection: Connection, hosting: Hosting, *, update: bool) -> Iterator[bool]:
    """Ends the scaling of an endpoint for an update, and takes it up again if that fails.

    Yields:
        Whether there was any.
    """
    is_possible = update and hosting.kind != SERVERLESS
    held = autoscaling.hold(connection, hosting.endpoint) if is_possible else None
    try:
        yield held is not None
    except BaseException:
        if held is not None:
            is_later = hosting.kind == ASYNCHRONOUS
            with contextlib.suppress(LauncherError):
                autoscaling.scale(connection, hosting.endpoint, *held, asynchronous=is_later)
        raise


def _failure(connection: Connection, hosting: Hosting, found: dict[str, Any]) -> LauncherError:
    name = hosting.endpoint
    reason = str(found.get("FailureReason", "SageMaker gives no reason")).rstrip(".")
    lines = last_log_lines(connection, f"{ENDPOINTS}/{name}")
    if found["EndpointStatus"] != "InService":
        cure = f"Delete it with `python -m launcher.delete {name}`, or deploy again."
        fault = f"The endpoint {name} is {found['EndpointStatus']}: {reason}."
        return LauncherError("endpoint_failed", fault, log_hint(lines, cure))
    with contextlib.suppress(LauncherError):
        discard(connection, hosting.resource)
    cure = "Look through the model with `python -m launcher.check`, and deploy again."
    fault = f"The endpoint {name} could not be updated, and serves what it served before: {reason}."
    return LauncherError("update_failed", fault, log_hint(lines, cure))
