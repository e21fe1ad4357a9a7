"""What a MIDI file says, as values: notes in tracks over a map of tempos and time signatures.

All times are integers, in ticks. Everything is frozen and put in one order on entry, so that two
songs that say the same are equal.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, TypeVar

from music.errors import MusicError

DEFAULT_QUARTER_US = 500_000  # 120 quarters a minute: what MIDI plays before the first tempo
MAX_QUARTER_US = 0xFFFFFF  # a MIDI file stores three bytes
MIN_TICKS_PER_BEAT = 24
MAX_TICKS_PER_BEAT = 32_767
MAX_DENOMINATOR = 64


def _check(condition: bool, message: str, hint: str) -> None:
    if not condition:
        raise MusicError("bad_song", message, hint)


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A pitch that sounds from `start` up to, not including, `end`, in ticks.

    Attributes:
        start: 0 or more.
        end: more than `start`.
        pitch: 0..127, 60 is middle C.
        velocity: 1..127.

    Raises:
        MusicError: `bad_song`, if a value is outside these bounds.
    """

    start: int
    end: int
    pitch: int
    velocity: int = 80

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end and 0 <= self.pitch < 128 and 0 < self.velocity < 128):
            raise MusicError(
                "bad_song",
                f"A note needs 0 <= start < end, pitch 0..127 and velocity 1..127; "
                f"received ({self.start}, {self.end}, {self.pitch}, {self.velocity}).",
                "Correct the note.",
            )


# The order of notes themselves; to compare keys made once is four times as fast.
_NOTE_ORDER = attrgetter("start", "end", "pitch", "velocity")


@dataclass(frozen=True, slots=True)
class Track:
    """One instrument: its name, General MIDI program (0..127) and notes, kept sorted."""

    name: str
    program: int
    notes: tuple[Note, ...]
    is_drum: bool = False

    def __post_init__(self) -> None:
        _check(
            0 <= self.program < 128,
            f"A program is a number from 0 to 127; received {self.program}.",
            "Choose a General MIDI instrument.",
        )
        object.__setattr__(self, "notes", tuple(sorted(self.notes, key=_NOTE_ORDER)))


@dataclass(frozen=True, slots=True)
class Tempo:
    """From `tick` on a quarter lasts `quarter_us` microseconds (1..16,777,215), as MIDI stores."""

    tick: int
    quarter_us: int

    def __post_init__(self) -> None:
        _check(
            self.tick >= 0 and 0 < self.quarter_us <= MAX_QUARTER_US,
            f"A tempo needs a tick of 0 or more and 1 to {MAX_QUARTER_US} microseconds a quarter; "
            f"received ({self.tick}, {self.quarter_us}).",
            "Correct the tempo.",
        )

    @property
    def bpm(self) -> float:
        """Quarters a minute."""
        return 60e6 / self.quarter_us


@dataclass(frozen=True, slots=True)
class TimeSignature:
    """From `tick` on bars are `numerator`/`denominator` long; a bar starts at `tick`."""

    tick: int
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        power_of_two = self.denominator > 0 and self.denominator & (self.denominator - 1) == 0
        _check(
            self.tick >= 0
            and 0 < self.numerator < 256
            and power_of_two
            and self.denominator <= MAX_DENOMINATOR,
            f"A time signature needs a tick of 0 or more, 1 to 255 beats and a denominator that "
            f"is a power of two up to {MAX_DENOMINATOR}; "
            f"received ({self.tick}, {self.numerator}/{self.denominator}).",
            "Correct the time signature.",
        )


@dataclass(frozen=True, slots=True)
class KeySignature:
    """From `tick` on the key has `fifths` sharps (flats if negative, -7..7), minor or major."""

    tick: int
    fifths: int
    is_minor: bool = False

    def __post_init__(self) -> None:
        _check(
            self.tick >= 0 and -7 <= self.fifths <= 7,
            f"A key signature needs a tick of 0 or more and -7 to 7 sharps; "
            f"received ({self.tick}, {self.fifths}).",
            "Correct the key signature.",
        )


class _Event(Protocol):
    @property
    def tick(self) -> int: ...


