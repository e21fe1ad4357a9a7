"""Made-up MIDI files: songs in quarter notes, good, bad and hostile."""

import random

from music.midi import write_midi
from music.song import Note, Song, Tempo, TimeSignature, Track

TICKS = 480
BAR = 4 * TICKS
RANGES = ((67, 79), (60, 67), (53, 60), (41, 53))
NAMES = ("Soprano", "Alto", "Tenor", "Bass")


def line(number, voice, bars, *, start=0, shift=0, length=TICKS):
    """Quarter notes of a random walk, the same for the same number and voice."""
    dice = random.Random(10 * number + voice)
    low, high = RANGES[voice % 4]
    return tuple(
        Note(start + at * TICKS, start + at * TICKS + length, dice.randint(low, high) + shift)
        for at in range(4 * bars)
    )


def song(number=0, *, bars=6, voices=4, tracks=None, meter=(4, 4), ticks=TICKS, **options):
    """A song in as many voices."""
    if tracks is None:
        tracks = [Track(NAMES[v % 4], 52, line(number, v, bars, **options)) for v in range(voices)]
    return Song(
        ticks,
        tuple(tracks),
        (Tempo(0, 600_000), Tempo(1000, 300_000)),
        (TimeSignature(0, *meter),),
    )


def hymn(start=0, bars=8, signatures=(), number=0):
    """Two voices in half notes and quarters that end on a whole note, `start` ticks late.

    The time before is one note: a pickup, of which no signature tells unless one is given.
    """
    tracks = []
    for low in (60, 43):
        notes = [Note(0, start, low + 7)] if start else []
        for bar in range(bars):
            for beat, length in ((0, 2), (2, 1), (3, 1)):
                at = start + bar * BAR + beat * TICKS
                pitch = low + (3 * bar + 2 * beat + number * (bar + 1)) % 7
                notes.append(Note(at, at + length * TICKS, pitch))
        end = start + bars * BAR
        tracks.append(Track("", 0, (*notes, Note(end, end + BAR, low))))
    return Song(TICKS, tuple(tracks), (), signatures)


def write(folder, name, content):
    """Writes a song, or bytes, below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_midi(content) if isinstance(content, Song) else content)
    return path


def write_songs(folder, count, **options):
    """Writes `count` different songs."""
    for number in range(count):
        write(folder, f"song {number:02d}.mid", song(number, **options))
    return folder


def midi(*chunks, kind=1, division=480):
    """A file from the bytes of its tracks."""
    header = b"MThd" + b"".join(
        n.to_bytes(size, "big") for n, size in ((6, 4), (kind, 2), (len(chunks), 2), (division, 2))
    )
    return header + b"".join(b"MTrk" + len(c).to_bytes(4, "big") + c for c in chunks)
