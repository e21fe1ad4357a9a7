"""Standard MIDI files in and out, by symusic, for files from strangers.

What symusic 0.6.0 does with a file, and this module keeps (`tests/music/test_midi.py` pins it):
- A track chunk becomes one track per channel and program in it, all of the chunk's name; a chunk
  without notes becomes none. Text is UTF-8; other bytes become U+FFFD.
- Notes of one pitch end first in, first out. A note without an end is dropped.
- Tempos are exact, and neither they nor signatures are checked, nor do ticks stop at 2**31.
- Controllers, bends, lyrics and system messages are read over; songs have no place for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import symusic

from music.errors import MusicError
from music.song import (
    MAX_DENOMINATOR,
    MAX_TICKS_PER_BEAT,
    MIN_TICKS_PER_BEAT,
    KeySignature,
    Note,
    Song,
    Tempo,
    TimeSignature,
    Track,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER_BYTES = 14
_MAX_WRITTEN_TICK = 2**28 - 1  # the longest delta a file can hold
_MAX_NAME = 200
_PADDING = bytes(16)  # symusic reads a few bytes past an event that is cut off
_EXPORT_HINT = "Export the music as a Standard MIDI File (.mid) of type 0 or 1."


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask of us.

    Attributes:
        size: bytes; 1 MiB is a long piece.
        tracks: track chunks in the file, and tracks made of them.
        notes: notes of all tracks.
        changes: tempos and signatures.
        beats: quarters until the last note ends; 4,000 are 33 minutes at 120 a minute.
    """

    size: int = 1 << 20
    tracks: int = 128
    notes: int = 50_000
    changes: int = 20_000
    beats: int = 4_000


DEFAULT_LIMITS = Limits()


