"""What was found to be hard, and changes of it: read or refused, quickly and in little memory."""

import importlib
import time
import tracemalloc
from functools import partial
from random import Random

import pytest

from tests.fuzz import MAX_GROWTH_MB, MAX_SECONDS, TARGETS, kept

# NumPy warns of headers as Python 2 wrote them, Python of escapes in them.
pytestmark = pytest.mark.filterwarnings("ignore:Reading:UserWarning", "ignore:invalid escape")

CHANGES = 60  # of all files of a target together

FILES = [(target, path) for target in TARGETS for path in kept(target)]


@pytest.mark.parametrize(
    ("target", "path"), FILES, ids=[f"{target}/{path.name}" for target, path in FILES]
)
def test_what_is_kept_is_read_or_refused(target, path):
    execute, data = importlib.import_module(TARGETS[target]).execute, path.read_bytes()
    start = time.process_time()
    execute(data)
    assert time.process_time() - start < MAX_SECONDS
    tracemalloc.start()
    try:
        execute(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_GROWTH_MB * 2**20


@pytest.mark.parametrize("target", TARGETS)
def test_changes_of_what_is_kept_are_read_or_refused(target):
    module = importlib.import_module(TARGETS[target])
    files = kept(target)
    for seed in range(CHANGES):
        random = Random(seed)
        data = files[seed % len(files)].read_bytes()
        for _ in range(3):
            data = module.mutate(data, random, partial(change_byte, random))
        try:
            module.execute(data)
        except Exception as error:
            error.add_note(f"{files[seed % len(files)].name}, seed {seed}: {data!r}")
            raise


def change_byte(random: Random, data: bytes) -> bytes:
    """What the fuzzer would do with bytes of which it knows nothing."""
    changed = bytearray(data or b"\0")
    place = random.randrange(len(changed))
    changed[place : place + random.randrange(2)] = random.randbytes(random.randrange(3))
    return bytes(changed)


@pytest.mark.parametrize("target", TARGETS)
def test_the_names_say_which_format_it_is(target):
    suffix = importlib.import_module(TARGETS[target]).SUFFIX
    assert [path.name for path in kept(target) if not path.name.endswith(suffix)] == []
