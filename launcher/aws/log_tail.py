"""The last lines of a container's log in CloudWatch: they tell why it does not run."""

from typing import Any

from launcher.aws.connection import Connection, error_code, told
from launcher.errors import LauncherError

LINES = 20
ENDPOINTS = "/aws/sagemaker/Endpoints"
TRANSFORMS = "/aws/sagemaker/TransformJobs"


def last_log_lines(connection: Connection, group: str, prefix: str | None = None) -> list[str]:
    """Returns the last lines of the newest log of a group; none if there is no log.

    Args:
        connection: the way to AWS.
        group: such as `/aws/sagemaker/Endpoints/NAME`.
        prefix: of the names of the streams that count; None for all.
    """
    from botocore.exceptions import ClientError

    client = connection.client("logs")
    try:
        with told(f"read the log {group}"):
            try:
                stream = _newest(client, group, prefix)
                if stream is None:
                    return []
                events = client.get_log_events(
                    logGroupName=group, logStreamName=stream, limit=LINES, startFromHead=False
                )["events"]
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":  # it has not printed yet
                    return []
                raise
    except LauncherError as error:  # it adds to a fault, and must not hide it
        return [f"({error.message})"]
    return [str(event["message"]).rstrip() for event in events]


def log_hint(lines: list[str], otherwise: str) -> str:
    """Writes the end of a log as the cure of a fault."""
    return "Its log ends with:\n" + "\n".join(lines) if lines else otherwise


def _newest(client: Any, group: str, prefix: str | None) -> str | None:
    if prefix is None:
        found = client.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
        )
    else:  # CloudWatch does not sort what it finds by its prefix
        found = client.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
    streams = found["logStreams"]
    newest = max(streams, key=lambda each: each.get("lastEventTimestamp", 0), default=None)
    return None if newest is None else str(newest["logStreamName"])
