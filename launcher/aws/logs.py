"""What a job prints, brought from CloudWatch to `log.txt`: every line once, none lost.

Each start of a job's container has a stream of its own, which appears late. Where each of them goes
on is kept in the job's record, with the length that `log.txt` had then: what a reader that was
ended had written beyond that is written again, not doubled.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from launcher.aws.connection import error_code

GROUP = "/aws/sagemaker/TrainingJobs"

_ABSENT = "ResourceNotFoundException"  # neither the group nor the stream is there yet


@dataclass(frozen=True)
class Place:
    """How far a log was read.

    Attributes:
        size: bytes of `log.txt` that belong to it.
        tokens: of each stream, where it goes on.
        read_at: when it was read last.
    """

    size: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    read_at: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> "Place":
        """Reads what `write` has written; None is the beginning."""
        return cls(**json.loads(text)) if text else cls()

    def write(self) -> str:
        """Writes it as one word for a record."""
        return json.dumps(asdict(self), separators=(",", ":"))


def bring_log(logs: Any, group: str, job: str, log: Path, place: Place, read_at: str) -> Place:
    """Appends what a job has printed since it was last read.

    Args:
        logs: the client of CloudWatch Logs.
        group: the log group.
        job: its name.
        log: the file; what lies in it behind `place.size` is written over.
        place: how far it was read.
        read_at: the time.

    Returns:
        How far it is read now.
    """
    if not log.exists() or log.stat().st_size < place.size:
        log.write_bytes(b"")
        place = Place()  # the file was lost: all of it is brought again
    tokens = dict(place.tokens)
    with log.open("r+b") as file:
        file.truncate(place.size)
        file.seek(place.size)
        for stream in _streams(logs, group, job):
            for message, token in _messages(logs, group, stream, tokens.get(stream)):
                if message is not None:
                    file.write(message.rstrip("\n").encode() + b"\n")
                tokens[stream] = token
        size = file.tell()
    return Place(size, tokens, read_at)


def _streams(logs: Any, group: str, job: str) -> list[str]:
    """Returns the streams of a job in the order of their beginning."""
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix=f"{job}/"
    )
    try:
        found = [stream for page in pages for stream in page["logStreams"]]
    except logs.exceptions.ClientError as error:
        if error_code(error) == _ABSENT:
            return []
        raise
    found.sort(key=lambda stream: (stream.get("creationTime", 0), stream["logStreamName"]))
    return [stream["logStreamName"] for stream in found]


def _messages(
    logs: Any, group: str, stream: str, token: str | None
) -> Iterator[tuple[str | None, str]]:
    """Yields each new line and then, with None, where the stream goes on after it."""
    while True:
        going_on = {"nextToken": token} if token else {}
        try:
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **going_on
            )
        except logs.exceptions.ClientError as error:
            if error_code(error) == _ABSENT:
                return
            raise
        before, token = token, str(page["nextForwardToken"])
        for event in page["events"]:
            yield str(event["message"]), token
        yield None, token
        if token == before:  # CloudWatch's way to say that there is no more
            return
