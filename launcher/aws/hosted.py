"""What AWS has of an endpoint: described, and deleted only where our tag is on it.

A model and a configuration belong to an endpoint by name and by tag, so that what is left of a half
deleted endpoint, or of one whose record is on another machine, is found as well.
"""

from collections.abc import Collection, Iterator
from typing import Any

from launcher.aws.connection import Connection, error_message, told
from launcher.aws.hosting import is_resource_of, name_prefix
from launcher.aws.tags import ENDPOINT, read_tags

# What there is in lists, by what it is called.
_LISTS = {
    "EndpointConfig": ("list_endpoint_configs", "EndpointConfigs"),
    "Model": ("list_models", "Models"),
}


def describe_endpoint(connection: Connection, name: str) -> dict[str, Any] | None:
    """Returns what SageMaker says of an endpoint; None if there is none."""
    with told(f"look at the endpoint {name}"):
        return _if_there(connection, "describe_endpoint", EndpointName=name)


def describe_config(connection: Connection, name: str) -> dict[str, Any] | None:
    """Returns what SageMaker says of an endpoint's configuration; None if there is none."""
    with told(f"look at the endpoint configuration {name}"):
        return _if_there(connection, "describe_endpoint_config", EndpointConfigName=name)


def tags_at(connection: Connection, arn: str) -> dict[str, str]:
    """Returns the tags of something; none if it is not there."""
    with told(f"read the tags of {arn}"):
        said = _if_there(connection, "list_tags", ResourceArn=arn)
    return read_tags(said["Tags"]) if said else {}


def discard(connection: Connection, resource: str) -> None:
    """Deletes a configuration and the model of the same name, as far as they are there."""
    for word in _LISTS:
        _delete(connection, word, resource)


def discard_others(connection: Connection, endpoint: str, keep: Collection[str] = ()) -> int:
    """Deletes the models and configurations of an endpoint.

    Args:
        connection: the way to AWS.
        endpoint: its name.
        keep: the names of those that stay.

    Returns:
        How many were deleted.
    """
    count = 0
    for word in _LISTS:
        for name, arn in list(_candidates(connection, word, endpoint)):
            if name not in keep and tags_at(connection, arn).get(ENDPOINT) == endpoint:
                _delete(connection, word, name)
                count += 1
    return count


def delete_endpoint(connection: Connection, name: str) -> None:
    """Asks SageMaker to delete an endpoint, if it is there; that takes it a minute."""
    with told(f"delete the endpoint {name}"):
        _if_there(connection, "delete_endpoint", EndpointName=name)


def _candidates(connection: Connection, word: str, endpoint: str) -> Iterator[tuple[str, str]]:
    """Yields name and ARN of what could be the endpoint's, by its name."""
    action, field = _LISTS[word]
    with told(f"list what there is of {endpoint}"):
        pages = connection.client("sagemaker").get_paginator(action)
        for page in pages.paginate(NameContains=name_prefix(endpoint)):
            for found in page[field]:
                if is_resource_of(found[f"{word}Name"], endpoint):
                    yield found[f"{word}Name"], found[f"{word}Arn"]


def _delete(connection: Connection, word: str, name: str) -> None:
    action = "delete_model" if word == "Model" else "delete_endpoint_config"
    with told(f"delete {name}"):
        _if_there(connection, action, **{f"{word}Name": name})


def _if_there(connection: Connection, action: str, **parameters: str) -> Any:
    """Calls an action; None if what it is about does not exist."""
    from botocore.exceptions import ClientError

    try:
        return getattr(connection.client("sagemaker"), action)(**parameters)
    except ClientError as error:
        if "could not find" in error_message(error).lower():
            return None
        raise
