"""Examines one model: its files, then a server that is started on it for a trial."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from launcher.errors import LauncherError
from launcher.findings import Checkup, megabytes
from launcher.inspection import inspect, open_archive, open_folder
from launcher.processes import child_environment
from music.manifest import Manifest

SLOW_START_S = 60.0  # half of what SageMaker's local mode waits, which waits least


def examine(
    place: Path, source: str, container: Sequence[str], on_phase: Callable[[str], None]
) -> Checkup:
    """Says whether a model can be served, or what is wrong with it.

    What is unpacked, and the server, are gone when it returns or raises.

    Args:
        place: the archive, or the folder.
        source: how to call it.
        container: the command that plays the image, the verb follows; empty for no trial.
        on_phase: called with a few words when a new phase begins.
    """
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
        if not container:
            checkup.add("server", "It was not asked for.", "note")
        elif manifest is not None and checkup.ok:
            _serve(container, base, manifest, checkup, on_phase)
        else:
            checkup.add("server", "It was not started, for the faults above.", "note")
    return checkup


def _serve(
    container: Sequence[str],
    base: Path,
    manifest: Manifest,
    checkup: Checkup,
    on_phase: Callable[[str], None],
) -> None:
    from launcher.trial import Trial
    from launcher.trial_server import running

    on_phase("Starting the server")
    try:
        with running(container, base, child_environment(os.environ)) as server:
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
