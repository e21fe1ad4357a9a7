"""The samples of a run as data for its page: what to draw, to play and to compare.

Everything is read back from the sample files, so that the page shows what lies beside it.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.manifest import Manifest
from music.midi import read_midi
from music.phrases import PhraseSet
from music.rolls import melody_of_notes
from music.song import Note, Song
from training.batches import melody_first
from training.samples import SAMPLED

MOST_SHOWN = 24  # iterations on the page
MOST_NOTES = 60_000  # on the page; a noisy U-Net plays ten thousand in one sample
_TRANSPOSITIONS = range(-5, 7)  # as `music.distances.nearest_training` has them
_NEVER = -100  # no pitch and no rest
_MOST_COMPARED = 400_000  # phrases in all transpositions; each takes some 20 microseconds

# start and length in steps, and pitch
Cells = list[tuple[int, int, int]]
Pitches = NDArray[np.int8]


@dataclass(frozen=True)
class Sample:
    """One sample file.

    Attributes:
        iteration: after which it was played.
        song: its phrases one after another, with a bar of silence between.
    """

    iteration: int
    song: Song

    def notes(self) -> int:
        """How many notes it has."""
        return sum(len(track.notes) for track in self.song.tracks)


def read_samples(folder: Path, kept: int) -> list[Sample]:
    """Reads the sample files of a run, at most `MOST_SHOWN`, evenly chosen.

    Args:
        folder: of the sample files.
        kept: the iteration that is chosen in any case, as is the last.
    """
    paths = {int(path.stem.split("-")[1]): path for path in folder.glob("iteration-*.mid")}
    samples = [
        Sample(iteration, read_midi(paths[iteration].read_bytes()))
        for iteration in evenly(sorted(paths), MOST_SHOWN, kept)
    ]
    while len(samples) > 2 and sum(sample.notes() for sample in samples) > MOST_NOTES:
        left = evenly([sample.iteration for sample in samples], (len(samples) + 1) // 2, kept)
        samples = [sample for sample in samples if sample.iteration in left]
    return samples


def evenly(items: Sequence[int], most: int, kept: int) -> list[int]:
    """Chooses at most `most` of the items, two at least, as evenly as can be.

    Args:
        items: in their order.
        most: how many.
        kept: is chosen if it is among the items, as the last always is.
    """
    if len(items) <= most:
        return list(items)
    chosen = np.linspace(len(items) - 1, 0, most).round().astype(int)[::-1]
    found = [items[index] for index in chosen]
    if kept in items and kept not in found:
        found[min(range(most - 1), key=lambda index: abs(found[index] - kept))] = kept
    return found


def page_data(
    samples: Sequence[Sample],
    manifest: Manifest,
    phrases: PhraseSet | None,
    titles: Sequence[str],
    exported: int,
) -> dict[str, Any]:
    """Collects what the page's script needs, ready for JSON.

    Args:
        samples: in the order of their iterations.
        manifest: of the model.
        phrases: the data set of the run, to find the composer's own setting and the nearest
            training phrase of each sample; without it there are none.
        titles: of the samples.
        exported: the iteration whose generator was exported; the page opens there.
    """
    ticks = [sample.song.ticks_per_beat // manifest.steps_per_beat for sample in samples]
    cut = [
        split_phrases(sample.song, each, manifest.phrase_steps, manifest.tracks)
        for sample, each in zip(samples, ticks, strict=True)
    ]
    library = Library.of(phrases, manifest) if phrases is not None else None
    originals = library.originals(cut[-1]) if library and cut else []
    near = library.near(cut) if library else {}
    return {
        "tracks": list(manifest.tracks),
        "steps": manifest.phrase_steps,
        "perBeat": manifest.steps_per_beat,
        "originals": originals,
        "exported": exported,
        "samples": [
            {
                "iteration": sample.iteration,
                "title": titles[index],
                "phrases": [
                    {"tracks": tracks, "near": near.get((index, number))}
                    for number, tracks in enumerate(cut[index])
                ],
            }
            for index, sample in enumerate(samples)
        ],
    }


def split_phrases(song: Song, ticks: int, steps: int, tracks: Sequence[str]) -> list[list[Cells]]:
    """Cuts a sample's song into its phrases, the inverse of how `Sampler` writes it.

    Args:
        song: phrases of `steps` steps, half as much silence after each.
        ticks: of one step.
        steps: of one phrase.
        tracks: names of all tracks; a file does not keep those without notes.

    Returns:
        Cells by phrase and track.
    """
    stride = steps + steps // 2
    count = -(-song.end // (ticks * stride))
    cut: list[list[Cells]] = [[[] for _ in tracks] for _ in range(count)]
    left = list(song.tracks)
    for track, name in enumerate(tracks):
        if not left or (len(left) < len(tracks) - track and left[0].name != name):
            continue
        music = left.pop(0)
        for note in music.notes:
            number, start = divmod(round(note.start / ticks), stride)
            length = max(1, round((note.end - note.start) / ticks))
            cut[number][track].append((start, length, note.pitch))
    return cut


@dataclass(frozen=True)
class Library:
    """The music that the run learned from and was heard with.

    Attributes:
        train: the training phrases.
        pitch: theirs, `(n, time, voice)`, the melody first.
        onset: likewise.
        heard: the phrases whose melodies the samples have.
        condition_track: which track of the data set is the melody.
    """

    train: PhraseSet
    pitch: Pitches
    onset: NDArray[np.bool_]
    heard: PhraseSet
    condition_track: int

    @classmethod
    def of(cls, phrases: PhraseSet, manifest: Manifest) -> "Library | None":
        """Takes a data set apart; None if it has other tracks than the model."""
        if phrases.pitch.shape[1:] != (manifest.phrase_steps, len(manifest.tracks)):
            return None
        track = int(manifest.hyperparameters.get("condition_track", 0))
        train, valid = phrases.part("train"), phrases.part("valid")
        heard = valid if len(valid) else train
        return cls(train, *melody_first(train, track), heard, track)

    def originals(self, cut: Sequence[Sequence[Cells]]) -> list[dict[str, Any] | None]:
        """The composer's settings of the melodies of a sample, where they are surely the same."""
        chosen = np.linspace(0, len(self.heard) - 1, min(SAMPLED, len(self.heard))).astype(int)
        part = self.heard.take(chosen)
        pitch, onset = melody_first(part, self.condition_track)
        found: list[dict[str, Any] | None] = []
        for number, tracks in enumerate(cut):
            same = number < len(part) and _cells(pitch[number], onset[number])[0] == tracks[0]
            found.append(
                {
                    "tracks": _cells(pitch[number], onset[number]),
                    "source": _name(part.source[number]),
                    "bar": int(part.bar[number]) + 1,
                    "key": _key(part, number),
                }
                if same
                else None
            )
        return found

    def near(self, cut: Sequence[Sequence[Sequence[Cells]]]) -> dict[tuple[int, int], Any]:
        """The nearest training phrases of all samples, by number of sample and of phrase.

        A large data set is searched for the last samples only: the page must not take long.
        """
        found: dict[tuple[int, int], Any] = {}
        left = max(_MOST_COMPARED, len(self.pitch) * len(cut[-1])) if cut else 0
        for index in reversed(range(len(cut))):
            for number, tracks in enumerate(cut[index]):
                left -= len(self.pitch)
                if left < 0:
                    return found
                found[index, number] = self._nearest(tracks)
        return found

    def _nearest(self, tracks: Sequence[Cells]) -> dict[str, Any]:
        """The training phrase with the most cells of the accompaniment in common."""
        steps = self.pitch.shape[1]
        voices = [
            melody_of_notes([Note(s, s + n, p) for s, n, p in cells], 1, steps)[0]
            for cells in tracks[1:]
        ]
        ours, known = np.stack(voices, axis=-1), self.pitch[..., 1:]
        best = (-1.0, 0, 0)
        for shift in _TRANSPOSITIONS:
            moved = ours.astype(np.int16) - shift
            wanted = np.where(ours < 0, -1, np.where(moved < 0, _NEVER, moved)).astype(np.int8)
            counts = np.count_nonzero(known == wanted, axis=(1, 2))
            index = int(counts.argmax())
            best = max(best, (float(counts[index]) / ours.size, index, shift))
        share, index, shift = best
        pitch = self.pitch[index]
        return {
            "tracks": _cells(np.where(pitch < 0, -1, pitch + shift), self.onset[index]),
            "source": _name(self.train.source[index]),
            "bar": int(self.train.bar[index]) + 1,
            "shift": shift,
            "same": round(share, 3),
        }


def _cells(pitch: NDArray[np.integer[Any]], onset: NDArray[np.bool_]) -> list[Cells]:
    """The notes of one phrase `(time, voice)`; what it holds from before starts with it."""
    steps, voices = pitch.shape
    found: list[Cells] = []
    for voice in range(voices):
        line, starts = pitch[:, voice], onset[:, voice].copy()
        starts[0] = True
        starts[1:] |= line[1:] != line[:-1]
        edges = [*np.flatnonzero(starts).tolist(), steps]
        found.append(
            [
                (start, end - start, int(line[start]))
                for start, end in itertools.pairwise(edges)
                if line[start] >= 0
            ]
        )
    return found


def _key(phrases: PhraseSet, number: int) -> str:
    names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    return f"{names[int(phrases.tonic[number])]} {phrases.mode[number]}"


def _name(source: object) -> str:
    """A song's name without its folder and the ending of its file."""
    return re.sub(r"\.(mxl|xml|musicxml|midi?|krn)$", "", str(source).rsplit("/", 1)[-1])
