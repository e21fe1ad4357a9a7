"""Requests of which no two are alike, and what the answer to each has to be."""

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from container import media
from container.responses import ATTRIBUTES, INFERENCE_ID
from music.errors import MusicError
from music.midi import read_midi, write_midi
from music.song import Note, Song, Track
from tests.load.client import Reply

BEAT = 480
DIGITS = 6  # of twelve pitches each: as many melodies as there may be requests
LENGTHS = (BEAT // 4, BEAT // 2, BEAT // 2, BEAT)
BEATS = (3, 3, 3, 7)  # at least
MAX_TAKES = 3

# What is sent, and what is to come back.
KINDS = (
    ("midi", media.MIDI),
    ("midi", media.JSON),
    ("notes", media.JSON),
    ("notes", media.MIDI),
    ("base64", media.JSON),
)


@dataclass(frozen=True)
class Ask:
    """One request.

    Its first notes spell its number, so that neighbours differ in one pitch; the rest, the way it
    is sent and what is wanted are thrown with dice.

    Attributes:
        number: below 12**6.
        campaign: another one has other dice.
    """

    number: int
    campaign: int = 0
    kind: str = field(init=False)
    accept: str = field(init=False)
    seed: int = field(init=False)
    takes: int = field(init=False)

    def __post_init__(self) -> None:
        dice = self._dice("choices")
        kind, accept = dice.choice(KINDS)
        chosen = {
            "kind": kind,
            "accept": accept,
            "seed": dice.randrange(2**32 - MAX_TAKES),
            "takes": dice.choice((1, 1, 1, 1, 1, MAX_TAKES)) if accept == media.JSON else 1,
        }
        for name, value in chosen.items():
            object.__setattr__(self, name, value)

    @cached_property
    def melody(self) -> tuple[Note, ...]:
        """What the answer must hold."""
        dice = self._dice("melody")
        pitches = [60 + self.number // 12**place % 12 for place in range(DIGITS)]
        end, notes, start = dice.choice(BEATS) * BEAT, [], 0
        while pitches or start < end:
            pitch = pitches.pop() if pitches else dice.randint(60, 76)
            length = dice.choice(LENGTHS)
            notes.append(Note(start, start + length, pitch, dice.randint(1, 127)))
            start += length
        return tuple(notes)

    def request(self) -> bytes:
        """Returns its head and its body."""
        content_type, body = self._body()
        head = [
            "POST /invocations HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
            f"Accept: {self.accept}",
            f"{INFERENCE_ID}: {self._identity}",
        ]
        if content_type == media.MIDI:
            head.append(f"{ATTRIBUTES}: seed={self.seed},takes={self.takes}")
        return "\r\n".join([*head, "", ""]).encode("ascii") + body

    def faults(self, reply: Reply) -> Iterator[str]:
        """Yields what an answer has that it should not have."""
        if reply.status != 200:
            yield f"{reply.status} {reply.body[:200]!r}"
            return
        headers = {
            "content-type": self.accept,
            INFERENCE_ID.lower(): self._identity,
            ATTRIBUTES.lower(): f"seed={self.seed},takes={self.takes}",
        }
        for name, value in headers.items():
            if reply.headers.get(name, "").split(",warnings=")[0] != value:
                yield f"{name} is {reply.headers.get(name)!r}, not {value!r}"
        try:
            songs = list(self._songs(reply.body))
        except (MusicError, ValueError, LookupError, TypeError) as error:
            yield f"the body cannot be read: {error}"
            return
        if [seed for seed, _ in songs] != [self.seed + take for take in range(self.takes)]:
            yield f"the seeds are {[seed for seed, _ in songs]}"
        if any(midi.tracks[0].notes != self.melody for _, midi in songs):
            yield "the melody is another one"
        if any(len(midi.tracks) == 1 for _, midi in songs):
            yield "there is no accompaniment"

    @property
    def _identity(self) -> str:
        return f"ask-{self.campaign}-{self.number}"

    def _dice(self, purpose: str) -> random.Random:
        return random.Random(f"{self.campaign} {self.number} {purpose}")

    def _body(self) -> tuple[str, bytes]:
        midi = write_midi(Song(BEAT, (Track("Melody", 0, self.melody),)))
        if self.kind == "midi":
            return media.MIDI, midi
        content: dict[str, object] = {"seed": self.seed, "takes": self.takes}
        if self.kind == "base64":
            content["midi"] = base64.b64encode(midi).decode("ascii")
        else:
            content["notes"] = [
                {
                    "pitch": note.pitch,
                    "start": note.start / BEAT,
                    "duration": (note.end - note.start) / BEAT,
                    "velocity": note.velocity,
                }
                for note in self.melody
            ]
        return media.JSON, json.dumps(content).encode()

    def _songs(self, body: bytes) -> Iterator[tuple[int, Song]]:
        if self.accept == media.MIDI:
            yield self.seed, read_midi(body)
            return
        for take in json.loads(body)["takes"]:
            yield take["seed"], read_midi(base64.b64decode(take["midi"], validate=True))
