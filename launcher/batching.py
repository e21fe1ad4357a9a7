"""The function behind `batch`."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import targets
from launcher.endpoints import find_artifact
from launcher.errors import LauncherError
from launcher.folders import ROOT, exact_folder
from launcher.names import ANYWHERE_IN_AWS, generate_name
from launcher.records import JOB_FILE

if TYPE_CHECKING:
    from launcher.aws.endpoints import SagemakerEndpoints
    from launcher.aws.options import AwsOptions
    from launcher.aws.transform import Batch

INSTANCE = "ml.m5.large"


def batch(
    model: str | Path,
    source: str,
    output: str,
    *,
    instance: str = INSTANCE,
    jsonlines: bool = False,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    on_phase: Callable[[str], None] = lambda _phase: None,
) -> "Batch":
    """Has all melodies of a folder in S3 accompanied, and returns when the songs are there.

    Args:
        model: an endpoint in AWS, whose model is taken; a job, or a model.tar.gz.
        source: S3 URI that the keys of the requests begin with: MIDI files, nothing else.
        output: S3 URI of the folder of the songs, each named as its melody and `.out`.
        instance: the type of the machine.
        jsonlines: whether the requests are files with one JSON request a line instead.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        on_phase: called with a few words when a new phase begins.

    Raises:
        LauncherError: `beyond_limits`, `not_set_up`, `no_such_job`, `broken_model`, `batch_failed`
            with the reason and the end of the log, `batch_stopped`, or what AWS refuses.
        KeyboardInterrupt: after Ctrl-C, which stops it.
    """
    from launcher.aws.endpoints import SagemakerEndpoints
    from launcher.aws.hosting_limits import batch_faults
    from launcher.aws.limits import require
    from launcher.aws.readiness import SERVING, require_ready
    from launcher.aws.target import serving_options
    from launcher.aws.transform import JSON_LINES, MIDI, Batch, run_batch

    options = serving_options(aws)
    require(batch_faults(source, output, instance, options))
    connection = require_ready(options, SERVING, "Batch transform")
    endpoints = SagemakerEndpoints(
        Path(root).absolute(), ANYWHERE_IN_AWS, options, targets.CONTAINER
    )
    name = generate_name(f"batch-{Path(model).name}", datetime.now(UTC))
    with _model(model, name, endpoints, root, on_phase) as (resource, served):
        kind = JSON_LINES if jsonlines else MIDI
        made = Batch(name, resource, served, source, output, instance, kind)
        run_batch(connection, made, options, on_phase)
    return made


@contextlib.contextmanager
def _model(
    model: str | Path,
    name: str,
    endpoints: "SagemakerEndpoints",
    root: str | Path,
    tell: Callable[[str], None],
) -> Iterator[tuple[str, str]]:
    """Yields the name of a model in SageMaker, and what it is of; deletes it if it was made."""
    is_job = exact_folder(str(model), Path(root), JOB_FILE) is not None
    found = None if is_job else _of_endpoint(str(model), endpoints)
    if found is not None:
        yield found, str(model)
        return
    artifact, source = find_artifact(model, root, endpoints.options)
    endpoints.create_model(artifact, source, name, tell)
    try:
        yield name, source
    finally:
        endpoints.delete_model(name)


def _of_endpoint(name: str, endpoints: "SagemakerEndpoints") -> str | None:
    """Returns the model that an endpoint serves; None if there is no such endpoint."""
    try:
        return endpoints.model_of(name)
    except LauncherError as error:
        if error.code != "no_such_endpoint":
            raise
        return None
