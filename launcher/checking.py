"""The function behind `check`: an artifact, looked through and then served for a trial."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import targets
from launcher.endpoints import find_artifact
from launcher.examination import examine
from launcher.findings import Checkup
from launcher.folders import ROOT, exact_folder
from launcher.records import JOB_FILE

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions


def check(
    model: str | Path | None = None,
    *,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    serve: bool = True,
    on_phase: Callable[[str], None] = lambda _phase: None,
) -> Checkup:
    """Says whether a model can be served, or what is wrong with it.

    What is unpacked, and the server, are gone when it returns or raises.

    Args:
        model: a model.tar.gz, a model folder, or a job as `deploy` takes it; the newest completed
            job where it is None.
        root: the folder of the jobs.
        aws: what is to be known of AWS, for a job there.
        serve: start the server on it, if its files are as they should be.
        on_phase: called with a few words when a new phase begins.

    Returns:
        What was found out; a model that is broken is not raised, but told of.

    Raises:
        LauncherError: `no_such_job` or `no_model` if there is nothing to look at.
    """
    place, source = _find(model, Path(root), aws)
    return examine(place, source, targets.CONTAINER if serve else (), on_phase)


def _find(model: str | Path | None, root: Path, options: "AwsOptions | None") -> tuple[Path, str]:
    """Returns an archive or a folder, and how to call it."""
    if model is not None:
        path = Path(model).expanduser().absolute()
        is_job = exact_folder(str(model), root, JOB_FILE) is not None or (path / JOB_FILE).is_file()
        if path.is_file() or (path.is_dir() and not is_job):
            return path.resolve(), str(model)
    return find_artifact(model, root, options)
