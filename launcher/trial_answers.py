"""What comes back from a server, held against the melody that was sent."""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from music.errors import MusicError
from music.manifest import Manifest
from music.midi import read_midi
from music.rolls import roll_of_notes
from music.song import Song

if TYPE_CHECKING:
    from music.rolls import BoolArray

MIDI = "audio/midi"
JSON = "application/json"
NPY = "application/x-npy"
PNG = "image/png"
LINES = "application/jsonlines"

Line = list[tuple[Fraction, Fraction, int, int]]


class WrongAnswerError(Exception):
    """An answer that is not what was asked for; the message is a sentence."""


def line_of(song: Song) -> Line:
    """Returns start and end in beats, pitch and velocity of the first track's notes."""
    beat = song.ticks_per_beat
    return [
        (Fraction(note.start, beat), Fraction(note.end, beat), note.pitch, note.velocity)
        for note in song.tracks[0].notes
    ]


@dataclass(frozen=True)
class Expected:
    """What an answer has to be.

    Attributes:
        song: the melody that was sent.
        manifest: of the model that answers.
        seed: that was asked for; of several lines, the first one's.
    """

    song: Song
    manifest: Manifest
    seed: int

    def roll(self, steps: int) -> "BoolArray":
        """Draws the melody, `(steps, 128)`."""
        ticks = self.song.ticks_per_beat / self.manifest.steps_per_beat
        return roll_of_notes(self.song.tracks[0].notes, ticks, steps)[0]

    def look_at(self, accept: str, body: bytes) -> None:
        """Holds an answer against the melody.

        Raises:
            WrongAnswerError: if it is no accompanied song with this melody.
        """
        try:
            if accept == MIDI:
                self._look_at_song(body)
            elif accept == JSON:
                self._look_at_takes(json.loads(body), self.seed)
            elif accept == NPY:
                self._look_at_roll(body)
            elif accept == PNG:
                if not body.startswith(b"\x89PNG\r\n\x1a\n"):
                    raise WrongAnswerError("The answer is no PNG picture.")
            else:
                self._look_at_lines(body)
        except (MusicError, ValueError, KeyError, TypeError, IndexError) as error:
            raise WrongAnswerError(f"The {accept} of the answer cannot be read: {error}") from error

    def _look_at_song(self, midi: bytes) -> None:
        song = read_midi(midi)
        sent, back = line_of(self.song), line_of(song)
        if sent != back:
            changed = sum(note not in back for note in sent)
            raise WrongAnswerError(
                f"The melody did not come back: of {len(sent)} notes {changed} are missing or "
                f"changed, and {len(back)} notes came."
            )
        if len(song.tracks) == 1:
            raise WrongAnswerError("The melody came back without an accompaniment.")
        if len(song.tracks) > len(self.manifest.tracks):
            raise WrongAnswerError(
                f"{len(song.tracks)} tracks came; the manifest has {len(self.manifest.tracks)}."
            )

    def _look_at_takes(self, content: Mapping[str, Any], seed: int) -> None:
        (take,) = content["takes"]
        if take["seed"] != seed:
            raise WrongAnswerError(f"The answer has seed {take['seed']}, not {seed}.")
        self._look_at_song(base64.b64decode(take["midi"], validate=True))

    def _look_at_lines(self, body: bytes) -> None:
        first, second = map(json.loads, body.splitlines())  # as many as were sent
        self._look_at_takes(first, self.seed)
        self._look_at_takes(second, self.seed + 1)

    def _look_at_roll(self, body: bytes) -> None:
        import numpy as np

        roll = np.load(io.BytesIO(body), allow_pickle=False)
        tracks = len(self.manifest.tracks)
        if roll.dtype != np.uint8 or roll.ndim != 4 or roll.shape[2:] != (128, tracks):
            raise WrongAnswerError(
                f"The array is {roll.dtype} {roll.shape}, not uint8 (1, time, 128, {tracks})."
            )
        if len(roll) != 1 or not np.array_equal(roll[0, ..., 0] != 0, self.roll(roll.shape[1])):
            raise WrongAnswerError("Track 0 of the array is not the melody that was sent.")
        if not roll[..., 1:].any():
            raise WrongAnswerError("The array has no accompaniment.")
