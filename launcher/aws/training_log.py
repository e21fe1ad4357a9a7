"""Keeps the log of a training job beside its record."""

from dataclasses import replace
from datetime import datetime, timedelta

from launcher.aws.connection import Connection, told
from launcher.aws.logs import GROUP, Place, bring_log
from launcher.records import Job, now

_LATE_S = 60  # lines may come to CloudWatch after the end of a job


def bring_job_log(connection: Connection, job: Job) -> Job:
    """Appends what a job has printed to its `log.txt`; the record must be saved afterwards."""
    if job.remote is None:
        return job
    place = Place.parse(job.remote.log_token)
    with told(f"read the log of {job.name}"):
        place = bring_log(connection.client("logs"), GROUP, job.name, job.log, place, now())
    return replace(job, remote=replace(job.remote, log_token=place.write()))


def is_settled(job: Job) -> bool:
    """Whether all is known of a job: it has ended, and its log was read a while later."""
    if job.is_running or job.ended is None or job.remote is None:
        return False
    read_at = Place.parse(job.remote.log_token).read_at
    if read_at is None:
        return False
    late = timedelta(seconds=_LATE_S)
    return datetime.fromisoformat(read_at) > datetime.fromisoformat(job.ended) + late
