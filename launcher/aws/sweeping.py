"""Endpoints with an end: who has said how long one shall live, need not remember it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from launcher.aws.connection import Connection, told
from launcher.aws.endpoints import SagemakerEndpoints
from launcher.aws.hosted import tags_at
from launcher.aws.tags import EXPIRES, OURS
from launcher.errors import LauncherError


@dataclass(frozen=True)
class Expired:
    """An endpoint whose time is over.

    Attributes:
        name: of the endpoint.
        expires: when its time was over.
        deleted: whether it was deleted.
        reason: why not, a sentence.
    """

    name: str
    expires: datetime
    deleted: bool = False
    reason: str = ""

    def describe(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        expires = self.expires.isoformat(timespec="seconds")
        return {
            "name": self.name,
            "expires": expires,
            "deleted": self.deleted,
            "reason": self.reason,
        }


def sweep_endpoints(endpoints: SagemakerEndpoints, *, dry_run: bool) -> list[Expired]:
    """Deletes what has expired in a region.

    Returns:
        All that has, by name. What SageMaker is at work on is left for the next time.
    """
    now = datetime.now(UTC)
    found = sorted(_expiring(endpoints.connection))
    over = [Expired(name, expires) for name, expires in found if expires <= now]
    return over if dry_run else [_delete(each, endpoints) for each in over]


def _expiring(connection: Connection) -> Iterator[tuple[str, datetime]]:
    """Yields the endpoints of ours that have an end, and when it is."""
    with told("list the endpoints"):
        pages = connection.client("sagemaker").get_paginator("list_endpoints").paginate()
        known = [
            (each["EndpointName"], each["EndpointArn"])
            for page in pages
            for each in page["Endpoints"]
        ]
    for name, arn in known:
        tags = tags_at(connection, arn)
        if OURS in tags and (expires := _read_time(tags.get(EXPIRES, ""))) is not None:
            yield name, expires


def _read_time(text: str) -> datetime | None:
    """Returns a time with its zone; None for what somebody else has written."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def _delete(expired: Expired, endpoints: SagemakerEndpoints) -> Expired:
    try:
        endpoints.delete(expired.name)
    except LauncherError as error:
        return replace(expired, reason=error.message)
    return replace(expired, deleted=True)
