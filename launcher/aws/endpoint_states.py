"""The record of an endpoint in AWS: what was asked for, and what SageMaker says of it now."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from launcher.aws.connection import Connection
from launcher.aws.hosted import describe_config, tags_at
from launcher.aws.hosting import Hosting, kind_of
from launcher.aws.tags import SOURCE
from launcher.names import ANYWHERE_IN_AWS
from launcher.records import Endpoint, Remote, now


def submitted_endpoint(
    hosting: Hosting, folder: Path, arn: str, region: str, *, update: bool
) -> Endpoint:
    """Makes the record of an endpoint that has just been asked for.

    Args:
        hosting: what was asked for.
        folder: of the record.
        arn: of the endpoint.
        region: where it is.
        update: whether there was one of this name.
    """
    return Endpoint(
        folder,
        hosting.endpoint,
        hosting.instance or ANYWHERE_IN_AWS,
        "Updating" if update else "Creating",
        hosting.source,
        url="",
        port=0,
        created=now(),
        image=hosting.image,
        remote=Remote(region, arn),
    ).save()


def found_endpoint(connection: Connection, folder: Path, found: dict[str, Any]) -> Endpoint:
    """Returns the record of an endpoint that was deployed elsewhere; it is not written.

    Args:
        connection: the way to AWS.
        folder: where the record would be.
        found: the description of the endpoint.
    """
    arn = found["EndpointArn"]
    record = Endpoint(
        folder,
        folder.name,
        ANYWHERE_IN_AWS,
        found["EndpointStatus"],
        tags_at(connection, arn).get(SOURCE, ""),
        url="",
        port=0,
        created=found["CreationTime"].isoformat(timespec="milliseconds"),
        remote=Remote(connection.region, arn),
    )
    return seen_endpoint(connection, record, found)


def seen_endpoint(connection: Connection, record: Endpoint, found: dict[str, Any]) -> Endpoint:
    """Returns a record with what SageMaker says; a configuration is asked for only once.

    Args:
        connection: the way to AWS.
        record: as it was.
        found: the description of the endpoint.
    """
    remote = record.remote or Remote(connection.region, found["EndpointArn"])
    config = found.get("EndpointConfigName")
    is_new = config and (config != remote.config or remote.kind is None)
    # A configuration may be deleted before its endpoint: what was known then stays.
    if is_new and (said := describe_config(connection, str(config))):
        output = said.get("AsyncInferenceConfig", {}).get("OutputConfig", {})
        place = output.get("S3OutputPath")
        remote = replace(remote, config=config, kind=kind_of(said), output=place)
        instance = said["ProductionVariants"][0].get("InstanceType", ANYWHERE_IN_AWS)
        record = replace(record, instance=instance)
    status, reason = found["EndpointStatus"], found.get("FailureReason")
    return replace(record, status=status, failure_reason=reason, remote=remote)
