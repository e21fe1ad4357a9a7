"""What the worker's thread does with the body of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from container import media
from container.faults import RequestError, describe_fault
from container.parameters import Parameters
from container.requests import MelodyRequest, read_json_request, read_rolls, song_of_roll
from container.responses import (
    attributes,
    describe,
    describe_take,
    dump,
    without_repetitions,
    write_npy,
    write_take,
)
from inference.arranger import Arrangement, Arranger
from inference.turns import Turns, before_others
from music.errors import MusicError
from music.midi import read_midi

# Quarters of all takes together: 16 takes of 128 bars of 4/4, or 4 of the longest song.
MAX_QUARTERS_OF_TAKES = 8192
MAX_LINES = 10_000  # each has an answer that must be held

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Answer:
    """A body, its media type, and the custom attributes that go with it."""

    body: bytes
    media_type: str
    attributes: str


@dataclass(frozen=True)
class Question:
    """The body of a request, its media type, what may be answered, and the header's parameters."""

    body: bytes
    media_type: str
    accept: str | None
    parameters: Parameters

    def answer(self, arranger: Arranger) -> Turns[Answer]:
        """Answers.

        Raises:
            RequestError: the request is at fault.
            MusicError: the music is.
        """
        if self.media_type == media.LINES:
            return (yield from _answer_lines(self, arranger))
        if self.media_type == media.NPY:
            return (yield from _answer_rolls(self, arranger))
        if self.media_type == media.JSON:
            request = read_json_request(self.body, self.parameters)
        else:
            request = MelodyRequest(read_midi(self.body), self.parameters)
        kind = _choose_for_takes(self, request.parameters.count)
        if kind == media.JSON:
            takes, warnings = yield from _accompany(request, arranger, describe_take)
            body = dump(describe(takes, warnings, arranger.manifest))
        elif kind == media.NPY:
            rolls, warnings = yield from _accompany(request, arranger, lambda take: take.roll)
            body = write_npy(np.stack(rolls))
        else:
            write = partial(write_take, kind=kind)
            [body], warnings = yield from _accompany(request, arranger, write)
        parameters = request.parameters
        return Answer(body, kind, attributes(parameters.options().seed, parameters.count, warnings))


def _choose_for_takes(question: Question, takes: int) -> str:
    """Chooses the type of the answer among those that can hold so many takes."""
    offers = media.ANSWERS[question.media_type]
    if takes > 1:
        offers = tuple(offer for offer in offers if offer in (media.JSON, media.NPY))
    kind = media.choose_answer(question.accept, offers)
    if kind is None:
        raise RequestError(
            400,
            "one_take_only",
            f"{takes} takes do not fit into one {question.accept}.",
            f"Accept {media.JSON}, or ask for one take.",
        )
    return kind


def _accompany(
    request: MelodyRequest, arranger: Arranger, show: Callable[[Arrangement], Shown]
) -> Turns[tuple[list[Shown], list[str]]]:
    """Accompanies one melody as often as wanted; also returns all warnings, each once.

    Of each take only what `show` makes of it is kept: a take is large, and many requests wait.
    """
    song, parameters = request.song, request.parameters
    if parameters.count * song.end > MAX_QUARTERS_OF_TAKES * song.ticks_per_beat:
        raise RequestError(
            400,
            "too_long",
            f"{parameters.count} takes of {song.end / song.ticks_per_beat:.0f} quarters are more "
            f"than {MAX_QUARTERS_OF_TAKES} quarters.",
            "Ask for fewer takes at once; the seeds of the others follow on.",
        )
    takes: list[Shown] = []
    warnings = list(request.warnings)
    for number in range(parameters.count):
        turns = arranger.arrange_in_turns(song, parameters.options(number))
        take = yield from before_others(turns, parameters.count - number - 1)
        takes.append(show(take))
        warnings += take.warnings
    return takes, without_repetitions(warnings)


def _answer_lines(question: Question, arranger: Arranger) -> Turns[Answer]:
    """Answers one JSON request a line; a line at fault is answered with its error."""
    if question.body.count(b"\n") > MAX_LINES:
        raise RequestError(
            400,
            "too_many_lines",
            f"The body has more than {MAX_LINES} lines.",
            "Send them in parts; batch transform does with a smaller MaxPayloadInMB.",
        )
    lines = question.body.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    if not lines:
        raise RequestError(
            400, "empty_body", "The body has no line.", "Send one JSON object on each line."
        )
    answers: list[dict[str, Any]] = []
    faults = 0
    for number, line in enumerate(lines, start=1):
        try:
            request = read_json_request(line, question.parameters)
            turns = _accompany(request, arranger, describe_take)
            takes, warnings = yield from before_others(turns, len(lines) - number)
            answers.append(describe(takes, warnings, arranger.manifest))
        except (RequestError, MusicError) as error:
            answers.append(describe_fault(error.code, error.message, error.hint))
            faults += 1
    body = b"".join(dump(answer) for answer in answers)
    return Answer(body, media.LINES, f"lines={len(lines)},faults={faults}")


def _answer_rolls(question: Question, arranger: Arranger) -> Turns[Answer]:
    """Answers melodies as rolls, the one in row i with seed + i."""
    melodies = read_rolls(question.body)
    parameters = question.parameters
    if parameters.count > 1:
        raise RequestError(
            400,
            "one_take_only",
            "Each melody of an .npy body is accompanied once.",
            "Repeat the melody in the batch: every row has a seed of its own.",
        )
    batch, steps, pitches = melodies.shape
    tracks = len(arranger.manifest.tracks)
    answer = np.zeros((batch, steps, pitches, tracks), dtype=np.uint8)
    answer[..., 0] = melodies
    warnings: list[str] = []
    for row, melody in enumerate(melodies):
        if not melody.any():
            raise MusicError("no_notes", f"Melody {row} has no notes.", "Leave it out.")
        song = song_of_roll(melody, arranger.manifest.steps_per_beat)
        turns = arranger.arrange_in_turns(song, parameters.options(row))
        arrangement = yield from before_others(turns, batch - row - 1)
        length = min(steps, len(arrangement.roll))
        answer[row, :length, :, 1:] = arrangement.roll[:length, :, 1:]
        warnings += arrangement.warnings
    seed = parameters.options().seed
    return Answer(
        write_npy(answer),
        media.NPY,
        attributes(seed, 1, without_repetitions(warnings)),
    )
