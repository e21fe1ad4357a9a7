"""Training jobs in containers, each with a folder of this machine as its /opt/ml."""

from contextlib import contextmanager
from dataclasses import dataclass

from container.paths import TrainingPaths
from tests.conformance.engine import let_others_change, running, volume
from tests.container.folders import job, phrase_set
from tests.container.job_results import check_model
from tests.container.processes import failure_of

# As in local mode; and with the network isolated, where there are no AWS variables either.
PLAIN = ("--network=none", "--shm-size=64m")
PLATFORM = ("--env=TRAINING_JOB_NAME=job-1", "--env=TRAINING_JOB_ARN=")
# Two jobs run side by side; threads of TensorFlow's beyond the cores wait for one another, busily.
ONE_THREAD = ("--env=TF_NUM_INTRAOP_THREADS=1", "--env=TF_NUM_INTEROP_THREADS=1")
TRAINER = "container.trainer"  # a word of the trainer's command line
BEGUN = "Training voices on 8 phrases."
SHORT = {"iterations": "4", "batch_size": "2", "seed": "3"}


@dataclass(frozen=True)
class Ended:
    """How a container ended."""

    code: int
    log: str


def ready(base, **given):
    """Makes a job's folder: 8 phrases in its channel, a few iterations to make."""
    return job(base, train=phrase_set(8), hyperparameters={**SHORT, **given})


@contextmanager
def training(image, base, *arguments, options=PLAIN, entrypoint=None):
    """Starts a container on a job's folder."""
    options = [volume(base, "/opt/ml", writable=True), *PLATFORM, *ONE_THREAD, *options]
    try:
        with running(image, *arguments, options=options, entrypoint=entrypoint) as container:
            yield container
    finally:
        let_others_change(image, base)


def train(image, base, *arguments, **options):
    """Runs a container on a job's folder to its end."""
    with training(image, base, *arguments, **options) as container:
        return Ended(container.wait(), container.log)


def warnings_of(log):
    """The trainer's own warnings; TensorFlow's first line is one in name, whenever it comes."""
    return [line for line in log.splitlines() if line.startswith("WARNING ")]


def open_to_strangers(base):
    """Lets any user write to a job's folder, as the platform does for one that is not root."""
    for path in (base, *base.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def check_left(base, seed=int(SHORT["seed"])):
    """Holds what a job left that ended well: a model, its hashes, and no failure."""
    assert failure_of(base) is None
    paths = TrainingPaths(base)
    manifest = check_model(paths, seed)
    manifest.verify(paths.model)
    return manifest


def checkpoints(base):
    """The names in the folder of checkpoints, sorted."""
    folder = TrainingPaths(base).checkpoints
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
