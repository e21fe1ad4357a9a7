"""One MIDI file of a user's own music: its tracks on the grid of sixteenths, cut into phrases.

A phrase is 32 steps long and begins and ends at a bar line: two bars of 4/4, four of 2/4, one of
4/2. What would be read silently wrong is refused: bars of other lengths, notes between the steps
(triplets, or a performance without a click), bar lines that are not where the bars are (see
`music.meters` and `music.pickups`), and a track that changes its instrument, of which a MIDI reader
makes two.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError
from music.keys import Key, find_key
from music.meters import check_meter
from music.midi import read_midi
from music.phrases import ROLL_BYTES, pack_roll
from music.pickups import check_pickup, find_bars
from music.rolls import count_steps, melody_of_notes, roll_of_notes
from music.song import Note, Song, Track, pitched_tracks

STEPS_PER_BEAT = 4
PHRASE_STEPS = 32
PHRASE_BEATS = PHRASE_STEPS // STEPS_PER_BEAT
DEFAULT_TRACKS = 4  # the melody and three others, where nobody says which

_OFF_GRID = 0.3  # steps between a note's start and the grid; a triplet's are a third
_MOST_OFF_GRID = 0.2  # the share of such notes in a file; without any grid it is 0.4
_CHORD_STEPS = 3  # steps with several pitches in a phrase that legato playing may leave

TrackChoice = int | str

REASONS = {
    "meter": "bars that do not make two bars of 4/4",
    "off_grid": "with notes between the sixteenths",
    "melody_rests": "without a note of the melody",
    "accompaniment_rests": "without accompaniment",
    "chords": "in which a track plays chords",
}


@dataclass(frozen=True)
class Selection:
    """What to take of a file.

    Attributes:
        melody: a track by index, counted from 0 over all tracks with notes, or by name; the first
            pitched track by default.
        accompany: likewise; by default the next three pitched tracks in their order.
        pickup: quarters before the first whole bar, see `music.pickups.find_bars`; 0 means that
            the bar lines are right.

    Raises:
        MusicError: `bad_pickup`.
    """

    melody: TrackChoice | None = None
    accompany: tuple[TrackChoice, ...] = ()
    pickup: float | None = None

    def __post_init__(self) -> None:
        check_pickup(self.pickup)


@dataclass(frozen=True, eq=False)
class Piece:
    """The phrases of one file.

    Attributes:
        tracks: names, the melody first.
        left_out: names of the tracks that are not taken, drums among them.
        bars: of the whole piece.
        key: of the whole piece.
        pitch: int8 `(n, 32, track)`, the line on top of each track, -1 for a rest.
        onset: bool `(n, 32, track)`.
        chords: bool `(n, track)`, whether a track plays more than one line.
        bar: int32 `(n,)`, the first bar of each phrase.
        roll: uint8 `(n, 32, track, 16)`, all that sounds, as in `music.phrases.PhraseSet`; None
            where no track plays chords.
        lost: how many phrases or bars were left out, by the names of `REASONS`.
        remark: what the user should know of its bars, empty if there is nothing.
    """

    tracks: tuple[str, ...]
    left_out: tuple[str, ...]
    bars: int
    key: Key
    pitch: NDArray[np.int8]
    onset: NDArray[np.bool_]
    chords: NDArray[np.bool_]
    bar: NDArray[np.int32]
    roll: NDArray[np.uint8] | None
    lost: dict[str, int]
    remark: str = ""

    def keep(self, kept: NDArray[np.bool_], reason: str) -> "Piece":
        """Leaves out phrases, and counts them as lost for a reason."""
        if not (number := int(np.sum(~kept))):
            return self
        arrays = {name: getattr(self, name)[kept] for name in ("pitch", "onset", "chords", "bar")}
        roll = None if self.roll is None else self.roll[kept]
        lost = {**self.lost, reason: self.lost.get(reason, 0) + number}
        return replace(self, **arrays, roll=roll, lost=lost)

    def first_tracks(self, count: int) -> "Piece":
        """Keeps the first tracks; the others are left out."""
        arrays = {name: getattr(self, name)[..., :count] for name in ("pitch", "onset", "chords")}
        return replace(
            self,
            **arrays,
            roll=None if self.roll is None else self.roll[:, :, :count],
            tracks=self.tracks[:count],
            left_out=(*self.tracks[count:], *self.left_out),
        )


def read_piece(data: bytes, selection: Selection) -> Piece:
    """Reads a MIDI file and cuts it into phrases, one from every bar on.

    Args:
        data: the whole file, from anyone.
        selection: what to take.

    Raises:
        MusicError: as `music.midi.read_midi`; `no_such_track`, `too_few_tracks`,
            `changing_instrument`, `off_grid`, `hidden_meter` or `shifted_bars`.
    """
    song = read_midi(data)
    chosen = choose_tracks(song, selection)
    tracks = [song.tracks[index] for index in chosen]
    _check_instruments(song)
    ticks_per_step = song.ticks_per_beat / STEPS_PER_BEAT
    off = np.sort(_off_grid_steps(tracks, ticks_per_step))
    count = sum(len(track.notes) for track in tracks)
    if len(off) > _MOST_OFF_GRID * count:
        raise MusicError(
            "off_grid",
            f"{len(off) / count:.0%} of the notes start between the sixteenths: triplets, swing, "
            "or a performance without a click.",
            "Quantize the music to sixteenths.",
        )
    if selection.pickup != 0:
        check_meter(song, tracks)
    found = find_bars(song, tracks, selection.pickup)
    song = found.song
    bars = sounding_bars(song, tracks)
    numbers, first, lost = _phrase_starts(bars, song.ticks_per_beat)
    steps = np.asarray(first, np.int64)[:, None] + np.arange(PHRASE_STEPS)
    pitch, onset, chords, roll = _draw(tracks, ticks_per_step, steps)
    blurred = np.searchsorted(off, steps[:, 0]) < np.searchsorted(off, steps[:, -1] + 1)
    kept = np.ones(len(steps), np.bool_)
    for reason, fault in (
        ("off_grid", blurred),
        ("melody_rests", ~onset[..., 0].any(axis=1)),
        ("accompaniment_rests", ~(pitch[..., 1:] >= 0).any(axis=(1, 2))),
    ):
        lost[reason] = int(np.sum(kept & fault))
        kept &= ~fault
    return Piece(
        tracks=tuple(track.name for track in tracks),
        left_out=tuple(t.name for i, t in enumerate(song.tracks) if i not in chosen),
        bars=len(bars),
        key=song_key(song, tracks),
        pitch=pitch[kept],
        onset=onset[kept],
        chords=chords[kept],
        bar=np.array(numbers, np.int32)[kept],
        roll=roll[kept] if chords[kept].any() else None,
        lost={reason: number for reason, number in lost.items() if number},
        remark=found.remark,
    )


def choose_tracks(song: Song, selection: Selection) -> tuple[int, ...]:
    """Returns the indices of the tracks to take, the melody first.

    Raises:
        MusicError: `no_such_track`, `too_few_tracks`, `no_notes` or `drums_only`.
    """
    pitched = pitched_tracks(song)
    named = [_find_track(song, choice) for choice in selection.accompany]
    if selection.melody is not None:
        melody = _find_track(song, selection.melody)
    else:
        melody = next((index for index in pitched if index not in named), pitched[0])
    others = named or [index for index in pitched if index != melody][: DEFAULT_TRACKS - 1]
    chosen = (melody, *others)
    if len(chosen) < 2:
        raise MusicError(
            "too_few_tracks",
            "There is one pitched track, and a melody with an accompaniment needs two.",
            "Give every voice a track of its own.",
        )
    if len(set(chosen)) < len(chosen):
        raise MusicError(
            "no_such_track",
            "One track is chosen twice, as melody or as accompaniment.",
            "Choose different tracks.",
        )
    return chosen


def _find_track(song: Song, choice: TrackChoice) -> int:
    """Returns the one track that an index or a name means."""
    if isinstance(choice, int):
        found = [choice] if 0 <= choice < len(song.tracks) else []
    else:
        wanted = choice.strip().casefold()
        found = [i for i, track in enumerate(song.tracks) if track.name.casefold() == wanted]
    if len(found) == 1 and not song.tracks[found[0]].is_drum:
        return found[0]
    fault = "is the drums'" if len(found) == 1 else f"fits {len(found)} tracks"
    raise MusicError(
        "no_such_track",
        f"The track {choice!r} {fault}, of {len(song.tracks)} with notes.",
        "Choose a pitched track by its index from 0, or by a name that only it has.",
    )


def _check_instruments(song: Song) -> None:
    """Refuses two tracks of one name and two instruments that take turns: it was one track."""
    pitched = [track for track in song.tracks if not track.is_drum]
    for one, other in pairwise(pitched):  # the reader puts what it made of one track together
        if one.name == other.name and one.program != other.program and _take_turns(one, other):
            raise MusicError(
                "changing_instrument",
                f"A track changes its instrument from {one.program} to {other.program}, which "
                "makes two tracks of it.",
                "Leave one instrument a track.",
            )


def _take_turns(one: Track, other: Track) -> bool:
    """Whether two tracks never sound together."""
    both = sorted((*one.notes, *other.notes))
    ends = {True: 0, False: 0}
    mine = set(one.notes)
    for note in both:
        is_mine = note in mine
        if note.start < ends[not is_mine]:
            return False
        ends[is_mine] = max(ends[is_mine], note.end)
    return True


def _starts(notes: tuple[Note, ...], ticks_per_step: float) -> NDArray[np.float64]:
    return np.array([note.start for note in notes], np.float64) / ticks_per_step


def _off_grid_steps(tracks: list[Track], ticks_per_step: float) -> NDArray[np.int64]:
    """The steps at which notes start that lie too far from the grid."""
    starts = np.concatenate([_starts(track.notes, ticks_per_step) for track in tracks])
    nearest = np.floor(starts + 0.5)
    return nearest[np.abs(starts - nearest) > _OFF_GRID].astype(np.int64)


def sounding_bars(song: Song, tracks: list[Track]) -> list[tuple[int, int]]:
    """Returns the bars, without one into which the last note laps by less than half a step."""
    ticks_per_step = song.ticks_per_beat / STEPS_PER_BEAT
    last = max(count_steps(track.notes, ticks_per_step) for track in tracks)
    return [(start, end) for start, end in song.bars() if start < last * ticks_per_step]


def _phrase_starts(
    bars: list[tuple[int, int]], beat: int
) -> tuple[list[int], list[int], dict[str, int]]:
    """Finds the first bar and the first step of each phrase, and the bars that make none."""
    numbers, first, odd = [], [], 0
    for number, (start, end) in enumerate(bars):
        length = end - start
        is_even = length % beat == 0 and PHRASE_BEATS * beat % length == 0
        if not is_even or start * STEPS_PER_BEAT % beat:
            odd += 1
            continue
        count = PHRASE_BEATS * beat // length
        together = bars[number : number + count]
        if len(together) == count and all(stop - at == length for at, stop in together):
            numbers.append(number)
            first.append(start * STEPS_PER_BEAT // beat)
    return numbers, first, {"meter": odd}


def _draw(
    tracks: list[Track], ticks_per_step: float, steps: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.uint8]]:
    """Draws each track at `steps` `(n, 32)`: its top line, whether it has chords, and its roll."""
    length = int(steps.max(initial=-1)) + 1
    pitch = np.empty((*steps.shape, len(tracks)), np.int8)
    onset = np.empty(pitch.shape, np.bool_)
    chords = np.empty((len(steps), len(tracks)), np.bool_)
    packed = np.empty((*pitch.shape, ROLL_BYTES), np.uint8)
    for index, track in enumerate(tracks):
        line, starts = melody_of_notes(track.notes, ticks_per_step, length)
        pitch[..., index], onset[..., index] = line[steps], starts[steps]
        roll, begun = roll_of_notes(track.notes, ticks_per_step, length)
        packed[:, :, index] = pack_roll(roll[..., None])[:, 0][steps]
        several = (roll.sum(axis=1) > 1)[steps].sum(axis=1) > _CHORD_STEPS
        struck = (begun.sum(axis=1) > 1)[steps].any(axis=1)
        chords[:, index] = several | struck
    return pitch, onset, chords, packed


def song_key(song: Song, tracks: list[Track]) -> Key:
    """Finds the key; a signature counts if it says more than what programs write unasked."""
    weights = np.zeros(12)
    for track in tracks:
        for note in track.notes:
            weights[note.pitch % 12] += note.end - note.start
    signatures = {signature.fifths for signature in song.key_signatures}
    sharps = signatures.pop() if len(signatures) == 1 else None
    return find_key(weights, sharps or None)
