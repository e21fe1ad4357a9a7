"""The metrics that DeepComposer shows, track by track, and what enters a history beside them."""

import math
from collections.abc import Sequence

from music.keys import Key
from music.metrics import Roll, empty_bar_rate, in_scale_rate, pitches_used, polyphonic_rate
from music.phrases import PhraseSet, unpack_roll
from music.quality import GOALS, Quality
from music.rolls import voices_to_roll
from training.batches import melody_first, roll_melody_first
from training.history import Row
from training.samples import Answer, track_names

MOST_READ = 1000  # phrases; more would take longer to say the same
_MORE = ("step_rate", "odd16", "note_count")  # terms of the headline without a goal of their own


def quality_row(quality: Quality) -> Row:
    """Returns the numbers of an evaluation that are worth a curve; what was left out is not in."""
    names = [name for name, *_ in GOALS] + list(_MORE)
    found = {name: getattr(quality, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def track_row(roll: Roll, names: Sequence[str], keys: Sequence[Key], steps_per_bar: int) -> Row:
    """Measures each track of some phrases.

    Args:
        roll: `(n, time, 128, track)`.
        names: of the tracks.
        keys: of the phrases.
        steps_per_bar: of which `time` is a multiple.

    Returns:
        Values by `metric.track`.
    """
    measured = {
        "empty_bars": empty_bar_rate(roll, steps_per_bar),
        "pitches_used": pitches_used(roll),
        "in_scale": in_scale_rate(roll, keys),
        "polyphony": polyphonic_rate(roll),
    }
    return {
        f"{metric}.{name}": float(value)
        for metric, values in measured.items()
        for name, value in zip(names, values, strict=True)
        if math.isfinite(value)
    }


def generated_row(answer: Answer, heard: PhraseSet, condition_track: int) -> Row:
    """Returns values by `metric.track` for what a generator played to the melodies of `heard`."""
    names = track_names(heard, condition_track)[1:]
    return track_row(answer.roll, names, _keys(heard), _bar(heard))


def reference_row(train: PhraseSet, condition_track: int) -> Row:
    """Returns what the training phrases measure, by the names of `generated_row`."""
    if not len(train):
        return {}
    some = train.evenly(MOST_READ)
    if some.roll is None:
        roll, _ = voices_to_roll(*melody_first(some, condition_track))
    else:
        roll = unpack_roll(roll_melody_first(some.roll, condition_track))
    names = track_names(train, condition_track)[1:]
    return track_row(roll[..., 1:], names, _keys(some), _bar(some))


def _keys(phrases: PhraseSet) -> list[Key]:
    return [
        Key(int(tonic), "minor" if mode == "minor" else "major")
        for tonic, mode in zip(phrases.tonic, phrases.mode, strict=True)
    ]


def _bar(phrases: PhraseSet) -> int:
    """Steps of a bar: a phrase has two."""
    return phrases.pitch.shape[1] // 2
