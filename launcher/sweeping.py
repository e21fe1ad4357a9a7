"""The function behind `sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING

from launcher.folders import ROOT
from launcher.names import ANYWHERE_IN_AWS

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.aws.sweeping import Expired


def sweep(
    *, dry_run: bool = False, root: str | Path = ROOT, aws: "AwsOptions | None" = None
) -> "list[Expired]":
    """Deletes the endpoints in AWS that were deployed with a `ttl` which is over, by whomever.

    Args:
        dry_run: only look.
        root: the folder of the jobs, and of the records of endpoints.
        aws: what is to be known of AWS; one region is swept.

    Returns:
        What has expired, by name: deleted, or with the reason why not.

    Raises:
        LauncherError: if AWS cannot be asked.
    """
    from launcher.aws.endpoints import SagemakerEndpoints
    from launcher.aws.sweeping import sweep_endpoints
    from launcher.aws.target import serving_options

    options = serving_options(aws)
    endpoints = SagemakerEndpoints(Path(root).absolute(), ANYWHERE_IN_AWS, options)
    return sweep_endpoints(endpoints, dry_run=dry_run)
