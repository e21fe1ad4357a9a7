"""Does what the command line asks: starts a training job or a server, or explains itself."""

import logging
import sys
from collections.abc import Mapping, Sequence

from container import failure
from container.command_line import USAGE, Command, parse
from container.errors import ContainerError, UsageError
from container.paths import TrainingPaths
from container.redaction import redact

logger = logging.getLogger(__name__)

TRAINER = "container.trainer"
# Where the caller's environment does not say otherwise: whole lines at once, and of TensorFlow's
# own log only errors.
TRAINER_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
# OpenBLAS is what NumPy multiplies matrices with.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS")


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Does what the command line asks.

    Args:
        arguments: without the program's name.
        environ: the environment.

    Returns:
        The exit code: 0 for success, 2 for a command line that cannot be understood.
    """
    paths = TrainingPaths.from_environment(environ)
    try:
        command = parse(arguments, configured=paths.configuration.is_dir())
    except UsageError as error:
        text = redact(str(error), environ)
        sys.stderr.write(f"{USAGE}\n{text}\n")
        failure.write(paths.failure, text)
        return 2
    if command.verb == "help":
        sys.stdout.write(USAGE)
        return 0
    if command.verb == "serve":
        return _serve(environ)
    return _train(command, paths, environ)


def _train(command: Command, paths: TrainingPaths, environ: Mapping[str, str]) -> int:
    from container.sm_variables import sm_variables
    from container.supervisor import supervise

    options = [f"--{name}={value}" for name, value in command.overrides.items()]
    # As this process, so the trainer: a job's own files must not stand in for a library's.
    interpreter = [sys.executable, "-P"] if sys.flags.safe_path else [sys.executable]
    trainer = [*interpreter, "-m", TRAINER, *options]
    described = sm_variables(paths, command.overrides, environ)
    return supervise(trainer, paths, {**TRAINER_ENVIRONMENT, **_threads(), **described, **environ})


def _threads() -> dict[str, str]:
    """As many as may run: the libraries know of affinity, but not of a control group's quota."""
    from inference.threads import usable_threads

    count = str(usable_threads())
    return dict.fromkeys(THREADS, count)


def _serve(environ: Mapping[str, str]) -> int:
    from container.server import serve

    try:
        return serve(environ)
    except ContainerError as error:
        logger.error("%s", error)
        return 1
