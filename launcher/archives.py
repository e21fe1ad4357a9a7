"""Packs folders as SageMaker does at the end of a job, and unpacks model artifacts safely."""

import gzip
import tarfile
from pathlib import Path, PurePosixPath

from launcher.errors import LauncherError

MAX_FILES = 10_000
MAX_BYTES = 4 << 30
BLOCK = 1 << 20


def pack(folder: Path, archive: Path) -> None:
    """Writes the regular files under `folder` as a .tar.gz; equal folders give equal bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_name(f"draft-{archive.name}")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    with (
        draft.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in files:
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as file:
                tar.addfile(entry, file)
    draft.replace(archive)


def unpack(archive: Path, folder: Path) -> None:
    """Writes the files of a model artifact under `folder`, which must exist.

    Raises:
        LauncherError: if it is no .tar.gz, too large, or holds anything but regular files inside.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _extract(tar, folder, archive)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise _refused(archive, f"it is no whole .tar.gz: {error}") from error


def _extract(tar: tarfile.TarFile, folder: Path, archive: Path) -> None:
    left = MAX_BYTES
    for count, member in enumerate(tar):
        left -= member.size
        if count >= MAX_FILES or left < 0:
            raise _refused(archive, f"it holds more than {MAX_FILES} files or {MAX_BYTES} bytes")
        if member.isdir():
            continue
        path = PurePosixPath(member.name)
        if not member.isreg() or path.is_absolute() or ".." in path.parts:
            raise _refused(archive, f"`{member.name}` is no regular file inside it")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        if source is None:
            raise _refused(archive, f"`{member.name}` is no regular file inside it")
        with source, target.open("wb") as file:
            while block := source.read(BLOCK):
                file.write(block)


def _refused(archive: Path, why: str) -> LauncherError:
    return LauncherError(
        f"{archive} cannot be used as a model artifact: {why}.",
        "Give the model.tar.gz of a training job.",
    )
