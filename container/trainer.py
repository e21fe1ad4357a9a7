"""The training process itself: `python -m container.trainer [--NAME VALUE]...`.

`python -m container train` starts it as a child. The stop flag is installed before anything slow
is imported: TensorFlow alone takes seconds, and a signal may arrive in any of them.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from container import failure, logs
from container.paths import TrainingPaths, base_folder
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
    paths = TrainingPaths(base_folder(environ))
    return train(paths, arguments, stop, run_training)


def train(paths: TrainingPaths, arguments: Sequence[str], stop: StopFlag, runner: Runner) -> int:
    """Runs one job.

    Args:
        paths: the job's files.
        arguments: hyperparameters as options, which beat those of the configuration.
        stop: says when to stop.
        runner: does the work; `run_training` everywhere but in tests.

    Returns:
        The exit code: 0 after success or a stop that was asked for, else 1.
    """
    from container.errors import ContainerError
    from music.errors import MusicError
    from training.errors import TrainingError

    try:
        _run(paths, arguments, stop, runner)
    except (ContainerError, MusicError, TrainingError) as error:
        logger.error("%s", error)
        failure.write(paths.failure, str(error))
        return 1
    except Exception as error:
        logger.exception("The training failed in a way that nobody expected.")
        failure.write(paths.failure, failure.describe(error))
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


def merge(configured: Mapping[str, str], options: Mapping[str, str]) -> dict[str, str]:
    """Lets options beat the configuration; `epochs` and `iterations` also beat each other."""
    merged = dict(configured)
    for name, rival in (("epochs", "iterations"), ("iterations", "epochs")):
        if name in options:
            merged.pop(rival, None)
    return {**merged, **options}


def suit(strings: Mapping[str, str], phrases: "PhraseSet") -> dict[str, str]:
    """Sets what suits the data where nobody has: the architecture, and augmentation for MIDI."""
    suited = phrases.architecture
    chosen: dict[str, str] = {} if suited == "voices" else {"architecture": suited}
    if phrases.from_midi:
        chosen["augmentation"] = OWN_AUGMENTATION
    return {**chosen, **strings}


def _run(paths: TrainingPaths, arguments: Sequence[str], stop: StopFlag, runner: Runner) -> None:
    from container.channels import load_phrases
    from container.command_line import parse_options
    from container.configuration import read_configuration
    from training.hyperparameters import Hyperparameters

    configuration = read_configuration(paths)
    for warning in configuration.warnings:
        logger.warning("%s", warning)
    _check_hosts(configuration)
    strings = merge(configuration.hyperparameters, parse_options(arguments))
    Hyperparameters.from_strings(strings)  # a wrong name is told before much data is read
    phrases = load_phrases(paths, configuration.channels)
    hyperparameters = Hyperparameters.from_strings(suit(strings, phrases))
    paths.make_writable_folders()
    configuration.checkpoints.mkdir(parents=True, exist_ok=True)
    count = len(phrases.part("train"))
    logger.info("Training %s on %d phrases.", hyperparameters.architecture, count)
    runner(hyperparameters, phrases, paths, configuration, stop, sys.stdout)


def _check_hosts(configuration: "JobConfiguration") -> None:
    from container.errors import JobError

    if len(configuration.hosts) > 1:
        raise JobError(
            "several_hosts",
            f"The job has {len(configuration.hosts)} hosts, but training runs on one.",
            "Start it with an instance count of 1.",
        )


if __name__ == "__main__":
    stop_flag = StopFlag()
    stop_flag.install()
    logs.configure()
    exit_code = main(sys.argv[1:], os.environ, stop_flag)
    ignore_signals()
    sys.exit(exit_code)
