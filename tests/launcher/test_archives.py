import gzip
import io
import os
import tarfile

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
        (file("good", "again"), "no whole tar.gz"),
        (file("good/below"), "no whole tar.gz"),
        (file("good/below/it"), "no whole tar.gz"),
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
