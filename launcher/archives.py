"""model.tar.gz and output.tar.gz: regular files only, the same bytes for the same files.

The one place of the project that reads tar files: everything inside may be made to do harm.
"""

import contextlib
import gzip
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from launcher.drafts import whole_file
from launcher.errors import LauncherError

MAX_FILES = 10_000
MAX_BYTES = 8 << 30  # of all files, unpacked
MAX_RATIO = 100  # unpacked to packed; weights hardly shrink
FREE_BYTES = 64 << 20  # what may be unpacked whatever the ratio

_MAX_NAME = 255  # bytes of one part; Linux takes no more
_MAX_PATH = 1024
_CHUNK = 1 << 16  # bytes read at once; also the longest header, which `tarfile` reads whole
_MAX_HEADER = 1 << 18  # bytes before one file
_MAX_HEADERS = 1 << 25  # of all files together: 10,000 with long names

_HINT = "Take the model.tar.gz of a training job, as it is."


def pack(folder: Path, archive: Path) -> bool:
    """Packs the regular files below a folder, as SageMaker does when a job ends.

    Symbolic links are left out, for they break hosting; so are times and owners.

    Args:
        folder: becomes the root of the archive.
        archive: appears whole or not at all.

    Returns:
        Whether there was anything to pack; if not, no archive is written.
    """
    files = sorted(_files_below(folder))
    if not files:
        return False
    with (
        whole_file(archive) as draft,
        draft.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in files:
            member = tarfile.TarInfo(name)
            with path.open("rb") as content:
                member.size = os.fstat(content.fileno()).st_size
                tar.addfile(member, content)
    return True


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks an archive of regular files into a new folder.

    Raises:
        LauncherError: `bad_archive` for the first fault that `salvage` finds; what was unpacked so
            far is deleted.
    """
    folder.mkdir()
    try:
        for fault in salvage(archive, folder):
            raise LauncherError("bad_archive", f"{archive} {fault}.", _HINT)
    except BaseException:
        shutil.rmtree(folder)
        raise


def salvage(archive: Path, folder: Path) -> Iterator[str]:
    """Unpacks what is sound of an archive, while iterated over, and tells of everything else.

    Nothing is left to what the archive says of links, owners or modes: the files are written here,
    under names that have been checked.

    Args:
        archive: a tar.gz file.
        folder: an empty folder.

    Yields:
        What is wrong, e.g. `holds '../x', which leads out of its folder`. Too much data and damage
        come last: the rest is not read.
    """
    try:
        with (
            _Bounded(archive) as packed,
            tarfile.open(fileobj=packed, mode="r:") as tar,
        ):
            room = min(MAX_BYTES, FREE_BYTES + MAX_RATIO * archive.stat().st_size)
            limit = min(room, shutil.disk_usage(folder).free)
            left = limit
            for count, member in enumerate(tar):
                left -= abs(member.size)
                if count >= MAX_FILES or left < 0:
                    yield _too_much(limit, count)
                    return
                with packed.content():
                    fault = _unpack_member(tar, member, folder)
                if fault:
                    yield fault
            if packed.has_more(tar.offset):
                yield "holds data behind its end, or is damaged in the middle"
    except Exception as error:  # `tarfile` and what unpacks for it fail in many ways
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise  # no room, or no permission
        yield f"is no whole tar.gz archive ({str(error) or type(error).__name__})"


class _Bounded(gzip.GzipFile):
    """What is packed; `tarfile` keeps headers in memory, however many and long they are."""

    def __init__(self, archive: Path) -> None:
        super().__init__(archive, "rb")
        self._is_header = True
        self._of_one = self._of_all = 0

    @contextlib.contextmanager
    def content(self) -> Iterator[None]:
        """Within it a file's content is read; behind it another header."""
        self._is_header = False
        yield
        self._is_header, self._of_one = True, 0

    def read(self, size: int | None = -1) -> bytes:
        """Reads up to `size` bytes, unless they are more than headers should be."""
        if size is None or not 0 <= size <= _CHUNK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = super().read(size)
        if self._is_header:
            self._of_one += len(data)
            self._of_all += len(data)
            if self._of_one > _MAX_HEADER or self._of_all > _MAX_HEADERS:
                raise tarfile.ReadError("its headers are too long")
        return data

    def has_more(self, offset: int) -> bool:
        """Whether there is anything but zeros from `offset` on; also compares the checksum.

        Raises:
            gzip.BadGzipFile: if the data are not those that were packed.
        """
        self.seek(offset)
        for _ in range(FREE_BYTES // _CHUNK):
            data = super().read(_CHUNK)
            if not data:
                return False
            if data.strip(b"\0"):
                return True
        return True


def _files_below(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                found.append((path.relative_to(folder).as_posix(), path))
    return found


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str | None:
    """Writes one file; returns what is wrong with it, if anything is."""
    name = PurePosixPath(member.name)
    if fault := _fault_of_name(member.name):
        return fault
    if member.isdir():
        return None
    content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None or not name.parts:
        return f"holds {member.name!r}, which is {_kind(member)} and no regular file"
    path = folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with content, path.open("xb") as file:  # a second file of one name would hide the first
            shutil.copyfileobj(content, file, _CHUNK)
    except (FileExistsError, NotADirectoryError):
        return f"holds {member.name!r} twice, or as a file and as a folder"
    return None


def _fault_of_name(text: str) -> str | None:
    name = PurePosixPath(text)
    if name.is_absolute() or ".." in name.parts:
        return f"holds {text[:_MAX_NAME]!r}, which leads out of its folder"
    lengths = [len(os.fsencode(part)) for part in name.parts]
    if "\0" in text or max(lengths, default=0) > _MAX_NAME or sum(lengths) > _MAX_PATH:
        return f"holds {text[:80]!r}, which is too long for a name or has no place in one"
    return None


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym():
        return f"a symbolic link to {member.linkname[:_MAX_NAME]!r}"
    if member.islnk():
        return f"a hard link to {member.linkname[:_MAX_NAME]!r}"
    if member.issparse():
        return "a sparse file"
    return "a device or a pipe" if member.isdev() else "of an unknown kind"


def _too_much(limit: int, count: int) -> str:
    if count >= MAX_FILES:
        return f"holds more than {MAX_FILES} files"
    size = f"{limit / 1e6:.0f} MB" if limit >= 1_000_000 else f"{limit} bytes"
    return f"holds more than {size} unpacked, which is no model, or more than there is room for"
