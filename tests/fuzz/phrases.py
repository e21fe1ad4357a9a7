"""Target `phrases`: what a stranger calls a phrases.npz."""

from collections.abc import Callable
from random import Random

import numpy as np

from music.errors import MusicError
from music.phrase_file import read_phrases, write_phrases
from music.phrases import SPLITS
from tests.fuzz import archive_zip, json_body, npy
from tests.fuzz.scratch import scratch
from tests.fuzz.told import check_told

SUFFIX = ".npz"
MAX_LENGTH = 4096
WORDS = npy.WORDS


def execute(data: bytes) -> None:
    """Loads a set; what can be loaded can be used, and is loaded again as it was saved."""
    path = scratch() / "phrases.npz"
    path.write_bytes(data)
    try:
        phrases = read_phrases(path)
    except MusicError as error:
        check_told(error)
        return
    count, steps, voices = phrases.shape
    assert phrases.pitch.shape == phrases.onset.shape == (count, steps, voices)
    assert phrases.pitch.dtype == np.int8
    assert sum(len(phrases.part(split)) for split in SPLITS) <= len(phrases)
    assert sum(len(some) for some in phrases.chunks()) == len(phrases)
    assert phrases.architecture in ("voices", "unet")
    assert phrases.steps_per_beat > 0
    assert phrases.from_midi in (True, False)
    write_phrases(phrases, path)
    again = read_phrases(path)
    assert again.fingerprint == phrases.fingerprint
    assert again.header == phrases.header


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one array or the way in which it is packed."""
    return archive_zip.mutate(
        data, random, mutate_bytes, lambda text: json_body.mutate(text, random, mutate_bytes)
    )
