"""How voices move: the eighths of a voice are chosen together, with a weight for every interval.

Each eighth chosen by itself, voices leap more often than in the training data. So when a generator
plays, each voice takes the path of eighths whose logits and interval weights have the largest sum.
An interval weighs half the logarithm of how many times more frequent it is in the training data
than in what the generator plays to the same melodies without weights. Half, because that was found
to bring the intervals nearest to the data's; the whole logarithm goes too far (docs/quality.md).
"""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from music.phrases import PhraseSet
from music.rolls import roll_to_voices
from training.batches import melody_first
from training.players import Player
from training.samples import Listener
from training.tensors import Tensor

REACH = 24  # semitones; what is further counts as this
INTERVALS = 2 * REACH + 1
MOST_PHRASES = 500
SHARE_OF_LOGARITHM = 0.5
PRIOR_COUNT = 2.0  # of each interval: what nobody sang stays possible
HEAVIEST = 3.0


def best_path(logits: Tensor, intervals: Tensor) -> Tensor:
    """Finds the pitches with the largest sum of logits and interval weights.

    Args:
        logits: `(batch, time, pitches)`.
        intervals: weights `(INTERVALS,)` of falling to rising intervals, the unison in the middle.

    Returns:
        One-hot float32, shaped like `logits`.

    References:
        Viterbi, Error Bounds for Convolutional Codes, 1967.
    """
    time, size = logits.shape[1], logits.shape[2]
    pitches = np.arange(size)
    rises = np.clip(pitches[np.newaxis] - pitches[:, np.newaxis], -REACH, REACH) + REACH
    weights = tf.gather(intervals, rises)  # (from, to)
    sums = [logits[:, 0]]
    for step in range(1, time):
        reached = tf.reduce_max(sums[-1][:, :, tf.newaxis] + weights, axis=1)
        sums.append(reached + logits[:, step])
    chosen = [tf.argmax(sums[-1], axis=-1, output_type=tf.int32)]
    leading_to = tf.transpose(weights)
    for step in reversed(range(time - 1)):
        before = sums[step] + tf.gather(leading_to, chosen[-1])
        chosen.append(tf.argmax(before, axis=-1, output_type=tf.int32))
    return tf.one_hot(tf.stack(chosen[::-1], axis=1), size)


def interval_weights(
    player: Player, phrases: PhraseSet, condition_track: int
) -> NDArray[np.float32]:
    """Weighs intervals by what a player does with melodies of the training data.

    Args:
        player: plays without interval weights.
        phrases: the training data.
        condition_track: the track that is the melody.

    Returns:
        `(tracks - 1, INTERVALS)`, zero where player and data agree.
    """
    some = phrases.evenly(MOST_PHRASES)
    real = melody_first(some, condition_track)[0][..., 1:]
    own = roll_to_voices(*Listener(some, condition_track).listen(player, 0))[0]
    ratio = np.log(_shares(real) / _shares(own))
    return np.clip(SHARE_OF_LOGARITHM * ratio, -HEAVIEST, HEAVIEST).astype(np.float32)


def _shares(pitch: NDArray[np.integer]) -> NDArray[np.float64]:
    """How frequent each interval from one eighth to the next is: `(n, time, v)` to `(v, n)`."""
    eighths = pitch[:, ::2].astype(np.int64)
    before, after = eighths[:, :-1], eighths[:, 1:]
    rises = np.clip(after - before, -REACH, REACH) + REACH
    both = (before >= 0) & (after >= 0)
    voices = range(pitch.shape[-1])
    counts = np.stack(
        [np.bincount(rises[..., v][both[..., v]], minlength=INTERVALS) for v in voices]
    )
    return (counts + PRIOR_COUNT) / (counts + PRIOR_COUNT).sum(axis=1, keepdims=True)
