"""Target `artifact`: what a stranger calls a model.tar.gz is unpacked and looked through."""

import json
import os
import shutil
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

from launcher.findings import Checkup
from launcher.inspection import inspect, open_archive
from music.manifest import FILE_NAME
from tests.fuzz import json_body, npy
from tests.fuzz.scratch import scratch

SUFFIX = ".tar.gz"
MAX_LENGTH = 1024
WORDS = (
    b"manifest.json",
    b"generator.tflite",
    b"../",
    b"/etc/x",
    b"ustar",
    b"GNU.sparse.",
    b"path=",
)
BLOCK = 512
MOST_UNPACKED = 1 << 14  # bytes of a tar that is changed
MOST_MEMBERS = 6  # more are hardly harder to read, and take longer

Member = tuple[bytes, bytes]


def execute(data: bytes) -> None:
    """Unpacks and inspects; nothing is raised, and nothing but plain files comes out."""
    place = scratch() / "artifact"
    place.mkdir()
    try:
        archive, folder = place / "model.tar.gz", place / "model"
        archive.write_bytes(data)
        checkup = Checkup("model.tar.gz")
        open_archive(archive, folder, checkup)
        assert {*place.iterdir()} == {folder, archive}
        for parent, folders, names in os.walk(folder):
            modes = [Path(parent, name).lstat().st_mode for name in (*folders, *names)]
            assert all(stat.S_ISDIR(mode) or stat.S_ISREG(mode) for mode in modes)
        manifest = inspect(folder, checkup)
        assert manifest is not None or not checkup.ok
        json.dumps(checkup.describe()).encode()
        for finding in checkup.findings:
            assert finding.text.isprintable()
            assert len(finding.text) < 3000
            assert bool(finding.hint) or finding.verdict != "fault" or "more" in finding.text
    finally:
        shutil.rmtree(place)


