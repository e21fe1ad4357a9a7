"""Where in the bucket everything lies.

s3://BUCKET/PREFIX/data/SHA256/phrases.npz
s3://BUCKET/PREFIX/runs/JOB/output/model.tar.gz, output.tar.gz    by SageMaker itself
s3://BUCKET/PREFIX/runs/JOB/checkpoints/
s3://BUCKET/PREFIX/models/SHA256/model.tar.gz                     trained elsewhere
"""

from launcher.aws.options import AwsOptions

DEFAULT_PREFIX = "accompanist"


def prefix_of(options: AwsOptions) -> str:
    """Returns what all keys begin with, without a slash at its end."""
    return options.prefix or DEFAULT_PREFIX


def data_prefix(options: AwsOptions) -> str:
    """Returns the beginning of the keys of data sets."""
    return f"{prefix_of(options)}/data"


def runs_uri(options: AwsOptions) -> str:
    """Returns the S3 URI below which SageMaker makes a folder for each job."""
    return f"s3://{options.bucket}/{prefix_of(options)}/runs/"


def checkpoints_uri(options: AwsOptions, name: str) -> str:
    """Returns the S3 URI of a job's checkpoints.

    Without the slash at its end it would stand for those of every job whose name begins so, too.
    """
    return f"{runs_uri(options)}{name}/checkpoints/"
