"""What servers are asked: the sopranos of Bach's chorales that no model has learned, as MIDI."""

from itertools import count, cycle, islice

from container import media
from container.responses import ATTRIBUTES
from music.chorales import load_chorales
from music.midi import write_midi
from music.phrases import PhraseSet
from music.rolls import notes_of_voice
from music.song import Song, Track
from tests.container.serving_process import request

STEP = 120  # ticks
BEAT = 4  # steps
BARS = 2  # of a phrase


def phrases(wanted: int) -> list[bytes]:
    """So many requests, each for another melody of two bars, as long as there are, and seed."""
    valid = load_chorales().part("valid")
    places = islice(cycle(range(len(valid))), wanted)
    return [_request(_line(valid, [place]), seed) for seed, place in enumerate(places)]


def songs(wanted: int, bars: int, takes: int = 1) -> list[bytes]:
    """So many requests for melodies of phrases in a row, several takes in JSON."""
    valid = load_chorales().part("valid")
    place = count()
    found = []
    for seed in range(wanted):
        places = [next(place) % len(valid) for _ in range(bars // BARS)]
        found.append(_request(_line(valid, places), seed, takes))
    return found


def _line(valid: PhraseSet, places: list[int]) -> bytes:
    pitch, onset = valid.pitch[places, :, 0].ravel(), valid.onset[places, :, 0].ravel()
    notes = tuple(notes_of_voice(pitch, onset, STEP))
    return write_midi(Song(STEP * BEAT, (Track("Soprano", 0, notes),)))


def _request(midi: bytes, seed: int, takes: int = 1) -> bytes:
    headers = {
        "Content-Type": media.MIDI,
        "Accept": media.MIDI if takes == 1 else media.JSON,
        ATTRIBUTES: f"seed={seed},takes={takes}",
    }
    return bytes(request("POST", "/invocations", midi, **headers))
