"""Samples: the same validation melodies and noise again and again, to hear the progress."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from music.midi import write_midi
from music.phrases import PhraseSet, pack_roll, transpose, unpack_roll
from music.rolls import notes_of_roll, notes_of_voice, roll_of_notes
from music.song import Song, Tempo, TimeSignature, Track
from training.batches import melody_first, shifts_to_c, transposed_roll
from training.players import Player
from training.roll_picture import RollPicture

TICKS_PER_BEAT = 480
QUARTER_US = 750_000  # 80 quarters a minute
CHOIR_AAHS = 52
SAMPLED = 4  # phrases in one sample file
NOISE_SEED = 20_000


class Answer(NamedTuple):
    """What a generator plays to some melodies.

    Attributes:
        roll: of the accompaniment, bool `(n, 32, 128, tracks - 1)`.
        onset: likewise.
    """

    roll: NDArray[np.bool_]
    onset: NDArray[np.bool_]

    def packed(self) -> "PackedAnswer":
        """The same in an eighth of the memory."""
        return PackedAnswer(pack_roll(self.roll), pack_roll(self.onset))


class PackedAnswer(NamedTuple):
    """An answer to be kept for later, see `music.phrases.pack_roll`."""

    roll: NDArray[np.uint8]
    onset: NDArray[np.uint8]

    def unpacked(self) -> Answer:
        """As it was."""
        return Answer(unpack_roll(self.roll), unpack_roll(self.onset))


class Listener:
    """Plays a part of a data set to the generator and reads the answers in the music's own key.

    Args:
        phrases: the melodies.
        condition_track: the track that is the melody.
    """

    def __init__(self, phrases: PhraseSet, condition_track: int) -> None:
        self.phrases = phrases
        self.pitch, self.onset = melody_first(phrases, condition_track)

    def listen(
        self, player: Player, draw: int, chosen: NDArray[np.integer] | None = None
    ) -> Answer:
        """Accompanies melodies with noise number `draw`, each with a part of its own.

        Args:
            player: plays.
            draw: the same number is the same noise.
            chosen: the melodies; None takes all.
        """
        random = np.random.Generator(np.random.Philox(NOISE_SEED + draw))
        shape = (len(self.phrases), *player.noise_shape)
        noise = random.standard_normal(shape, dtype=np.float32)
        chosen = np.arange(len(noise)) if chosen is None else chosen
        shifts = shifts_to_c(self.phrases)[chosen] * player.tonic_normalized
        melody = transpose(self.pitch[chosen, :, :1], shifts)[..., 0]
        roll, onset = player.accompany(melody, self.onset[chosen, :, 0], noise[chosen])
        return Answer(transposed_roll(roll, -shifts), transposed_roll(onset, -shifts))


class Sampler:
    """Writes what the generator answers to a few melodies as MIDI and as a picture.

    Args:
        phrases: the data set's phrases to choose the melodies from, evenly.
        condition_track: the track that is the melody.
        folder: where `iteration-NNNNNN.mid` and `.png` go.
    """

    def __init__(self, phrases: PhraseSet, condition_track: int, folder: Path) -> None:
        chosen = np.linspace(0, len(phrases) - 1, min(SAMPLED, len(phrases))).astype(int)
        self.listener = Listener(phrases.take(chosen), condition_track)
        self.tracks = track_names(phrases, condition_track)
        self.picture = RollPicture(self.tracks, phrases.steps_per_beat)
        self.folder = folder

    def sample(self, player: Player, iteration: int) -> Path:
        """Writes one sample and returns the path of its picture."""
        roll, onset = self.listener.listen(player, draw=0)
        song = self._song(roll, onset)
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.folder / f"iteration-{iteration:06d}"
        _write(stem.with_suffix(".mid"), write_midi(song))
        draft = stem.with_name(f"draft-{stem.name}.png")
        self.picture.write(self._rolls(song), draft, f"iteration {iteration}")
        return draft.replace(stem.with_suffix(".png"))

    def _rolls(self, song: Song) -> list[NDArray[np.bool_]]:
        """The tracks of a song as `_song` makes it, up to the end of the last phrase."""
        count, steps, _ = self.listener.phrases.shape
        ticks = TICKS_PER_BEAT // self.listener.phrases.steps_per_beat
        length = count * (steps + steps // 2) - steps // 2
        return [roll_of_notes(track.notes, ticks, length)[0] for track in song.tracks]

    def _song(self, roll: NDArray[np.bool_], onset: NDArray[np.bool_]) -> Song:
        """The phrases one after another, a bar of silence between."""
        phrases = self.listener.phrases
        ticks = TICKS_PER_BEAT // phrases.steps_per_beat
        steps = roll.shape[1]
        stride = ticks * (steps + steps // 2)
        notes = [
            note
            for number in range(len(phrases))
            for note in notes_of_voice(
                self.listener.pitch[number, :, 0],
                self.listener.onset[number, :, 0],
                ticks,
                number * stride,
                velocity=90,
            )
        ]
        tracks = [Track(self.tracks[0], CHOIR_AAHS, tuple(notes))]
        for index, name in enumerate(self.tracks[1:]):
            answer = [
                note
                for number in range(len(phrases))
                for note in notes_of_roll(
                    roll[number, ..., index], onset[number, ..., index], ticks, number * stride
                )
            ]
            tracks.append(Track(name, CHOIR_AAHS, tuple(answer)))
        return Song(
            TICKS_PER_BEAT, tuple(tracks), (Tempo(0, QUARTER_US),), (TimeSignature(0, 4, 4),)
        )


def track_names(phrases: PhraseSet, condition_track: int) -> tuple[str, ...]:
    """The data set's track names, the melody first."""
    names = list(phrases.header["tracks"])
    return (names.pop(condition_track), *names)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f"draft-{path.name}")
    draft.write_bytes(data)
    draft.replace(path)
