"""`python -m container train|serve`: what the image starts."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence

from container import failure, logs
from container.command_line import USAGE, Command, parse
from container.errors import ContainerError, UsageError
from container.paths import TrainingPaths, base_folder

logger = logging.getLogger(__name__)

TRAINER = "container.trainer"
# Where the caller's environment does not say otherwise: whole lines at once, and of TensorFlow's
# own log only errors.
TRAINER_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Does what the command line asks.

    Args:
        arguments: without the program's name.
        environ: the environment.

    Returns:
        The exit code: 0 for success, 2 for a command line that cannot be understood.
    """
    paths = TrainingPaths(base_folder(environ))
    try:
        command = parse(arguments, configured=paths.configuration.is_dir())
    except UsageError as error:
        sys.stderr.write(f"{USAGE}\n{error}\n")
        failure.write(paths.failure, str(error))
        return 2
    if command.verb == "help":
        sys.stdout.write(USAGE)
        return 0
    if command.verb == "serve":
        return _serve(environ)
    return _train(command, paths, environ)


def _train(command: Command, paths: TrainingPaths, environ: Mapping[str, str]) -> int:
    from container.supervisor import supervise

    options = [f"--{name}={value}" for name, value in command.overrides.items()]
    trainer = [sys.executable, "-m", TRAINER, *options]
    return supervise(trainer, paths, {**TRAINER_ENVIRONMENT, **environ})


def _serve(environ: Mapping[str, str]) -> int:
    from container.server import serve

    try:
        return serve(environ)
    except ContainerError as error:
        logger.error("%s", error)
        return 1


if __name__ == "__main__":
    logs.configure()
    sys.exit(main(sys.argv[1:], os.environ))
