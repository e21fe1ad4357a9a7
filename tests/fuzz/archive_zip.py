"""Zip files in pieces, for targets that are .npz files."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz import npy

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


@dataclass(frozen=True)
class Entry:
    """A file in a zip file.

    Attributes:
        name: as it is spelt.
        content: unpacked.
        method: 0 is stored, 8 deflated.
        flags: 1 is encrypted.
        claimed: the size that the directory claims, if not that of the content.
        checksum: the checksum that it claims, if not that of the content.
    """

    name: bytes
    content: bytes
    method: int = 8
    flags: int = 0
    claimed: int | None = None
    checksum: int | None = None


def write(entries: list[Entry]) -> bytes:
    """Writes a zip file."""
    body, directory = b"", b""
    for entry in entries:
        packed = _deflated(entry.content) if entry.method == 8 else entry.content
        size = len(entry.content) if entry.claimed is None else entry.claimed
        checksum = zlib.crc32(entry.content) if entry.checksum is None else entry.checksum
        common = struct.pack(
            "<HHHHHIIIHH", 20, entry.flags, entry.method, 0, 33, checksum, len(packed), size,
            len(entry.name), 0,
        )  # fmt: skip
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += CENTRAL + struct.pack("<H", 20) + common + place + entry.name
        body += LOCAL + common + entry.name + packed
    count = len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + END + end


def read(data: bytes) -> list[Entry]:
    """Reads what lies in a zip file, as far as it is sound; does without the directory."""
    entries: list[Entry] = []
    place = 0
    while data[place : place + 4] == LOCAL and place + 30 <= len(data):
        flags, method, checksum, packed, size, name, extra = struct.unpack_from(
            "<6xHH4xIIIHH", data, place
        )
        start = place + 30 + name + extra
        content = data[start : start + packed]
        if method == 8:
            try:
                content = zlib.decompressobj(-15).decompress(content, 1 << 16)
            except zlib.error:
                return entries
        entry = Entry(data[place + 30 : place + 30 + name], content, method, flags)
        if size != len(content):
            entry = replace(entry, claimed=size)
        if checksum != zlib.crc32(content):
            entry = replace(entry, checksum=checksum)
        entries.append(entry)
        place = start + packed
    return entries


def mutate(
    data: bytes,
    random: Random,
    mutate_bytes: Callable[[bytes], bytes],
    change_header: Callable[[bytes], bytes],
) -> bytes:
    """Changes one entry so that its checksum still fits, or the bytes of the file.

    Args:
        data: a zip file.
        random: makes the choices.
        mutate_bytes: changes bytes.
        change_header: changes the JSON in the entry `header.npy`.
    """
    entries = read(data)
    action = random.randrange(10)
    if action == 0 or not entries:
        return mutate_bytes(data)
    at = random.randrange(len(entries))
    entry = entries[at]
    if action == 1:
        entries[at] = replace(entry, method=random.choice((0, 8, 8, 12, 14, 99)))
    elif action == 2:
        entries[at] = replace(entry, flags=random.choice((0, 1, 8, 2048)))
    elif action == 3:
        entries[at] = replace(entry, claimed=random.choice((None, 0, 2**31, 2**32 - 1)))
    elif action == 4:
        del entries[at]
    elif action == 5:
        entries.insert(0, replace(entry, name=mutate_bytes(entry.name)))
    elif action == 6:
        entries[at] = replace(entry, content=random.choice(entries).content)
    elif entry.name == b"header.npy" and random.randrange(8):
        text = change_header(_text_of(entry.content)).decode("utf-8", "replace")
        entries[at] = replace(entry, content=text_array(text))
    else:
        entries[at] = replace(entry, content=npy.mutate(entry.content, random, mutate_bytes))
    return write(entries)


def text_array(text: str) -> bytes:
    """An .npy file of one text."""
    described = f"{{'descr': '<U{len(text)}', 'fortran_order': False, 'shape': (), }}\n"
    return npy.join(b"\1\0", described.encode(), text.encode("utf-32-le", "replace"))


def _text_of(content: bytes) -> bytes:
    return npy.split(content)[2].decode("utf-32-le", "replace").encode("utf-8", "replace")


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()
