"""Models that look sound, and jobs that have left them, without TensorFlow."""

from launcher.archives import pack
from launcher.layout import lay_out
from launcher.records import Job, Remote
from music.manifest import GENERATOR_FILE
from tests.tiny_models import describe

GENERATOR = b"\x1c\0\0\0TFL3 a generator that is not asked to play"


def write_archive(path, generator=GENERATOR):
    """Writes a model.tar.gz whose files are as they should be."""
    folder = path.parent / f"files of {path.name}"
    folder.mkdir(parents=True)
    (folder / GENERATOR_FILE).write_bytes(generator)
    describe().write(folder, [GENERATOR_FILE])
    pack(folder, path)
    return path


def completed_job(root, name="mine", *, remote=None, **changes):
    """A job that was completed, with its model."""
    folder = root / name
    folder.mkdir(parents=True)
    instance = "ml.c5.4xlarge" if remote else "local"
    lay_out(folder, instance, {})
    values = {
        "instance": instance,
        "status": "Completed",
        "secondary_status": "Completed",
        "data": "bach",
        "iterations": 3,
        "created": "2026-11-21T00:00:00.000Z",
        "ended": "2026-11-21T00:07:00.000Z",
        "remote": remote,
    }
    job = Job(folder, name, **values | changes).save()
    write_archive(job.artifact)
    return job


def remote_of(aws, name="mine", region="us-east-1"):
    arn = f"arn:aws:sagemaker:{region}:123456789012:training-job/{name}"
    read = '{"read_at": "2026-11-21T01:00:00.000Z"}'  # so late that there is no more to learn
    return Remote(region, arn, f"s3://{aws.bucket}/accompanist/runs/{name}", log_token=read)
