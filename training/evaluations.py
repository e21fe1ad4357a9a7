"""Listening to the generator in a thread beside the training: an evaluation and its sample.

The thread plays with a copy of the weights and touches nothing of the run, so it does not matter
how fast either is. What it found is taken over by the training's thread.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from music.phrases import PhraseSet
from music.quality import Quality
from training.gan import Gan
from training.history import Row
from training.measuring import Measuring
from training.memory import give_back
from training.samples import PackedAnswer, Sampler
from training.snapshot import Snapshot


@dataclass(frozen=True)
class Evaluation:
    """What was found.

    Attributes:
        iteration: after which the generator was heard.
        snapshot: it, as it played.
        answers: what it played, for measures that take longer.
        quality: None where it cannot be told.
        row: for the history.
    """

    iteration: int
    snapshot: Snapshot
    answers: Sequence[PackedAnswer]
    quality: Quality | None
    row: Row


class Evaluations:
    """Makes the evaluations of a run, one at a time.

    Args:
        gan: is listened to.
        train: the phrases it learns from.
        condition_track: the track that is the melody.
        measuring: measures its music.
        sampler: writes the samples.

    Attributes:
        under_way: the iteration of the evaluation that has begun and was not taken; else None.
    """

    def __init__(
        self,
        gan: Gan,
        train: PhraseSet,
        condition_track: int,
        measuring: Measuring,
        sampler: Sampler,
    ) -> None:
        self.under_way: int | None = None
        self._gan = gan
        self._train = train
        self._condition_track = condition_track
        self._measuring = measuring
        self._sampler = sampler
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evaluation")
        self._coming: Future[Evaluation] = Future()

    def begin(self, iteration: int) -> None:
        """Begins with the generator as it is now; the evaluation before must have been taken."""
        self.under_way = iteration
        self._coming = self._thread.submit(self._evaluate, self._gan.snapshot(), iteration)

    @property
    def is_done(self) -> bool:
        """Whether there is one that can be taken without waiting."""
        return self.under_way is not None and self._coming.done()

    def take(self) -> Evaluation:
        """Waits for the one under way.

        Raises:
            Exception: whatever it failed with.
        """
        self.under_way = None
        return self._coming.result()

    def close(self) -> None:
        """Waits for what is under way; nothing can begin any more."""
        self._thread.shutdown()

    def _evaluate(self, snapshot: Snapshot, iteration: int) -> Evaluation:
        try:
            return self._listen(snapshot, iteration)
        finally:
            give_back()

    def _listen(self, snapshot: Snapshot, iteration: int) -> Evaluation:
        snapshot = self.settled(snapshot)
        self._sampler.sample(snapshot, iteration)
        answers = self._measuring.listen(snapshot)
        quality, row = self._measuring.quickly(snapshot, answers)
        row = {"iteration": float(iteration), **row}
        kept = [answer.packed() for answer in answers]
        return Evaluation(iteration, snapshot, kept, quality, row)

    def settled(self, snapshot: Snapshot) -> Snapshot:
        """Adapts what plays to the training data."""
        return self._gan.settle(snapshot, self._train, self._condition_track)
