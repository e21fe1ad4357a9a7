"""The training process itself: `python -m container.trainer [--NAME VALUE]...`.

`python -m container train` starts it as a child. The stop flag is installed before anything slow
is imported: TensorFlow alone takes seconds, and a signal may arrive in any of them.
"""

import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from container import failure, logs
from container.paths import TrainingPaths
from container.redaction import redact
from container.stop import StopFlag, ignore_signals

if TYPE_CHECKING:
    from container.configuration import JobConfiguration
    from music.phrases import PhraseSet
    from training.hyperparameters import Hyperparameters

OWN_AUGMENTATION = "0.25"  # the chorales need none, and their default run shall stay as it is

logger = logging.getLogger(__name__)

# Runs a checked job: hyperparameters, phrases, paths, configuration, stop flag, metrics' stream.
Runner = Callable[
    ["Hyperparameters", "PhraseSet", TrainingPaths, "JobConfiguration", StopFlag, TextIO], None
]


def main(arguments: Sequence[str], environ: Mapping[str, str], stop: StopFlag) -> int:
    """Trains, and turns every fault into a failure file and an exit code."""
    return train(TrainingPaths.from_environment(environ), arguments, stop, run_training, environ)


def train(
    paths: TrainingPaths,
    arguments: Sequence[str],
    stop: StopFlag,
    runner: Runner,
    environ: Mapping[str, str],
) -> int:
    """Runs one job.

    Args:
        paths: the job's files.
        arguments: hyperparameters as options, which beat those of the configuration.
        stop: says when to stop.
        runner: does the work; `run_training` everywhere but in tests.
        environ: the environment, which may change the configuration, and whose secrets are kept
            out of the failure file.

    Returns:
        The exit code: 0 after success or a stop that was asked for, else 1.
    """
    # All at the start: an error is explained when memory or disk may be gone.
    from container.errors import ContainerError, StoppedError
    from container.machine_faults import explain
    from music.errors import MusicError
    from training.errors import TrainingError

    try:
        _run(paths, arguments, stop, runner, environ)
    except StoppedError as error:
        logger.warning("%s", error)
    except Exception as error:
        fault: Exception = explain(error, paths) or error
        if isinstance(fault, ContainerError | MusicError | TrainingError):
            text = str(fault)
            logger.error("%s", text)
        else:
            text = failure.describe(error)
            logger.exception("The training failed in a way that nobody expected.")
        failure.write(paths.failure, redact(text, environ))
        return 1
    return 0


def run_training(
    hyperparameters: "Hyperparameters",
    phrases: "PhraseSet",
    paths: TrainingPaths,
    configuration: "JobConfiguration",
    stop: StopFlag,
    metrics_to: TextIO,
) -> None:
    """Runs the networks' training; the only place here that imports TensorFlow."""
    from container.concert import play_a_song
    from training.run import Folders, run

    folders = Folders(model=paths.model, output=paths.output, checkpoints=configuration.checkpoints)
    run(hyperparameters, phrases, folders, stop_requested=stop, metrics_to=metrics_to)
    if not stop():  # a stopped job has little time
        play_a_song(paths.model, paths.output)


def suit(strings: Mapping[str, str], phrases: "PhraseSet") -> dict[str, str]:
    """Sets what suits the data where nobody has: the architecture, and augmentation for MIDI."""
    suited = phrases.architecture
    chosen: dict[str, str] = {} if suited == "voices" else {"architecture": suited}
    if phrases.from_midi:
        chosen["augmentation"] = OWN_AUGMENTATION
    return {**chosen, **strings}


def _run(
    paths: TrainingPaths,
    arguments: Sequence[str],
    stop: StopFlag,
    runner: Runner,
    environ: Mapping[str, str],
) -> None:
    from container.channels import load_phrases
    from container.command_line import parse_options
    from container.configuration import merge, read_configuration
    from container.progress import uploading
    from training.hyperparameters import Hyperparameters

    configuration = read_configuration(paths, environ)
    for warning in configuration.warnings:
        logger.warning("%s", warning)
    _check_hosts(configuration)
    _check_tensorflow()
    strings = merge(configuration.hyperparameters, parse_options(arguments))
    Hyperparameters.from_strings(strings)  # a wrong name is told before much data is read
    paths.make_writable_folders(configuration.checkpoints)
    phrases = load_phrases(paths, configuration.channels, stop)
    hyperparameters = Hyperparameters.from_strings(suit(strings, phrases))
    count = len(phrases.part("train"))
    logger.info("Training %s on %d phrases.", hyperparameters.architecture, count)
    with uploading(hyperparameters.progress_s3_uri, paths.output, environ, stop):
        runner(hyperparameters, phrases, paths, configuration, stop, sys.stdout)


def _check_hosts(configuration: "JobConfiguration") -> None:
    from container.errors import JobError

    if len(configuration.hosts) > 1:
        raise JobError(
            "several_hosts",
            f"The job has {len(configuration.hosts)} hosts, but training runs on one.",
            "Start it with an instance count of 1.",
        )


def _check_tensorflow() -> None:
    from container.errors import JobError

    if importlib.util.find_spec("tensorflow") is None:  # which is quick: it is not loaded
        raise JobError(
            "no_tensorflow",
            "TensorFlow is not installed here, so nothing can be trained.",
            "Train with the image that trains and serves; the smaller one only serves.",
        )


if __name__ == "__main__":
    stop_flag = StopFlag()
    stop_flag.install()
    logs.configure(os.environ)
    exit_code = main(sys.argv[1:], os.environ, stop_flag)
    ignore_signals()
    sys.exit(exit_code)
