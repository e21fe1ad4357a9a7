"""Finds the folder that a user means: by name, by the beginning of a name, or by path."""

import difflib
import os
import shutil
from pathlib import Path

from launcher.drafts import draft_of
from launcher.errors import LauncherError

ROOT = Path("runs")  # of jobs and endpoints, where no other folder is said


def list_folders(root: Path, record: str) -> list[Path]:
    """Returns the folders in `root` that hold a record."""
    return sorted(path.parent for path in root.glob(f"[!.]*/{record}"))


def find_folder(name: str, root: Path, record: str, kind: str) -> Path:
    """Returns the one folder that a name means.

    Args:
        name: of the folder, in `root`; or the beginning of only one; or a path to it.
        root: holds the folders.
        record: the file that each of them holds.
        kind: what it is called in errors, `job` or `endpoint`.

    Raises:
        LauncherError: `no_such_job` or `no_such_endpoint`; `several_jobs` or `several_endpoints`.
    """
    if (folder := exact_folder(name, root, record)) is not None:
        return folder
    known = [path.name for path in list_folders(root, record)]
    begun = [other for other in known if name and other.startswith(name)]
    if len(begun) == 1:
        return root / begun[0]
    if begun:
        raise LauncherError(
            f"several_{kind}s",
            f"{len(begun)} {kind}s begin with {name!r}: {', '.join(begun[:5])}.",
            "Give more of the name.",
        )
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else "`python -m launcher.status` lists them all."
    raise LauncherError(f"no_such_{kind}", f"There is no {kind} {name!r} in {root}.", hint)


def exact_folder(name: str, root: Path, record: str) -> Path | None:
    """Returns the folder with this very name or path, None if there is none."""
    if not name:
        return None
    is_path = os.sep in name or name in (os.curdir, os.pardir)
    folder = Path(name).expanduser().absolute() if is_path else root / name
    return folder.resolve() if (folder / record).is_file() else None


def remove_folder(folder: Path) -> None:
    """Deletes a folder; it is gone from the lists before its first file is."""
    draft = draft_of(folder)
    folder.rename(draft)
    shutil.rmtree(draft)
