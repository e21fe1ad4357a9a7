"""A run from its data to its model: the loop with everything that goes on around it.

Evaluations are made beside the iterations. What they find is taken over when it is there, but where
it goes does not depend on when: its row comes before those of later iterations, and no checkpoint
of a later iteration is without it. The checkpoint of the same iteration is saved before it begins.

Resuming has a written order: the newest whole checkpoint is read and held against this run, its
variables are put back, the history continues from its rows, an evaluation that the checkpoint is
without is made anew, and the loop asks for the batches and the noise of the next iteration by
number. Nothing is deleted before something newer is whole.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

import keras

from music.manifest import Manifest
from music.phrases import PhraseSet
from music.quality import Quality
from training.batches import Batches
from training.checkpoints import CheckpointFolder, capture, check_identity, restore
from training.cost import Meter
from training.errors import TrainingError
from training.evaluations import Evaluations
from training.export import export
from training.gan import Gan, Terms
from training.history import History, Row
from training.hyperparameters import Hyperparameters
from training.listening import Listening
from training.measuring import Measuring
from training.origin import heard_ranges, origin_of
from training.progress import Reporter, reporter_for
from training.report import write_report
from training.samples import PackedAnswer, Sampler
from training.symptoms import find_symptoms, is_evaluation
from training.unet_gan import UnetGan
from training.voices_gan import VoicesGan

REPORTS = 100  # a run, as even as the iterations allow
GATED = 100.0  # points
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
        with _Run(hyperparameters, phrases, folders, reporter, total) as this:
            this.go(stop_requested)
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
    _, steps, tracks = phrases.shape
    faults = []
    if steps != 32:
        faults.append(f"phrases of 32 steps are needed, these have {steps}")
    if hyperparameters.architecture == "voices" and tracks != 4:
        faults.append(f"`voices` needs four voices, the data has {tracks}")
    if hyperparameters.architecture == "voices" and phrases.has_chords:
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
    _, steps, tracks = phrases.shape
    if hyperparameters.architecture == "unet":
        return UnetGan(tracks, hyperparameters, steps)
    return VoicesGan(
        heard_ranges(phrases.part("train"), hyperparameters, VoicesGan), hyperparameters, steps
    )


def batches_for(gan: Gan, hyperparameters: Hyperparameters, train: PhraseSet) -> Batches:
    """The batches of a run on these phrases."""
    return Batches(
        train,
        seed=hyperparameters.seed,
        batch_size=hyperparameters.batch_size,
        updates=hyperparameters.critic_updates,
        condition_track=hyperparameters.condition_track,
        tonic_normalized=gan.tonic_normalized,
        augmentation=hyperparameters.augmentation,
    )


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
        self.identity = {**values.identity(), "data": phrases.fingerprint}
        self.batches = batches_for(self.gan, values, train)
        heard = valid if len(valid) else train
        self.measuring = Measuring(train, heard, values.condition_track)
        self.evaluations = Evaluations(
            self.gan,
            train,
            values.condition_track,
            self.measuring,
            Sampler(heard, values.condition_track, folders.output / "samples"),
        )
        self.origin = origin_of(values, phrases, self.gan)
        self.checkpoints = CheckpointFolder(folders.checkpoints, keep=values.keep_checkpoints)
        self.iteration = 0
        self.history = self._resume()
        self.symptoms = find_symptoms(self.history.rows)
        self.answers_of_best: Sequence[PackedAnswer] = ()  # where this process has heard it
        self.meter = Meter(self.iteration)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.evaluations.close()

    def go(self, stop_requested: Callable[[], bool]) -> None:
        """Iterates to the end or to the stop, then leaves the model and the report."""
        if self._owes_evaluation():
            self._begin_evaluation()
        report_every = max(1, self.total // REPORTS)
        since = (time.monotonic(), self.iteration)
        terms: Terms = {}
        while self.iteration < self.total:
            if stop_requested():
                _check_finite(terms, self.iteration)
                self._stop()
                return
            terms = self._iterate()
            if self.evaluations.is_done:
                self._take_evaluation()
            if self._at(report_every):
                since = self._report(terms, since)
            if self._at(self.values.checkpoint_every) or self.iteration == self.total:
                _check_finite(terms, self.iteration)
                self._save()
            if self._is_evaluated():
                self._begin_evaluation()
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

    def _is_evaluated(self) -> bool:
        return self._at(self.values.sample_every) or self.iteration == self.total

    def _owes_evaluation(self) -> bool:
        """Whether the checkpoint of an iteration that is evaluated is without its evaluation."""
        made = [row["iteration"] for row in self.history.rows if is_evaluation(row)]
        return self.iteration > 0 and self._is_evaluated() and self.iteration not in made

    def _begin_evaluation(self) -> None:
        self._take_evaluation()
        self.history.leave_room()
        self.evaluations.begin(self.iteration)

    def _take_evaluation(self) -> None:
        """Takes over what the evaluation under way has found, if there is one; waits for it."""
        if self.evaluations.under_way is None:
            return
        found = self.evaluations.take()
        if found.quality is not None:
            # Whatever is gated comes after all that is not.
            score = found.quality.headline - (GATED if found.quality.gated else 0.0)
            if self.gan.keep_if_best(score, found.iteration, found.snapshot):
                self.answers_of_best = found.answers
            self.reporter.report({"iteration": found.iteration, "headline": found.quality.headline})
        self.history.fill_in(found.row)
        self._look_for_symptoms(found.iteration)

    def _look_for_symptoms(self, iteration: int) -> None:
        found = find_symptoms(self.history.rows)
        for symptom in found:
            if symptom not in self.symptoms:
                self.reporter.note(f"Iteration {iteration}: {symptom}")
        self.symptoms = found

    def _save(self) -> None:
        self._take_evaluation()
        self.checkpoints.save(capture(self.gan, self.iteration, self.identity, self.history.rows))

    def _play_best(self) -> dict[str, int]:
        """Lets the best evaluation play; says of which iteration it is beside the last."""
        best, player = self.gan.kept() or (
            self.iteration,
            self.evaluations.settled(self.gan.snapshot()),
        )
        self.gan.play_as(player)
        return {"iteration": self.iteration, "best_iteration": best}

    def _stop(self) -> None:
        """Keeps what there is: a stopped job has little time."""
        self._save()
        metrics = self._play_best()
        manifest = export(self.gan, self.folders.model, self.origin, metrics)
        self._tell(manifest, None, None, stopped=True)
        self.reporter.note(
            f"Stopped at iteration {self.iteration} of {self.total}; a run with the same "
            "checkpoints continues from here."
        )

    def _finish(self) -> None:
        """Measures, reports and exports the best; a run that had ended before does so again."""
        self._take_evaluation()
        metrics: dict[str, Any] = self._play_best()
        player = self.gan.snapshot()
        heard = [answer.unpacked() for answer in self.answers_of_best]
        answers = heard or self.measuring.listen(player)
        quality, listening = self.measuring.wholly(player, answers)
        metrics["listening"] = listening.as_dict()
        if quality is not None:
            metrics |= quality.as_dict()
            self.reporter.report({"iteration": self.iteration, "headline": quality.headline})
            self.reporter.note(quality.table())
        manifest = export(self.gan, self.folders.model, self.origin, metrics)
        self._tell(manifest, quality, listening)

    def _tell(
        self,
        manifest: Manifest,
        quality: Quality | None,
        listening: Listening | None,
        *,
        stopped: bool = False,
    ) -> None:
        write_report(
            self.folders.output,
            manifest,
            self.history.rows,
            quality,
            phrases=self.phrases,
            cost=self.meter.read(),
            stopped=stopped,
            listening=listening,
            warnings=self.symptoms,
        )


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