def mutate(data: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one member so that its checksum still fits, or the bytes of the archive."""
    try:
        tar = zlib.decompressobj(31).decompress(data, MOST_UNPACKED)
    except zlib.error:
        return mutate_bytes(data)
    members, rest = split(tar)
    action = random.randrange(10)
    if action == 0 or not members:
        return mutate_bytes(data)
    at = random.randrange(len(members))
    header, content = members[at]
    if action == 1:
        rest = mutate_bytes(rest)[:2048]
    elif action == 3 or len(members) > MOST_MEMBERS:
        del members[at]
    elif action == 2:
        members.insert(at, (header, content))
    elif action == 4:
        members.insert(at, random.choice(_MEMBERS))
    elif action == 5:
        members[at] = resized(header, mutate_bytes(content))
    elif action == 6:
        members[at] = resized(header, _changed(header, content, random, mutate_bytes))
    else:
        members[at] = (_changed_header(header, random, mutate_bytes), content)
    return compress(b"".join(h + padded(c) for h, c in members) + rest)


def compress(tar: bytes) -> bytes:
    """A gzip file, the same for the same bytes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(tar) + packer.flush()


def split(tar: bytes) -> tuple[list[Member], bytes]:
    """The members, each a header and its content, and what follows them."""
    members, place = [], 0
    while place + BLOCK <= len(tar) and tar[place] and len(members) < 32:
        header = tar[place : place + BLOCK]
        try:
            size = max(0, int(header[124:136].rstrip(b"\0 ") or b"0", 8))
        except ValueError:
            size = 0
        start = place + BLOCK
        members.append((header, tar[start : start + min(size, 1 << 20)]))
        place = start + -(-size // BLOCK) * BLOCK
    return members, tar[place:]


def member(name: bytes, content: bytes = b"", kind: bytes = b"0", link: bytes = b"") -> Member:
    """A member of ustar format."""
    header = struct.pack(
        "100s8s8s8s12s12s8sc100s8s247s", name, b"0000644", b"0000000", b"0000000",
        b"%011o" % len(content), b"00000000000", b" " * 8, kind, link, b"ustar\x0000", b"",
    )  # fmt: skip
    return summed(header), content


def summed(header: bytes) -> bytes:
    """The header with the checksum that fits it."""
    total = sum(header[:148]) + 8 * 32 + sum(header[156:])
    return header[:148] + b"%06o\0 " % total + header[156:]


def resized(header: bytes, content: bytes) -> Member:
    """The member with another content."""
    return summed(header[:124] + b"%011o\0" % len(content) + header[136:]), content


def padded(content: bytes) -> bytes:
    """The content up to the next whole block."""
    return content + bytes(-len(content) % BLOCK)


def pax(**values: str) -> bytes:
    """The content of a pax header."""
    lines = b""
    for name, value in values.items():
        text = f" {name.replace('__', '.')}={value}\n".encode()
        length = len(text) + 2
        length += len(str(length)) - 2 if len(str(length)) > 2 else 0
        lines += str(length).encode() + text
    return lines


_MEMBERS = (
    member(b"x/y", b"content"),
    member(b"x", kind=b"5"),
    member(b"link", kind=b"2", link=b"/etc/passwd"),
    member(b"hard", kind=b"1", link=b"manifest.json"),
    member(b"pipe", kind=b"6"),
    member(b"device", kind=b"3"),
    member(b"long", b"n" * 300 + b"\0", kind=b"L"),
    member(b"longlink", b"../" * 30 + b"\0", kind=b"K"),
    member(b"sparse", b"data", kind=b"S"),
    member(b"pax", pax(path="../out", size="99999999999"), kind=b"x"),
    member(b"pax", pax(GNU__sparse__major="1", GNU__sparse__minor="0"), kind=b"x"),
    member(b"pax", pax(GNU__sparse__map="0,1,5,1", GNU__sparse__size="9"), kind=b"x"),
    member(b"pax", pax(mtime="nan", uid="-1"), kind=b"x"),
    member(b"global", pax(hdrcharset="BINARY", path="a?"), kind=b"g"),
    member(b"state.pkl", b"\x80\x04N."),
    member(b"old", b"(lp0\n."),
    member(
        b"a.npy",
        npy.join(b"\1\0", b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", b""),
    ),
    member(b"solaris", b"13 path=abc\n", kind=b"X"),
)  # fmt: skip

_FIELDS = {
    "name": (0, 100),
    "mode": (100, 8),
    "size": (124, 12),
    "time": (136, 12),
    "kind": (156, 1),
    "link": (157, 100),
    "magic": (257, 8),
    "prefix": (345, 155),
}
_NUMBERS = (
    b"00000000000", b"77777777777", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-0000000001",
    b"\x80" + bytes(10) + b"\x01", b"00000000008", b"            ", b"0000000x000",
)  # fmt: skip
_NAMES = (
    b"manifest.json", b"generator.tflite", b"../x", b"/x", b".", b"a/../b", b"x" * 100,
    b"1/saved_model.pb", b"a\xff", b"a\nb\x1b[2J",
)  # fmt: skip


def _changed_header(header: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """Changes one field."""
    name = random.choice(list(_FIELDS))
    start, length = _FIELDS[name]
    old = header[start : start + length]
    if name == "kind":
        new = random.choice(b"0123456789LKSXxgVMNDA\0").to_bytes(1, "big")
    elif name in ("size", "time", "mode") and random.randrange(3):
        new = random.choice(_NUMBERS)
    elif random.randrange(2):
        new = random.choice(_NAMES)
    else:
        new = mutate_bytes(old.rstrip(b"\0"))
    header = header[:start] + (new + bytes(length))[:length] + header[start + length :]
    return summed(header) if random.randrange(16) else header


def _changed(
    header: bytes, content: bytes, random: Random, mutate_bytes: Callable[[bytes], bytes]
) -> bytes:
    """Changes a content as what its name says it is."""
    if header.startswith(FILE_NAME.encode()):
        return json_body.mutate(content, random, mutate_bytes)
    if header.startswith(b"a.npy"):
        return npy.mutate(content, random, mutate_bytes)
    return mutate_bytes(content)
