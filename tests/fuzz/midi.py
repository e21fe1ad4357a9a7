"""Target `midi`: a file from a stranger becomes a song."""

import itertools
import math
import struct
from collections.abc import Callable, Iterator
from random import Random

from music.errors import MusicError
from music.midi import DEFAULT_LIMITS, read_midi, write_midi
from music.song import Song
from tests.fuzz.told import check_told

SUFFIX = ".mid"
MAX_LENGTH = 1024
WORDS = (b"MThd", b"MTrk", b"\xff\x2f\x00", b"\xff\x51\x03", b"\xff\x58\x04", b"\xff\x59\x02")
MOST_GUIDING = 64  # events that guide the fuzzer; the parser itself is C++, which it cannot see

Chunk = tuple[bytes, bytes]
Event = tuple[int, bytes]


def execute(data: bytes) -> None:
    """Reads a file, and whatever can be read is in order and is read again as it was written."""
    _guide(data)
    try:
        song = read_midi(data)
    except MusicError as error:
        check_told(error)
        return
    _check_song(song)
    assert read_midi(write_midi(song)) == song


def _check_song(song: Song) -> None:
    last = DEFAULT_LIMITS.beats * song.ticks_per_beat
    assert song.tracks
    for track in song.tracks:
        assert track.notes
        assert list(track.notes) == sorted(track.notes)
        assert all(0 <= note.start < note.end <= last for note in track.notes)
        track.name.encode()  # no half of a character
    for events in (song.tempos, song.time_signatures, song.key_signatures):
        ticks = [event.tick for event in events]
        assert ticks == sorted(set(ticks))
        assert all(0 <= tick <= last for tick in ticks)
    times = [song.seconds(tick) for tick in (0, song.end // 2, song.end, last)]
    assert times[0] == 0
    assert times == sorted(times)
    assert math.isfinite(times[-1])


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one chunk so that its length still fits: its bytes, or one event of it."""
    head, chunks = split(data)
    if not chunks:
        return mutate_bytes(data)
    index = random.randrange(len(chunks))
    kind, body = chunks[index]
    action = random.randrange(8)
    if action == 0:
        chunks[index] = (kind, mutate_bytes(body))
    elif action == 1:
        chunks.insert(random.randrange(len(chunks) + 1), random.choice(chunks))
    elif action == 2 and len(chunks) > 1:
        del chunks[index]
    else:
        events = _changed(list(events_of(body)), random)
        chunks[index] = (kind, b"".join(quantity(ticks) + event for ticks, event in events))
    if random.randrange(16) == 0:
        division = random.choice((0, 1, 23, 24, 96, 480, 32767, 32768, 65535))
        head = head[:-2] + struct.pack(">H", division)
    return head + b"".join(kind + struct.pack(">I", len(body)) + body for kind, body in chunks)


def split(data: bytes) -> tuple[bytes, list[Chunk]]:
    """The header and the chunks behind it, as far as they are whole."""
    head, chunks, place = data[:14], [], 14
    while place + 8 <= len(data):
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        chunks.append((data[place : place + 4], data[place + 8 : end]))
        place = end
    return head, chunks


def quantity(value: int) -> bytes:
    """A number as MIDI writes it, seven bits a byte."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def events_of(body: bytes) -> Iterator[Event]:
    """The events of a track with the ticks before them; the rest of a damaged one comes last."""
    place, status = 0, 0
    while place < len(body):
        ticks, start = _read_quantity(body, place)
        place = start
        if place < len(body) and body[place] >= 0x80:
            status = body[place]
            place += 1
        if status < 0x80 or (0xF0 < status < 0xF7) or 0xF7 < status < 0xFF:
            place = len(body)
        elif status == 0xFF:
            length, place = _read_quantity(body, place + 1)
            place += length
        elif status in (0xF0, 0xF7):
            length, place = _read_quantity(body, place)
            place += length
        elif status & 0xF0 in (0xC0, 0xD0):
            place += 1
        else:
            place += 2
        yield ticks, body[start:place]


def _read_quantity(body: bytes, place: int) -> tuple[int, int]:
    value = 0
    for digit in body[place : place + 4]:
        place += 1
        value = value << 7 | digit & 0x7F
        if digit < 0x80:
            break
    return value, place


_TICKS = (0, 1, 119, 120, 240, 480, 1920, 2**14, 4000 * 480, 2**21, 2**28 - 1)
_EVENTS = (
    *(bytes([status, data, value]) for status in (0x80, 0x90, 0x91, 0x99) for data in (60, 64)
      for value in (0, 80)),
    b"\xc0\x49", b"\xc0\x49\x90\x3c\x50", b"\x3c\x50", b"\xb0\x40\x7f", b"\xe0\x00\x40",
    b"\xd0\x10", b"\xf0\x03\x7e\x00\xf7", b"\xf7\x01\xf8", b"\xf8", b"\xff\x2f\x00",
    b"\xff\x51\x03\x07\xa1\x20", b"\xff\x51\x03\x00\x00\x00", b"\xff\x51\x02\x01\x00",
    b"\xff\x58\x04\x03\x02\x18\x08", b"\xff\x58\x04\x01\x06\x18\x08",
    b"\xff\x58\x04\xff\x00\x01\x01",
    b"\xff\x58\x01\x03", b"\xff\x59\x02\xfd\x01", b"\xff\x59\x02\x50\x07", b"\xff\x03\x02\xc3\x28",
    b"\xff\x05\x02la", b"\xff\x7f\xff\xff\xff\x7f",
)  # fmt: skip


def _changed(events: list[Event], random: Random) -> list[Event]:
    at = random.randrange(len(events) + 1)
    action = random.randrange(5)
    if action == 0 or not events or at == len(events):
        events.insert(at, (random.choice(_TICKS), random.choice(_EVENTS)))
    elif action == 1:
        events[at] = (random.choice(_TICKS), events[at][1])
    elif action == 2:
        del events[at]
    elif action == 3:
        events.insert(random.randrange(len(events) + 1), events[at])
    else:
        event = bytearray(events[at][1] or b"\0")
        event[random.randrange(len(event))] = random.randrange(256)
        events[at] = (events[at][0], bytes(event))
    return events


def _guide(data: bytes) -> None:
    """Walks through the first events, for the fuzzer to see which kinds a file has."""
    for _, body in split(data)[1][:4]:
        for ticks, event in itertools.islice(events_of(body), MOST_GUIDING):
            if event[:1] == b"\xff":
                _ = event[1:2] in (b"\x03", b"\x05", b"\x2f", b"\x51", b"\x58", b"\x59")
            _ = ticks > 2**14, ticks > 2**21
