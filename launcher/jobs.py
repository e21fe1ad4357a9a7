"""Training jobs on this machine: start, follow, look at, stop."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.errors import LauncherError
from launcher.local_job import LOG, STATE, now
from launcher.names import check_name, unique_name
from launcher.state import is_running, last_lines, read_state, send_signal, start_detached, write_state
from launcher.targets import LOCAL, check_target

if TYPE_CHECKING:
    from music.phrases import PhraseSet

ROOT = Path("runs")
ENDPOINTS = "endpoints"
CHANNEL_FILE = Path("input", "data", "train", "phrases.npz")
HYPERPARAMETERS = Path("input", "config", "hyperparameters.json")
POLL_SECONDS = 0.2
ENDED = frozenset({"Completed", "Failed", "Stopped"})

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What is known of a training job.

    Attributes:
        name: of the job.
        folder: holds it whole, in the layout of /opt/ml.
        status: SageMaker's word: InProgress, Stopping, Completed, Stopped or Failed.
        secondary_status: SageMaker's finer word.
        created: when it was made, ISO 8601; likewise `started` and `ended`.
        exit_code: of its process.
        failure_reason: why it failed.
    """

    name: str
    folder: Path
    status: str
    secondary_status: str
    created: str
    started: str | None = None
    ended: str | None = None
    exit_code: int | None = None
    failure_reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it will not change any more by itself."""
        return self.status in ENDED

    @property
    def log(self) -> Path:
        """Everything that the job said."""
        return self.folder / LOG

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def train(
    *,
    instance: str = LOCAL,
    data: str = "bach",
    hyperparameters: Mapping[str, str] | None = None,
    name: str | None = None,
    resume: str | None = None,
    root: Path = ROOT,
    data_progress: Progress | None = None,
) -> Job:
    """Starts a training job and returns at once; `follow` waits for it.

    Args:
        instance: the target; only `local` so far.
        data: `bach` for the chorales, or the path of a phrases.npz.
        hyperparameters: by name, as strings; see docs/hyperparameters.md.
        name: of the job; one is made if it is left out.
        resume: the name of an ended job, which goes on from its checkpoints, with its own data
            and hyperparameters; `hyperparameters` are laid over them.
        root: the folder of all jobs.
        data_progress: is called with files done and files in all while the chorales are built.

    Raises:
        LauncherError: if anything is wrong with the arguments; nothing has been made then.
        HyperparameterError: names every hyperparameter that cannot be used.
    """
    check_target(instance)
    if resume is not None:
        return _resume(find_job(resume, root=root), hyperparameters or {})
    strings = _checked(hyperparameters or {})
    name = check_name(name) if name else unique_name("accompanist")
    folder = root.absolute() / name
    if name == ENDPOINTS or folder.exists():
        raise LauncherError(
            f"There is something called {name} in {root} already.",
            f"Choose another name, or go on with it: --resume {name}.",
        )
    phrases = _load_phrases(data, data_progress)
    draft = folder.with_name(f".{name}")
    shutil.rmtree(draft, ignore_errors=True)
    _lay_out(draft, strings, phrases)
    write_state(draft / STATE, _first_state(name))
    draft.replace(folder)
    return _start(folder)


def follow(job: Job) -> Iterator[str]:
    """Yields the job's log from now on, line by line, until it has ended.

    It may be called again after an interruption and goes on with what is new then.
    """
    rest = ""
    with job.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(0, os.SEEK_END if job.has_ended else os.SEEK_SET)
        while True:
            ended = status(job.name, root=job.folder.parent).has_ended
            text = rest + log.read()
            *lines, rest = text.split("\n")
            yield from lines
            if ended:
                if rest:
                    yield rest
                return
            time.sleep(POLL_SECONDS)


def status(name: str, *, root: Path = ROOT) -> Job:
    """Says how a job stands.

    Raises:
        LauncherError: if there is no such job.
    """
    return _read(find_folder(name, root=root))


def list_jobs(*, root: Path = ROOT) -> list[Job]:
    """All jobs, newest first."""
    found = [path.parent for path in root.absolute().glob(f"*/{STATE}")]
    jobs = [_read(folder) for folder in found if not folder.name.startswith(".")]
    return sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)


def stop(name: str, *, root: Path = ROOT) -> Job:
    """Asks a job to stop: it saves a checkpoint and exports a model first.

    Raises:
        LauncherError: if there is no such job, or it does not run.
    """
    folder = find_folder(name, root=root)
    while is_running(folder) and "pid" not in (read_state(folder / STATE) or {}):
        time.sleep(POLL_SECONDS)  # it has just been started, and has not said its number yet
    pid = int((read_state(folder / STATE) or {}).get("pid", 0))
    if not send_signal(folder, pid, signal.SIGTERM):
        raise LauncherError(
            f"{folder.name} does not run.", f"Look at it: python -m launcher.status {folder.name}."
        )
    return status(name, root=root)


def delete_job(name: str, *, root: Path = ROOT) -> bool:
    """Deletes a job with all its files; False if there is none.

    Raises:
        LauncherError: if it still runs.
    """
    folder = root.absolute() / name
    if not (folder / STATE).is_file():
        return False
    if is_running(folder):
        raise LauncherError(f"{name} still runs.", f"Stop it first: python -m launcher.stop {name}.")
    shutil.rmtree(folder)
    return True


def find_job(name: str, *, root: Path = ROOT) -> Job:
    """A job by its name, the beginning of its name, or the path of its folder."""
    return _read(find_folder(name, root=root))


def find_folder(name: str, *, root: Path = ROOT) -> Path:
    """The folder of a job, see `find_job`.

    Raises:
        LauncherError: if none fits, or more than one.
    """
    if "/" in name and (Path(name) / STATE).is_file():
        return Path(name).absolute()
    jobs = sorted(path.parent for path in root.absolute().glob(f"*/{STATE}"))
    names = [folder.name for folder in jobs]
    fitting = [name] if name in names else [each for each in names if name and each.startswith(name)]
    if len(fitting) == 1:
        return root.absolute() / fitting[0]
    if fitting:
        raise LauncherError(f"{name} may be {' or '.join(fitting)}.", "Give more of the name.")
    raise LauncherError(
        f"There is no job {name} in {root}.", "List the jobs: python -m launcher.status."
    )


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    from training.hyperparameters import Hyperparameters

    Hyperparameters.from_strings(given)
    return dict(given)


def _load_phrases(data: str, progress: Progress | None) -> "PhraseSet":
    from music.errors import MusicError
    from music.phrases import PhraseSet

    path = Path(data)
    if data != "bach" and not path.is_file():
        what = "is a folder; training on folders of MIDI files is yet to come"
        raise LauncherError(
            f"{data} {what if path.is_dir() else 'is no file'}.",
            "Give `bach` or the path of a phrases.npz.",
        )
    try:
        if data == "bach":
            from music.chorales import load_chorales

            return load_chorales(progress=progress)
        return PhraseSet.load(path)
    except MusicError as error:
        raise LauncherError(error.message, error.hint) from error


def _lay_out(folder: Path, strings: Mapping[str, str], phrases: "PhraseSet") -> None:
    """Makes what SageMaker would have mounted before the start."""
    configuration = {
        "hyperparameters.json": dict(strings),
        "inputdataconfig.json": {
            "train": {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
        },
        "resourceconfig.json": {
            "current_host": "algo-1",
            "current_instance_type": "local",
            "hosts": ["algo-1"],
            "network_interface_name": "lo",
        },
    }
    for name in ("input/config", "model", "output/data", "checkpoints"):
        (folder / name).mkdir(parents=True)
    for name, content in configuration.items():
        write_state(folder / "input" / "config" / name, content)
    phrases.save(folder / CHANNEL_FILE)


def _resume(job: Job, changes: Mapping[str, str]) -> Job:
    strings = {**(read_state(job.folder / HYPERPARAMETERS) or {}), **changes}
    _checked(strings)
    if is_running(job.folder):
        raise LauncherError(
            f"{job.name} still runs.", f"Look at it: python -m launcher.status {job.name}."
        )
    write_state(job.folder / HYPERPARAMETERS, strings)
    write_state(job.folder / STATE, {**_first_state(job.name), "created": job.created})
    return _start(job.folder)


def _first_state(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": "InProgress",
        "secondary_status": "Starting",
        "created": now(),
    }


def _start(folder: Path) -> Job:
    arguments = ["-m", "launcher.local_job", str(folder)]
    if start_detached(arguments, folder, folder / LOG, {}) is None:
        raise LauncherError(
            f"{folder.name} is being started by somebody else.",
            f"Look at it: python -m launcher.status {folder.name}.",
        )
    return _read(folder)


def _read(folder: Path) -> Job:
    # The lock is asked first: a job that ends in between has then written its last state.
    running = is_running(folder)
    state = read_state(folder / STATE) or {}
    if not running and state.get("status") not in ENDED:
        state |= {
            "status": "Failed",
            "secondary_status": "Interrupted",
            "failure_reason": "The job's process ended unexpectedly: it was killed, or the machine "
            f"was switched off. Go on with it: python -m launcher.train --resume {folder.name}.",
        }
    known = {name: state[name] for name in Job.__dataclass_fields__ if name in state}
    return Job(**{**known, "name": folder.name, "folder": folder})
