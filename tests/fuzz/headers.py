"""Target `headers`: what a request says beside its body.

The lines of an input are Content-Type, Accept, X-Amzn-SageMaker-Custom-Attributes, Content-Length,
Expect, and the first bytes of a body.
"""

import asyncio
import atexit
import functools
from collections.abc import Callable
from random import Random

from starlette.requests import Request

from container import media
from container.body import read_body
from container.faults import RequestError
from container.parameters import MAX_TAKES, Parameters, read_attributes
from container.responses import ATTRIBUTES
from inference.freeze import keep
from inference.grid import Grid, grid_of_song
from inference.options import Options, choose_programs
from music.errors import MusicError
from music.song import Note, Song, Track
from tests.fuzz.told import check_told

SUFFIX = ".txt"
MAX_LENGTH = 512
WORDS = (
    b"audio/midi", b"application/json", b"application/x-npy", b"image/png", b"*/*", b"audio/*",
    b";q=0", b";q=1", b";q=0.5", b";q=nan", b";q=1e-400", b";q=inf", b"; charset=utf-8", b"MThd",
    b"\x93NUMPY", b"{", b"seed=", b"takes=", b"temperature=", b"instruments=", b"melody_track=",
    b"density=", b"octave=", b"freeze_tracks=", b"freeze_bars=", b"violin", b"string quartet",
    b"bass;1;tenor", b"1-4;7", b"100-", b"4294967295", b"4294967296", b"1_0", b"NaN",
    b"100-continue", b"-0", b"0x10", b"\xa0", b"\xb2", b"99999999999999999999",
)  # fmt: skip
NAMES = ("content-type", "accept", ATTRIBUTES.lower(), "content-length", "expect")
MAX_BYTES = 16
TRACKS = ("soprano", "alto", "tenor", "bass")
PARTS = (
    Track("Alto", 19, (Note(0, 960, 64), Note(1920, 2880, 62))),
    None,
    Track("Bass", 19, (Note(0, 5000, 40),)),
)


def execute(data: bytes) -> None:
    """Reads the headers in the server's order; who asks for the same again gets the same."""
    *lines, body = data.split(b"\n", len(NAMES))
    scope = {
        "type": "http",
        "headers": [(n.encode(), v) for n, v in zip(NAMES, lines, strict=False)],
    }
    try:
        request = Request(scope, _sender(body))
        content = _loop().run_until_complete(read_body(request, MAX_BYTES, _loop().time() + 60))
        assert content == body
        content_type, accept = (request.headers.get(name) for name in NAMES[:2])
        kind = media.body_type(content_type, body)
        assert kind is None or kind in media.ANSWERS
        for offers in media.ANSWERS.values():
            chosen = media.choose_answer(accept, offers)
            assert chosen is None or chosen in offers
        parameters = read_attributes(request.headers.get(ATTRIBUTES))
    except RequestError as error:
        check_told(error)
        return
    _check_parameters(parameters)


def _check_parameters(parameters: Parameters) -> None:
    assert 1 <= parameters.count <= MAX_TAKES
    given = parameters.model_dump(exclude_none=True)
    texts = (
        f"{name}={';'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for name, value in given.items()
    )
    assert read_attributes(",".join(texts)) == parameters
    options = parameters.options(parameters.count - 1)
    for use in (_choose, _keep) if options.freezes else (_choose,):
        try:
            use(options)
        except MusicError as error:
            check_told(error)


def _choose(options: Options) -> None:
    melody, programs = choose_programs(options.instruments, (19, 19, 19, 19))
    assert len(programs) == len(TRACKS) - 1
    assert all(0 <= program < 128 for program in (melody or 0, *programs))


def _keep(options: Options) -> None:
    grid = _grid()
    kept, _ = keep(options, grid, PARTS, TRACKS)
    assert kept.roll.shape == (grid.steps, 128, len(TRACKS) - 1)


@functools.cache
def _grid() -> Grid:
    song = Song(480, (Track("", 0, (Note(0, 16 * 480, 72),)), *(part for part in PARTS if part)))
    return grid_of_song(song, steps_per_beat=4, bar_steps=16)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def _sender(body: bytes) -> Callable[[], object]:
    parts = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    return receive


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one line, by bytes or by words."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    if random.randrange(2):
        lines[at] = mutate_bytes(lines[at])
    else:
        separator = random.choice((b",", b";", b"=", b""))
        pieces = lines[at].split(separator) if separator else [lines[at]]
        place = random.randrange(len(pieces) + 1)
        pieces[place : place + random.randrange(2)] = [random.choice(WORDS)]
        lines[at] = separator.join(pieces)
    return b"\n".join(lines)
