"""model.tar.gz and output.tar.gz: regular files only, the same bytes for the same files."""

import gzip
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from launcher.drafts import whole_file
from launcher.errors import LauncherError

MAX_FILES = 10_000
MAX_BYTES = 8 << 30  # of all files, unpacked

# The last two: one name twice, or once as a file and once as a folder.
_DAMAGE = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    FileExistsError,
    NotADirectoryError,
)
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

    Nothing is left to what the archive says of links, owners or modes: the files are written here,
    under names that have been checked.

    Raises:
        LauncherError: `bad_archive` for anything else inside, a name that leads out of the folder,
            too much data, or damage; what was unpacked so far is deleted.
    """
    folder.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            room = MAX_BYTES
            for count, member in enumerate(tar):
                room -= member.size
                if count >= MAX_FILES or room < 0:
                    raise _refuse(
                        archive, f"holds more than {MAX_FILES} files or {MAX_BYTES >> 30} GiB"
                    )
                _unpack_member(tar, member, folder, archive)
    except _DAMAGE as error:
        shutil.rmtree(folder)
        raise _refuse(archive, f"is no whole tar.gz archive ({error})") from error
    except BaseException:
        shutil.rmtree(folder)
        raise


def _files_below(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                found.append((path.relative_to(folder).as_posix(), path))
    return found


def _unpack_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, archive: Path
) -> None:
    name = PurePosixPath(member.name)
    if member.isdir():
        return
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise _refuse(archive, f"holds {member.name!r}, which leads out of its folder")
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise _refuse(archive, f"holds {member.name!r}, which is no regular file")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("xb") as file:  # a second file of one name would hide the first
        shutil.copyfileobj(content, file)


def _refuse(archive: Path, fault: str) -> LauncherError:
    return LauncherError("bad_archive", f"{archive} {fault}.", _HINT)
