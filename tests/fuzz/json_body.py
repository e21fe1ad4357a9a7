"""Target `json`: the body of a request becomes a song and parameters."""

import base64
import binascii
import json
from collections.abc import Callable
from random import Random
from typing import Any

from container.faults import RequestError
from container.parameters import Parameters
from container.requests import read_json_request
from container.responses import attributes
from music.errors import MusicError
from music.midi import DEFAULT_LIMITS, read_midi, write_midi
from tests.fuzz import midi
from tests.fuzz.told import check_told

SUFFIX = ".json"
MAX_LENGTH = 1024
NAMES = (
    "midi", "notes", "pitch", "start", "duration", "velocity", "seed", "takes", "temperature",
    "instruments", "melody_track", "density", "octave", "freeze_tracks", "freeze_bars", "tempo_bpm",
    "time_signature",
)  # fmt: skip
WORDS = (
    *(f'"{name}":'.encode() for name in NAMES), b"NaN", b"-Infinity", b"1e999", b"-0.0", b"null",
    b"true", b"[[[[", b'{"":', b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"18446744073709551616",
    b'{"pitch":60,"start":0,"duration":1}',
)  # fmt: skip
DEFAULTS = Parameters(seed=7, takes=2, instruments=("violin",))

_NOTE = {"pitch": 60, "start": 0, "duration": 1}
_VALUES: tuple[Any, ...] = (
    0, 1, -1, 60, 127, 128, 4000, 2**31, 2**32 - 1, 2**32, 2**63, 2**64, 10**400, -(10**50),
    0.5, -0.0, 1e-9, 1e308, float("nan"), float("inf"), 3.0, 4000.000001, None, True, False, "",
    "7", "3/4", "99/64", "0/4", "4/3", "1-4,7", "TVRoZA==", "\ud800", "\0", "é" * 40, "violin",
    "string quartet", [], {}, [1], [[]], [_NOTE], [_NOTE, _NOTE], _NOTE, ["violin", 40], [None],
)  # fmt: skip


def execute(data: bytes) -> None:
    """Reads a body; its song can be written and read again, and its warnings fit a header."""
    try:
        request = read_json_request(data, DEFAULTS)
    except (RequestError, MusicError) as error:
        check_told(error)
        return
    song, parameters = request.song, request.parameters
    assert 1 <= parameters.count <= 16
    for take in (0, parameters.count - 1):
        parameters.options(take)
    attributes(0, parameters.count, request.warnings).encode("ascii")
    if not 0 < song.end <= DEFAULT_LIMITS.beats * song.ticks_per_beat:
        return  # the arranger refuses it
    again = read_midi(write_midi(song))
    assert again.end == song.end
    assert again.tempos == song.tempos
    assert again.time_signatures == song.time_signatures
    assert sum(len(t.notes) for t in again.tracks) == sum(len(t.notes) for t in song.tracks)


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one value of the tree that the text spells."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data)
    if not isinstance(tree, dict) or random.randrange(8) == 0:
        return mutate_bytes(data)
    _change(tree, random, mutate_bytes)
    return json.dumps(tree).encode()


def _change(tree: Any, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> None:
    """Goes down to one value, or adds one."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys or random.randrange(5) == 0:
            _add(tree, random)
            return
        key = random.choice(keys)
        value = tree[key]
        if not isinstance(value, (dict, list)) or random.randrange(6) == 0:
            tree[key] = _other(key, value, random, mutate_bytes)
            if random.randrange(8) == 0:
                del tree[key]
            return
        tree = value


def _add(tree: Any, random: Random) -> None:
    if isinstance(tree, dict):
        tree[random.choice(NAMES)] = random.choice(_VALUES)
    else:
        tree.append(dict(_NOTE) if random.randrange(2) else random.choice(_VALUES))


def _other(key: Any, value: Any, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> Any:
    if key == "midi" and isinstance(value, str) and random.randrange(4):
        try:
            data = midi.mutate(base64.b64decode(value), random, mutate_bytes)
        except (binascii.Error, ValueError):
            return value
        return base64.b64encode(data).decode()
    if isinstance(value, str) and random.randrange(2):
        return mutate_bytes(value.encode("utf-8", "replace")).decode("utf-8", "replace")
    if isinstance(value, (int, float)) and abs(value) < 1e9 and random.randrange(2):
        return value + random.choice((-1, 1, 0.25, 1e-7))
    return random.choice(_VALUES)
