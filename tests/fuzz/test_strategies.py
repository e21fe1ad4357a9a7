"""Inputs that are right in each part and wrong as a whole, for the targets of the fuzzer."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.phrases import KINDS
from tests.fuzz import archive_zip, artifact, headers, json_body, midi, npy, phrases, pieces

pytestmark = pytest.mark.filterwarnings("ignore:Reading:UserWarning", "ignore:invalid escape")

hostile = settings(derandomize=True, print_blob=True, deadline=None, max_examples=60)

# MIDI: whole messages in combinations and at times that no sequencer writes.
status = st.sampled_from([*range(0x80, 0xF0)])
data_byte = st.integers(0, 127)
channel_message = st.builds(
    lambda kind, one, two: bytes([kind, one] if kind & 0xE0 == 0xC0 else [kind, one, two]),
    status,
    data_byte,
    data_byte,
)
meta = st.builds(
    lambda kind, text, lie: (
        bytes([0xFF, kind]) + midi.quantity(len(text) if lie is None else lie) + text
    ),
    st.sampled_from([0, 1, 3, 5, 0x20, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F]),
    st.binary(max_size=6),
    st.none() | st.sampled_from([0, 1, 2**28 - 1]),
)
message = (
    channel_message
    | meta
    | st.sampled_from([b"\xf0\x01\xf7", b"\xf7\x00", b"\xf8", b"\x3c\x40", b""])
)
ticks = st.sampled_from([0, 1, 120, 480, 1920, 2**21, 4000 * 480, 2**28 - 1])
track = st.lists(st.tuples(ticks, message), max_size=12).map(
    lambda events: b"".join(midi.quantity(time) + event for time, event in events)
)
chunk = st.builds(
    lambda kind, body, lie: kind + struct.pack(">I", len(body) if lie is None else lie) + body,
    st.sampled_from([b"MTrk"] * 9 + [b"XFIH"]),
    track,
    st.none() | st.sampled_from([0, 3, 2**32 - 1]),
)
files = st.builds(
    lambda kind, count, division, chunks: (
        b"MThd" + struct.pack(">IHHH", 6, kind, count, division) + b"".join(chunks)
    ),
    st.sampled_from([0, 1, 1, 1, 2, 7]),
    st.sampled_from([0, 1, 2, 65535]),
    st.sampled_from([0, 23, 24, 96, 480, 480, 480, 32767, 0xE728]),
    st.lists(chunk, max_size=4),
)

# .npy: headers that are Python, of shapes and types that are none.
shape = st.lists(
    st.integers(-2, 3) | st.sampled_from([128, 65537, 2**31, 2**63, 10**30, True, None]), max_size=4
).map(tuple)
dtype = st.sampled_from(
    ["|b1", "|u1", "<i8", ">f4", "|O", "<U0", "|S9", "<M8[ns]", "|V3", [("a", "|b1")], None, 7]
)
header = st.fixed_dictionaries(
    {"descr": dtype, "fortran_order": st.sampled_from([True, False, 1, "C"]), "shape": shape},
    optional={"more": st.none()},
).map(repr) | st.text("(){}[],:'-1aL*", max_size=60)
arrays = st.builds(
    lambda version, text, content: npy.join(version, text.encode(), content),
    st.sampled_from([b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"]),
    header,
    st.integers(0, 400).map(bytes),
)

# JSON: right names with wrong values, deep or not.
number = st.integers() | st.floats() | st.sampled_from([10**400, -0.0, 2**63])
leaf = st.none() | st.booleans() | number | st.text(max_size=5) | st.sampled_from(["3/4", "TVRo"])
name = st.sampled_from(json_body.NAMES) | st.text(max_size=5)
tree = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(name, inner, max_size=4)
)
note = st.fixed_dictionaries(
    {"pitch": st.integers(-1, 128), "start": number, "duration": number},
    optional={"velocity": tree},
)
bodies = st.dictionaries(name, tree, max_size=5) | st.fixed_dictionaries(
    {"notes": st.lists(note, max_size=3)}, optional={"seed": number, "tempo_bpm": number}
)

word = st.sampled_from(headers.WORDS) | st.binary(max_size=4).map(
    lambda some: some.replace(b"\n", b"")
)
line = st.lists(st.tuples(word, st.sampled_from([b",", b";", b"=", b", "])), max_size=6).map(
    lambda pairs: b"".join(part for pair in pairs for part in pair)
)


@hostile
@given(files)
def test_midi(data):
    midi.execute(data)
    pieces.execute(data)


@hostile
@given(arrays)
def test_npy(data):
    npy.execute(data)


@hostile
@given(bodies)
def test_json(body):
    json_body.execute(json.dumps(body).encode())


@hostile
@given(st.lists(line, min_size=1, max_size=6))
def test_headers(lines):
    headers.execute(b"\n".join(lines))


names = st.sampled_from(
    [b"manifest.json", b"1/saved_model.pb", b"../x", b"/x", b".", b"a/../../x", b"a\xff", b"x" * 99]
) | st.binary(max_size=9)
members = st.builds(
    artifact.member,
    names,
    st.binary(max_size=20) | arrays | bodies.map(lambda body: json.dumps(body).encode()),
    st.sampled_from([bytes([kind]) for kind in b"0012345678LKSxgX\0"]),
    names,
)


@hostile
@given(st.lists(members, max_size=5), st.sampled_from([0, 512, 1024, 4096]))
def test_artifact(members, end):
    tar = b"".join(head + artifact.padded(content) for head, content in members) + bytes(end)
    artifact.execute(artifact.compress(tar))


entry_names = st.sampled_from([f"{name}.npy".encode() for name in KINDS] + [b"header.npy", b"x"])
entries = st.builds(
    archive_zip.Entry,
    entry_names,
    arrays | tree.map(lambda some: archive_zip.text_array(json.dumps(some))),
    st.sampled_from([0, 8, 8, 8, 14, 99]),
    st.sampled_from([0, 0, 0, 1]),
    st.none() | st.sampled_from([0, 2**32 - 1]),
)


@hostile
@given(st.lists(entries, max_size=12))
def test_phrases(entries):
    phrases.execute(archive_zip.write(entries))


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("shape", [(0, 4, 2), (2, 0, 2), (2, 4, 0), (0, 2**40, 4), (2**20, 4, 2)])
def test_sets_of_nothing(shape, method):
    entries = [archive_zip.Entry(b"header.npy", archive_zip.text_array('{"schema_version": 1}'))]
    lengths = {"pitch": shape, "onset": shape, "fermata": shape[:2]}
    for name in KINDS.keys() - {"roll"}:
        described = {
            "descr": np.dtype(KINDS[name]).str,
            "fortran_order": False,
            "shape": lengths.get(name, shape[:1]),
        }
        array = npy.join(b"\1\0", repr(described).encode(), b"")
        entries.append(archive_zip.Entry(f"{name}.npy".encode(), array, method))
    phrases.execute(archive_zip.write(entries))
