"""The function behind `check`: an artifact, looked through and then served for a trial."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import targets
from launcher.endpoints import find_artifact
from launcher.errors import LauncherError
from launcher.findings import Checkup, megabytes
from launcher.folders import ROOT, exact_folder
from launcher.inspection import inspect, open_archive, open_folder
from launcher.processes import child_environment
from launcher.records import JOB_FILE
from music.manifest import Manifest

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions

SLOW_START_S = 60.0  # half of what SageMaker's local mode waits, which waits least


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
    checkup = Checkup(source)
    with tempfile.TemporaryDirectory(prefix="accompanist-check-") as scratch:
        base = Path(scratch).resolve()
        folder = base / "model"
        on_phase(f"Reading {source}")
        if place.is_dir():
            folder.symlink_to(place, target_is_directory=True)
            folder = place
            open_folder(place, checkup)
        else:
            open_archive(place, folder, checkup)
        on_phase("Comparing the files with the manifest")
        manifest = inspect(folder, checkup)
        if not serve:
            checkup.add("server", "It was not asked for.", "note")
        elif manifest is not None and checkup.ok:
            _serve(base, manifest, checkup, on_phase)
        else:
            checkup.add("server", "It was not started, for the faults above.", "note")
    return checkup


def _find(model: str | Path | None, root: Path, options: "AwsOptions | None") -> tuple[Path, str]:
    """Returns an archive or a folder, and how to call it."""
    if model is not None:
        path = Path(model).expanduser().absolute()
        is_job = exact_folder(str(model), root, JOB_FILE) is not None or (path / JOB_FILE).is_file()
        if path.is_file() or (path.is_dir() and not is_job):
            return path.resolve(), str(model)
    return find_artifact(model, root, options)


def _serve(
    base: Path, manifest: Manifest, checkup: Checkup, on_phase: Callable[[str], None]
) -> None:
    from launcher.trial import Trial
    from launcher.trial_server import running

    on_phase("Starting the server")
    try:
        with running(targets.CONTAINER, base, child_environment(os.environ)) as server:
            seconds = server.cold_start_s
            checkup.figures["cold_start_s"] = seconds
            text = f"{seconds:.1f} s until /ping answered 200"
            if seconds > SLOW_START_S:
                checkup.add("cold start", f"{text}: not every platform waits so long.", "note")
            else:
                checkup.add("cold start", text)
            Trial(server, manifest, checkup, on_phase).run()
            if (memory := server.peak_memory()) is not None:
                checkup.figures["peak_memory_bytes"] = memory
                checkup.add("memory", f"{megabytes(memory)} at most")
            on_phase("Stopping the server")
    except LauncherError as error:
        reason = error.message.replace(f"{base}{os.sep}", "").replace(str(base), "")
        checkup.add("server", reason, "fault", error.hint)
