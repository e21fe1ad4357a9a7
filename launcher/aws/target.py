"""What SageMaker has to offer: training jobs and endpoints of one account in one region."""

import os
from pathlib import Path

from launcher.aws.jobs import SagemakerJobs
from launcher.aws.options import AwsOptions, find_options
from launcher.protocols import Target


def aws_target(
    instance: str, root: Path, said: AwsOptions | None, container: tuple[str, ...]
) -> Target:
    """Returns the target; AWS is not asked before something is done with it.

    Args:
        instance: the type of what is new, such as `ml.c5.4xlarge`.
        root: the folder of the records.
        said: on the command line.
        container: the command that plays the image, for the trial of a model.

    Raises:
        LauncherError: `bad_configuration`.
    """
    from launcher.aws.endpoints import SagemakerEndpoints

    serving = serving_options(said)
    return Target(
        training_jobs(instance, root, said),
        SagemakerEndpoints(root, instance, serving, container),
    )


def training_jobs(instance: str, root: Path, said: AwsOptions | None) -> SagemakerJobs:
    """Returns the jobs of such a target.

    Raises:
        LauncherError: `bad_configuration`.
    """
    return SagemakerJobs(root, instance, find_options(said, "train", os.environ, Path.cwd()))


def serving_options(said: AwsOptions | None) -> AwsOptions:
    """Returns all that counts for an endpoint.

    An image that trains serves as well, where no other is said in the same place.

    Raises:
        LauncherError: `bad_configuration`.
    """
    found = find_options(_with_image(said or AwsOptions()), "deploy", os.environ, Path.cwd())
    return _with_image(found)


def _with_image(options: AwsOptions) -> AwsOptions:
    return options.model_copy(update={"serve_image": options.serve_image or options.image})
