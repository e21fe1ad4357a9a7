"""Target `npy`: the body of a request becomes melodies, and each of them a song."""

import io
import re
from collections.abc import Callable
from random import Random

import numpy as np

from container.faults import RequestError
from container.requests import MAX_NPY_STEPS, read_rolls, song_of_roll
from container.responses import write_npy
from tests.fuzz.told import check_told

SUFFIX = ".npy"
MAX_LENGTH = 1024
WORDS = (
    b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"'descr': ", b"'fortran_order': ", b"'shape': ",
    b"True", b"False", b"'|b1'", b"'|u1'", b"'|O'", b"'<U9'", b", 128)", b"(1, 1, 128)", b"-1",
    b"10**9", b"lambda:0", b"[('a','|b1')]", b"1L",
)  # fmt: skip
MOST_PAYLOAD = 1 << 14  # bytes that are filled in to fit a header

_SHAPE = re.compile(rb"\(([\d, L]+)\)")
_SHAPES = (
    b"(1, 1, 128)", b"(2, 3, 128)", b"(128, 1, 128)", b"(1, 128)", b"(128,)", b"()", b"(0, 1, 128)",
    b"(-1, -1, 128)", b"(1, 65537, 128)", b"(4294967296, 4294967296, 128)", b"(True, 1, 128)",
    b"(1.0, 1, 128)", b"[1, 1, 128]", b"(1, 1, 128L)", b"(1, 1, 129)", b"(None, 1, 128)",
)  # fmt: skip
_TYPES = (
    b"'|b1'", b"'|u1'", b"'<i8'", b"'|O'", b"'|S0'", b"'<M8[s]'", b"[('a', '|b1')]", b"'|V128'",
    b"('|b1', (2,))", b"''", b"None", b"'b1,b1'", b"{}", b"'<U1000000000'",
)  # fmt: skip


def execute(data: bytes) -> None:
    """Reads a body; what can be read is what NumPy reads, and is read again as it was written."""
    try:
        rolls = read_rolls(data)
    except RequestError as error:
        check_told(error)
        return
    batch, steps, pitches = rolls.shape
    assert rolls.dtype == bool
    assert pitches == 128
    assert 0 < batch * steps <= MAX_NPY_STEPS
    assert np.array_equal(rolls, np.load(io.BytesIO(data), allow_pickle=False) != 0)
    assert np.array_equal(read_rolls(write_npy(rolls)), rolls)
    song = song_of_roll(rolls[0], 4)
    assert song.end <= 24 * steps
    assert bool(song.tracks[0].notes) == bool(rolls[0].any())


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes the header, whose length then fits, and mostly gives it the data it tells of."""
    version, header, content = split(data)
    if not header:
        return mutate_bytes(data)
    action = random.randrange(6)
    if action == 0:
        header = mutate_bytes(header)
    elif action == 1:
        header = _SHAPE.sub(lambda _: random.choice(_SHAPES), header)
    elif action == 2:
        header = re.sub(rb"'[|<>][a-zA-Z]\d*'", lambda _: random.choice(_TYPES), header)
    elif action == 3:
        version = bytes([random.randrange(4), random.randrange(2)])
    elif action == 4:
        content = mutate_bytes(content)
    else:
        header = header.replace(*random.choice(((b"False", b"True"), (b"True", b"1"))))
    if random.randrange(4):
        content = _fit(header, content)
    return join(version, header, content)


def split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Version, header and content; no header where there is none."""
    if not data.startswith(b"\x93NUMPY"):
        return b"", b"", data
    start = 10 if data[6:7] <= b"\x01" else 12
    end = start + int.from_bytes(data[8:start], "little")
    return data[6:8], data[start:end], data[end:]


def join(version: bytes, header: bytes, content: bytes) -> bytes:
    """The file of a header of any text."""
    size = 2 if version[:1] <= b"\x01" else 4
    return b"\x93NUMPY" + version + len(header).to_bytes(4, "little")[:size] + header + content


def _fit(header: bytes, content: bytes) -> bytes:
    match = _SHAPE.search(header)
    size = 1
    for number in re.findall(rb"\d+", match[1]) if match else ():
        size *= int(number[:9])
    return (content + bytes(size))[:size] if size <= MOST_PAYLOAD else content