_EventT = TypeVar("_EventT", bound=_Event)


def _in_order(events: Iterable[_EventT]) -> tuple[_EventT, ...]:
    """Sorts by tick; of several events on one tick the last stands, as it does in a player."""
    last = {event.tick: event for event in events}
    return tuple(last[tick] for tick in sorted(last))


@dataclass(frozen=True, slots=True)
class Song:
    """A whole piece of music.

    Attributes:
        ticks_per_beat: ticks a quarter, 24..32767.
        tracks: in the order of the file.
        tempos: by tick, the first at tick 0; if the piece names none there, 120 quarters a minute
            is put there, which is what MIDI means by silence.
        time_signatures: by tick, the first at tick 0, where 4/4 is likewise put.
        key_signatures: by tick, perhaps none.

    Raises:
        MusicError: `bad_song`, if `ticks_per_beat` is out of bounds.
    """

    ticks_per_beat: int
    tracks: tuple[Track, ...]
    tempos: tuple[Tempo, ...] = ()
    time_signatures: tuple[TimeSignature, ...] = ()
    key_signatures: tuple[KeySignature, ...] = ()

    def __post_init__(self) -> None:
        _check(
            MIN_TICKS_PER_BEAT <= self.ticks_per_beat <= MAX_TICKS_PER_BEAT,
            f"A song has {MIN_TICKS_PER_BEAT} to {MAX_TICKS_PER_BEAT} ticks a quarter; "
            f"received {self.ticks_per_beat}.",
            "Write the file again with 480 ticks a quarter.",
        )
        tempos = _in_order((Tempo(0, DEFAULT_QUARTER_US), *self.tempos))
        signatures = _in_order((TimeSignature(0, 4, 4), *self.time_signatures))
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "tempos", tempos)
        object.__setattr__(self, "time_signatures", signatures)
        object.__setattr__(self, "key_signatures", _in_order(self.key_signatures))

    @property
    def end(self) -> int:
        """The tick at which the last note ends, 0 if there is none."""
        return max((note.end for track in self.tracks for note in track.notes), default=0)

    def bars(self) -> list[tuple[int, int]]:
        """The bars from tick 0 until all notes are covered, as (start tick, end tick).

        A time signature starts a bar where it stands and cuts the bar before it short. Bars whose
        length is no whole number of ticks keep in time by rounding each bar line by itself.
        """
        end = self.end
        bars: list[tuple[int, int]] = []
        changes = [*(signature.tick for signature in self.time_signatures[1:]), end]
        for signature, change in zip(self.time_signatures, changes, strict=True):
            length = 4 * self.ticks_per_beat * signature.numerator  # in 1/denominator ticks
            start, count = signature.tick, 0
            is_last = signature is self.time_signatures[-1]
            while start < min(change, end):
                count += 1
                stop = signature.tick + max(count, length * count // signature.denominator)
                bars.append((start, stop if is_last else min(stop, change)))
                start = stop
        return bars

    def seconds(self, tick: int) -> float:
        """The time at which `tick` is played, in seconds from tick 0, by the tempo map."""
        last = bisect.bisect_right(self.tempos, tick, key=lambda tempo: tempo.tick)
        ticks_us = 0
        for index, tempo in enumerate(self.tempos[:last]):
            until = self.tempos[index + 1].tick if index + 1 < last else tick
            ticks_us += (until - tempo.tick) * tempo.quarter_us
        return ticks_us / self.ticks_per_beat / 1e6


def pitched_tracks(song: Song) -> tuple[int, ...]:
    """The indices of the tracks that have notes and are no drums.

    Raises:
        MusicError: `no_notes` if no track has notes, `drums_only` if only drums do.
    """
    filled = [index for index, track in enumerate(song.tracks) if track.notes]
    if not filled:
        raise MusicError(
            "no_notes", "The music has no notes.", "Send a melody of at least one note."
        )
    pitched = tuple(index for index in filled if not song.tracks[index].is_drum)
    if not pitched:
        raise MusicError(
            "drums_only",
            "The music has notes for drums only.",
            "Send a melody on a channel other than 10.",
        )
    return pitched
