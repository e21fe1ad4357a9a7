import gzip
import io
import os
import re
import tarfile
from pathlib import Path

import pytest

from launcher import archives
from launcher.archives import pack, unpack
from launcher.errors import LauncherError


def make_folder(folder, *, time=1_000_000_000):
    (folder / "1" / "variables").mkdir(parents=True)
    contents = {"manifest.json": b"{}", "1/saved_model.pb": b"\0" * 5000, "1/variables/ü": b""}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        os.utime(folder / name, (time, time))
    return contents


def make_archive(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = content if kind != tarfile.REGTYPE else ""
            data = content.encode() if kind == tarfile.REGTYPE else b""
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def file(name, content="x"):
    return name, tarfile.REGTYPE, content


def test_packed_files_come_back(tmp_path):
    contents = make_folder(tmp_path / "model")
    assert pack(tmp_path / "model", tmp_path / "model.tar.gz")
    unpack(tmp_path / "model.tar.gz", tmp_path / "again")
    found = {
        path.relative_to(tmp_path / "again").as_posix(): path.read_bytes()
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    }
    assert found == contents


def test_an_archive_holds_regular_files_in_order_without_times_and_owners(tmp_path):
    make_folder(tmp_path / "model")
    (tmp_path / "model" / "link").symlink_to("manifest.json")
    (tmp_path / "model" / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "model" / "pipe")
    pack(tmp_path / "model", tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == ["1/saved_model.pb", "1/variables/ü", "manifest.json"]
    assert all(m.isreg() for m in members)
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (0, 0, 0, "", "", 0o644)
    }


def test_the_same_files_are_the_same_bytes(tmp_path):
    make_folder(tmp_path / "a")
    make_folder(tmp_path / "b", time=1_700_000_000)
    pack(tmp_path / "a", tmp_path / "one.tar.gz")
    pack(tmp_path / "b", tmp_path / "another.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "another.tar.gz").read_bytes()


def test_nothing_to_pack_is_no_archive(tmp_path):
    (tmp_path / "model" / "empty").mkdir(parents=True)
    assert not pack(tmp_path / "model", tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()


@pytest.mark.parametrize(
    ("member", "match"),
    [
        (file("../outside"), "leads out"),
        (file("a/../../outside"), "leads out"),
        (file("/tmp/outside"), "leads out"),  # noqa: S108 (that is the point)
        (("link", tarfile.SYMTYPE, "/etc/passwd"), "no regular file"),
        (("link", tarfile.LNKTYPE, "good"), "no regular file"),
        (("pipe", tarfile.FIFOTYPE, ""), "no regular file"),
        (("disk", tarfile.BLKTYPE, ""), "no regular file"),
        (("sparse", tarfile.GNUTYPE_SPARSE, ""), "a sparse file and no regular file"),
        (("../outside", tarfile.DIRTYPE, ""), "leads out"),
        (file("good", "again"), "'good' twice"),
        (file("./good", "again"), "'./good' twice"),
        (file("good/below"), "'good/below' twice, or as a file and as a folder"),
        (file("good/below/it"), "'good/below/it' twice, or as a file and as a folder"),
        (file("a" * 256), "too long for a name"),
    ],
)
def test_what_is_no_plain_file_is_refused(tmp_path, member, match):
    archive = make_archive(tmp_path / "model.tar.gz", file("good"), member)
    with pytest.raises(LauncherError, match=match):
        unpack(archive, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.tar.gz"]


def test_damage_is_refused(tmp_path):
    make_folder(tmp_path / "model")
    archive = tmp_path / "model.tar.gz"
    pack(tmp_path / "model", archive)
    whole = archive.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for data in (b"", b"no archive", gzip.compress(b"no tar"), whole[:-20], bytes(flipped)):
        archive.write_bytes(data)
        with pytest.raises(LauncherError, match=r"no whole tar\.gz archive"):
            unpack(archive, tmp_path / "again")
        assert not (tmp_path / "again").exists()


def test_what_another_reader_might_find_is_refused(tmp_path):
    folder = make_archive(tmp_path / "model.tar.gz", file("good"), file("next", "y" * 600))
    plain = gzip.decompress(folder.read_bytes())
    second = bytearray(plain)
    second[1024 + 148 : 1024 + 156] = b"9" * 8  # the checksum of the second file's header
    for data in (plain + b"hidden".ljust(512, b"\0"), plain + plain, bytes(second)):
        folder.write_bytes(gzip.compress(data))
        with pytest.raises(LauncherError, match="behind its end, or is damaged in the middle"):
            unpack(folder, tmp_path / "model")
    folder.write_bytes(gzip.compress(plain) + gzip.compress(bytes(1 << 20)))
    unpack(folder, tmp_path / "model")


@pytest.mark.parametrize("size", [1 << 33, -512])
def test_a_header_that_would_fill_the_memory_is_refused(tmp_path, size):
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, size
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(2048)))
    with pytest.raises(LauncherError, match=r"no whole tar\.gz archive \(a header of -?\d+ bytes"):
        unpack(archive, tmp_path / "model")


def test_headers_that_lead_nowhere_are_refused(tmp_path):
    chained = tarfile.TarInfo("chained")
    chained.type = tarfile.XHDTYPE
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(chained.tobuf(tarfile.GNU_FORMAT) * 5000))
    with pytest.raises(LauncherError, match=r"no whole tar\.gz"):
        unpack(archive, tmp_path / "model")


@pytest.mark.parametrize("lines", [b"9\n1" + bytes(509), b"99999999\n" + b"1\n" * (1 << 20)])
def test_a_map_of_holes_without_end_is_refused(tmp_path, lines):
    member = tarfile.TarInfo("sparse")
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(member.tobuf(tarfile.PAX_FORMAT) + lines, 1))
    with pytest.raises(LauncherError, match=r"no whole tar\.gz"):
        unpack(archive, tmp_path / "model")


def test_a_bomb_is_refused(tmp_path):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = 40 << 20
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises(LauncherError, match="holds more than 75 MB unpacked, which is no model"):
        unpack(archive, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_nothing_else_reads_tar_files():
    home = Path(__file__).parents[2]
    rooms = ("music", "training", "inference", "container", "launcher", "benchmarks")
    sources = [path for room in rooms for path in (home / room).rglob("*.py")]
    readers = [p.name for p in sources if re.search("tarfile|unpack_archive", p.read_text())]
    assert readers == ["archives.py"]


def test_what_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 9)
    archive = make_archive(tmp_path / "model.tar.gz", file("a", "12345"), file("b", "12345"))
    with pytest.raises(LauncherError, match="holds more than"):
        unpack(archive, tmp_path / "model")
    monkeypatch.setattr(archives, "MAX_BYTES", 10)
    unpack(archive, tmp_path / "model")
    monkeypatch.setattr(archives, "MAX_FILES", 1)
    with pytest.raises(LauncherError, match="holds more than 1 files"):
        unpack(archive, tmp_path / "another")
