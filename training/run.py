"""A run from its data to its model: the loop with everything that goes on around it.

Resuming has a written order: the newest whole checkpoint is read and held against this run, its
variables are put back, the history continues from its rows, and the loop asks for the batches and
the noise of the next iteration by number. Nothing is deleted before something newer is whole.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import keras
import numpy as np
from numpy.typing import NDArray

from music.manifest import Manifest
from music.phrases import PhraseSet, transpose
from music.quality import Quality
from training.batches import Batches, melody_first, shifts_to_c
from training.checkpoints import CheckpointFolder, capture, check_identity, restore
from training.cost import Meter
from training.errors import TrainingError
from training.export import Origin, export
from training.gan import Gan, Terms
from training.history import History, Row
from training.hyperparameters import Hyperparameters
from training.judge import Judge
from training.progress import Reporter, reporter_for
from training.report import write_report
from training.samples import Sampler, track_names
from training.track_metrics import TrackMeter, quality_row
from training.unet_gan import UnetGan
from training.voices_gan import VoicesGan

REPORTS = 100  # a run, as even as the iterations allow
SEEDS_AN_ITERATION = 256  # more than two draws for each of the 100 critic updates allowed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folders:
    """Where a run writes.

    Attributes:
        model: the exported generator.
        output: metrics, samples and report.
        checkpoints: what a run that was cut off continues from.
    """

    model: Path
    output: Path
    checkpoints: Path


def run(
    hyperparameters: Hyperparameters,
    phrases: PhraseSet,
    folders: Folders,
    *,
    stop_requested: Callable[[], bool],
    metrics_to: TextIO,
) -> None:
    """Trains, and leaves model, report and samples behind.

    Args:
        hyperparameters: the choices.
        phrases: the data; its `train` part is learned, its `valid` part heard and measured.
        folders: where to write; checkpoints found there are continued.
        stop_requested: asked after every iteration; once true, the run saves a checkpoint,
            exports what it has and returns.
        metrics_to: gets a progress bar if it is a terminal, else metric lines.

    Raises:
        TrainingError: `no_phrases`, `wrong_data`, `foreign_checkpoint`, or `diverged` when a loss
            is no longer a number.
    """
    check_data(hyperparameters, phrases)
    keras.utils.set_random_seed(hyperparameters.seed)
    total = hyperparameters.iterations_for(len(phrases.part("train")))
    reporter = reporter_for(metrics_to, total)
    try:
        _Run(hyperparameters, phrases, folders, reporter, total).go(stop_requested)
    finally:
        reporter.close()


def check_data(hyperparameters: Hyperparameters, phrases: PhraseSet) -> None:
    """Refuses data that this architecture cannot learn from.

    Raises:
        TrainingError: `no_phrases` or `wrong_data`.
    """
    if not len(phrases.part("train")):
        raise TrainingError(
            "no_phrases",
            "The data set has no phrase to train on.",
            "Give a data set whose `train` part is not empty.",
        )
    steps, tracks = phrases.pitch.shape[1:]
    faults = []
    if steps != 32:
        faults.append(f"phrases of 32 steps are needed, these have {steps}")
    if hyperparameters.architecture == "voices" and tracks != 4:
        faults.append(f"`voices` needs four voices, the data has {tracks}")
    if hyperparameters.architecture == "voices" and phrases.roll is not None:
        faults.append("`voices` needs tracks of one line each, the data has chords")
    if hyperparameters.condition_track >= tracks:
        faults.append(
            f"`condition_track` is {hyperparameters.condition_track}, the data has tracks 0 to "
            f"{tracks - 1}"
        )
    if faults:
        raise TrainingError(
            "wrong_data",
            f"{'; '.join(faults)}.".capitalize(),
            "Choose another data set or other hyperparameters.",
        )


def build_gan(hyperparameters: Hyperparameters, phrases: PhraseSet) -> Gan:
    """Makes the networks for a data set; the same seed gives the same weights."""
    if hyperparameters.architecture == "unet":
        return UnetGan(phrases.pitch.shape[-1], hyperparameters)
    return VoicesGan(_heard(phrases.part("train"), hyperparameters, VoicesGan), hyperparameters)


class _Run:
    """The state of one run."""

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        phrases: PhraseSet,
        folders: Folders,
        reporter: Reporter,
        total: int,
    ) -> None:
        values = hyperparameters
        train = phrases.part("train")
        valid = phrases.part("valid")
        self.values = values
        self.phrases = phrases
        self.folders = folders
        self.reporter = reporter
        self.total = total
        self.gan = build_gan(values, phrases)
        self.identity = {
            "architecture": values.architecture,
            "seed": values.seed,
            "condition_track": values.condition_track,
            "data": phrases.fingerprint,
        }
        self.batches = Batches(
            train,
            seed=values.seed,
            batch_size=values.batch_size,
            updates=values.critic_updates,
            condition_track=values.condition_track,
            tonic_normalized=self.gan.tonic_normalized,
        )
        heard = valid if len(valid) else train
        self.judge = Judge(train, heard, values.condition_track)
        self.tracks = TrackMeter(heard, values.condition_track)
        self.sampler = Sampler(heard, values.condition_track, folders.output / "samples")
        self.origin = _origin(values, phrases, self.gan)
        self.checkpoints = CheckpointFolder(folders.checkpoints, keep=values.keep_checkpoints)
        self.iteration = 0
        self.history = self._resume()
        self.meter = Meter(self.iteration)

    def go(self, stop_requested: Callable[[], bool]) -> None:
        """Iterates to the end or to the stop, then leaves the model and the report."""
        report_every = max(1, self.total // REPORTS)
        since = (time.monotonic(), self.iteration)
        terms: Terms = {}
        while self.iteration < self.total:
            if stop_requested():
                _check_finite(terms, self.iteration)
                self._stop()
                return
            terms = self._iterate()
            if self._at(report_every):
                since = self._report(terms, since)
            if self._at(self.values.sample_every) or self.iteration == self.total:
                self._listen()
            if self._at(self.values.checkpoint_every) or self.iteration == self.total:
                _check_finite(terms, self.iteration)
                self._save()
        self._finish()

    def _resume(self) -> History:
        checkpoint = self.checkpoints.newest()
        if checkpoint is None:
            return History(self.folders.output, [])
        check_identity(checkpoint, self.identity)
        restore(self.gan, checkpoint)
        self.iteration = checkpoint.iteration
        self.reporter.note(f"Continuing from the checkpoint of iteration {self.iteration}.")
        return History(self.folders.output, checkpoint.history)

    def _iterate(self) -> Terms:
        terms = self.gan.iterate(
            self.batches.at(self.iteration),
            seed=(self.values.seed, self.iteration * SEEDS_AN_ITERATION),
            done=self.iteration / self.total,
        )
        self.iteration += 1
        return terms

    def _at(self, every: int) -> bool:
        return self.iteration % every == 0

    def _report(self, terms: Terms, since: tuple[float, int]) -> tuple[float, int]:
        row = _check_finite(terms, self.iteration)
        self.history.add(row)
        now = time.monotonic()
        rate = (self.iteration - since[1]) / (now - since[0])
        self.reporter.report({**row, "iterations_per_second": rate})
        return now, self.iteration

    def _listen(self) -> None:
        """Writes a sample and measures the music, once every sample interval."""
        self.sampler.sample(self.gan, self.iteration)
        quality = self.judge.measure(self.gan, quick=True)
        row = {"iteration": float(self.iteration), **self.tracks.measure(self.gan)}
        if quality is not None:
            self.gan.keep_if_best(-1.0 if quality.gated else quality.headline)
            headline = {"headline": quality.headline}
            row |= headline | quality_row(quality)
            self.reporter.report({"iteration": self.iteration, **headline})
        self.history.add(row)

    def _save(self) -> None:
        self.checkpoints.save(capture(self.gan, self.iteration, self.identity, self.history.rows))

    def _stop(self) -> None:
        """Keeps what there is: a stopped job has little time."""
        self._save()
        metrics = {"iteration": self.iteration}
        manifest = export(self.gan, self.folders.model, self.origin, metrics)
        self._tell(manifest, None, stopped=True)
        self.reporter.note(
            f"Stopped at iteration {self.iteration} of {self.total}; a run with the same "
            "checkpoints continues from here."
        )

    def _finish(self) -> None:
        """Measures, reports and exports the best; a run that had ended before does so again."""
        self.gan.play_best()
        quality = self.judge.measure(self.gan)
        metrics: dict[str, Any] = {"iteration": self.iteration}
        if quality is not None:
            metrics |= quality.as_dict()
            self.reporter.report({"iteration": self.iteration, "headline": quality.headline})
            self.reporter.note(quality.table())
        manifest = export(self.gan, self.folders.model, self.origin, metrics)
        self._tell(manifest, quality)

    def _tell(self, manifest: Manifest, quality: Quality | None, *, stopped: bool = False) -> None:
        write_report(
            self.folders.output,
            manifest,
            self.history.rows,
            quality,
            phrases=self.phrases,
            cost=self.meter.read(),
            stopped=stopped,
        )


def _heard(phrases: PhraseSet, values: Hyperparameters, gan: type[Gan]) -> NDArray[np.int8]:
    """The pitches of a data set as the generator meets them, the melody first."""
    pitch, _ = melody_first(phrases, values.condition_track)
    return transpose(pitch, shifts_to_c(phrases)) if gan.tonic_normalized else pitch


def _origin(values: Hyperparameters, phrases: PhraseSet, gan: Gan) -> Origin:
    heard = _heard(phrases.part("train"), values, type(gan))[..., 0]
    sounding = heard[heard >= 0]
    return Origin(
        hyperparameters=values,
        tracks=track_names(phrases, values.condition_track),
        steps_per_beat=phrases.steps_per_beat,
        melody_range=_an_octave_at_least(int(sounding.min()), int(sounding.max())),
        dataset={
            "fingerprint": phrases.fingerprint,
            "name": phrases.header.get("name", ""),
            "phrases": {split: len(phrases.part(split)) for split in ("train", "valid", "test")},
        },
    )


def _an_octave_at_least(low: int, high: int) -> tuple[int, int]:
    """Widens a range so that every pitch class lies in it, as the arranger needs."""
    missing = max(0, 11 - (high - low))
    low = min(max(0, low - missing // 2), 127 - 11)
    return low, max(high, low + 11)


def _check_finite(terms: Terms, iteration: int) -> Row:
    """The terms as numbers.

    Raises:
        TrainingError: `diverged`, if one of them is no finite number.
    """
    row = {"iteration": float(iteration), **{name: float(v) for name, v in terms.items()}}
    lost = [name for name, value in row.items() if not math.isfinite(value)]
    if lost:
        raise TrainingError(
            "diverged",
            f"The training diverged: {', '.join(lost)} is no finite number at iteration "
            f"{iteration}.",
            "Lower the learning rates; the checkpoints hold the state before.",
        )
    return row