def read_midi(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Song:
    """Reads a MIDI file of type 0 or 1.

    Notes without length are left out, for they do not sound. Tempos and signatures that say nothing
    possible (a tempo of 0, 0/4, nine flats) or lie beyond the limit of beats are left out likewise.

    Args:
        data: the whole file.
        limits: what to refuse as too much.

    Returns:
        The song, every track with a note.

    Raises:
        MusicError: `empty_body`; `not_midi` for anything but an undamaged MIDI file;
            `unsupported_midi` for type 2, for SMPTE time and for less than 24 ticks a quarter;
            `no_notes`; `too_large`, `too_many_tracks`, `too_many_notes`, `too_many_changes` or
            `too_long` for more than the limits. Files of drums alone are read; see
            `music.song.pitched_tracks`.
    """
    if not data:
        raise MusicError("empty_body", "The MIDI file is empty.", _EXPORT_HINT)
    if len(data) > limits.size:
        raise _too_much("too_large", "bytes", limits.size, len(data))
    data = bytes(data)
    kind, division = _read_header(data)
    chunks = list(_track_chunks(data, limits.tracks))
    # symusic gets only what was checked: its own header count and stray bytes no longer matter.
    header = b"MThd" + b"".join(
        n.to_bytes(size, "big") for n, size in ((6, 4), (kind, 2), (len(chunks), 2), (division, 2))
    )
    try:
        score: Any = symusic.Score.from_midi(b"".join([header, *chunks, _PADDING]))
    except Exception as error:  # RuntimeError, ValueError, MemoryError and others
        raise MusicError(
            "not_midi", f"The MIDI file is damaged: {str(error)[:100]}.", _EXPORT_HINT
        ) from error
    _check_amount(score, limits)
    return _song_of_score(score, division, limits.beats * division)


def write_midi(song: Song) -> bytes:
    """Writes a MIDI file of type 1: one chunk a track, the same bytes for the same song.

    Each pitched track has a channel of its own, never the drums', as long as there are no more than
    15 tracks; from then on channels are shared. A track without notes is written, but not read
    back by `read_midi`. Everything else is, if notes of one pitch in one track do not overlap.

    Raises:
        MusicError: `no_notes` if there is no track, `too_long` if something lies beyond tick 2**28.
    """
    if not song.tracks:
        raise MusicError("no_notes", "The song has no track.", "Give it a track with notes.")
    last_ticks = [song.end, song.tempos[-1].tick, song.time_signatures[-1].tick]
    if max(last_ticks + [key.tick for key in song.key_signatures]) > _MAX_WRITTEN_TICK:
        raise MusicError(
            "too_long",
            f"A MIDI file ends at tick {_MAX_WRITTEN_TICK}; the song is longer.",
            "Use fewer ticks a quarter or cut the song.",
        )
    score: Any = symusic.Score(song.ticks_per_beat)
    for tempo in song.tempos:
        score.tempos.append(symusic.Tempo(tempo.tick, mspq=tempo.quarter_us))
    for time in song.time_signatures:
        score.time_signatures.append(
            symusic.TimeSignature(time.tick, time.numerator, time.denominator)
        )
    for key in song.key_signatures:
        score.key_signatures.append(symusic.KeySignature(key.tick, key.fifths, int(key.is_minor)))
    for track in song.tracks:
        score.tracks.append(
            symusic.Track(
                name=track.name[:_MAX_NAME].encode("utf-8", "replace").decode(),
                program=track.program,
                is_drum=track.is_drum,
                notes=_symusic_notes(track.notes),
            )
        )
    return bytes(score.dumps_midi())


def _check_amount(score: Any, limits: Limits) -> None:
    changes = len(score.tempos) + len(score.time_signatures) + len(score.key_signatures)
    for code, what, limit, received in (
        ("too_many_tracks", "tracks", limits.tracks, len(score.tracks)),
        ("too_many_notes", "notes", limits.notes, score.note_num()),
        ("too_many_changes", "changes of tempo, time and key", limits.changes, changes),
    ):
        if received > limit:
            raise _too_much(code, what, limit, received)


def _too_much(code: str, what: str, limit: int, received: int) -> MusicError:
    return MusicError(
        code,
        f"A MIDI file may have at most {limit} {what}; received {received}.",
        "Send a shorter piece or the melody alone.",
    )


def _read_header(data: bytes) -> tuple[int, int]:
    """Checks the header and returns the type, 0 or 1, and the division, in ticks a quarter."""
    if data[:4] != b"MThd":
        raise MusicError("not_midi", "The data is not a MIDI file.", _EXPORT_HINT)
    if len(data) < _HEADER_BYTES or int.from_bytes(data[4:8], "big") < 6:
        raise MusicError("not_midi", "The header of the MIDI file is cut short.", _EXPORT_HINT)
    kind = int.from_bytes(data[8:10], "big")
    division = int.from_bytes(data[12:14], "big")
    if kind > 1:
        fault = (
            "The MIDI file is of type 2, a collection of separate patterns."
            if kind == 2
            else f"The MIDI file claims to be of type {kind}; there are only 0, 1 and 2."
        )
        raise MusicError("unsupported_midi" if kind == 2 else "not_midi", fault, _EXPORT_HINT)
    if division > MAX_TICKS_PER_BEAT:
        raise MusicError(
            "unsupported_midi",
            "The MIDI file counts time in SMPTE frames, not in beats.",
            "Export it again with ticks per quarter note, such as 480.",
        )
    if division < MIN_TICKS_PER_BEAT:
        raise MusicError(
            "unsupported_midi",
            f"The MIDI file has {division} ticks per quarter note; at least "
            f"{MIN_TICKS_PER_BEAT} are needed to tell rhythms apart.",
            "Export it again with 480 ticks per quarter note.",
        )
    return kind, division


def _track_chunks(data: bytes, most: int) -> Iterator[bytes]:
    """Yields the track chunks, whatever number the header claims; passes over unknown ones."""
    position = 8 + int.from_bytes(data[4:8], "big")
    count = 0
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        if data[position : position + 4] == b"MTrk":
            if end > len(data):
                raise MusicError(
                    "not_midi",
                    f"The MIDI file is cut short: a track ends at byte {end}, "
                    f"the file at byte {len(data)}.",
                    "Send the whole file.",
                )
            count += 1
            if count > most:
                raise _too_much("too_many_tracks", "tracks", most, data.count(b"MTrk"))
            yield data[position:end]
        position = end


def _song_of_score(score: Any, division: int, last_tick: int) -> Song:
    tracks = []
    for track in score.tracks:
        notes = _read_notes(track.notes.numpy(), division, last_tick)
        if notes:
            tracks.append(Track(track.name[:_MAX_NAME], track.program, notes, track.is_drum))
    if not tracks:
        raise MusicError(
            "no_notes", "The MIDI file has no notes.", "Send a melody of at least one note."
        )
    return Song(
        division,
        tuple(tracks),
        tuple(
            Tempo(tempo.time, tempo.mspq)
            for tempo in score.tempos
            if 0 <= tempo.time <= last_tick and tempo.mspq > 0
        ),
        tuple(
            TimeSignature(time.time, time.numerator, time.denominator)
            for time in score.time_signatures
            if 0 <= time.time <= last_tick and _is_possible(time.numerator, time.denominator)
        ),
        tuple(
            KeySignature(key.time, key.key, key.tonality == 1)
            for key in score.key_signatures
            if 0 <= key.time <= last_tick and -7 <= key.key <= 7 and key.tonality in (0, 1)
        ),
    )


def _is_possible(numerator: int, denominator: int) -> bool:
    is_power = denominator > 0 and denominator & (denominator - 1) == 0
    return numerator > 0 and is_power and denominator <= MAX_DENOMINATOR


def _read_notes(
    columns: dict[str, NDArray[np.integer]], division: int, last_tick: int
) -> tuple[Note, ...]:
    """Makes notes of the columns time, duration, pitch and velocity, one number a note."""
    start = columns["time"].astype(np.int64)
    end = start + columns["duration"]
    if len(start) and (start.min() < 0 or end.min() < 0 or end.max() > last_tick):
        raise MusicError(
            "too_long",
            f"A MIDI file may last at most {last_tick // division} quarter notes; "
            "received one with notes far beyond.",
            "Send a shorter piece; check for a stray note at its end.",
        )
    sounds = (end > start) & (columns["velocity"] > 0)
    rows = (start, end, columns["pitch"], columns["velocity"])
    return tuple(Note(*row) for row in zip(*(row[sounds].tolist() for row in rows), strict=True))


def _symusic_notes(notes: tuple[Note, ...]) -> Any:
    rows = [(note.start, note.end - note.start, note.pitch, note.velocity) for note in notes]
    time, duration, pitch, velocity = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    return symusic.Note.from_numpy(
        np.ascontiguousarray(time),
        np.ascontiguousarray(duration),
        pitch.astype(np.int8),
        velocity.astype(np.int8),
    )
