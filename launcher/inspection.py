"""What can be told of a model without starting it: files, layout, manifest, hashes, pickles."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from launcher.archives import MAX_FILES, salvage
from launcher.findings import Checkup, megabytes
from launcher.pickles import find_pickles
from music.errors import MusicError
from music.manifest import FILE_NAME, GENERATOR_FILE, Manifest

_LITERT = b"TFL3"  # at the fifth byte: the file identifier of the LiteRT schema
_SAVED_MODEL = "1/saved_model.pb"
_EXPORT = "Export the model again, or take the model.tar.gz of a training job, as it is."
_NO_PICKLE = "Leave it out: whoever loads a pickle runs what it says."
_MAX_DEPTH = 3  # folders in which a manifest is looked for

# What other frameworks leave, by the end of its name.
_FOREIGN = {
    "saved_model.pb": "TensorFlow",
    ".keras": "Keras",
    ".h5": "Keras",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".ckpt": "PyTorch",
    "pytorch_model.bin": "PyTorch",
    ".safetensors": "Hugging Face",
    ".onnx": "ONNX",
    ".joblib": "scikit-learn",
    ".pkl": "scikit-learn",
    "xgboost-model": "XGBoost",
    ".tflite": "LiteRT",
}


def open_archive(archive: Path, folder: Path, checkup: Checkup) -> None:
    """Unpacks what is sound of an archive into a new folder, and takes down what is not."""
    folder.mkdir()
    hint = "Pack regular files only, or take the model.tar.gz of a training job, as it is."
    faults = ((f"The archive {fault}.", hint) for fault in salvage(archive, folder))
    is_sound = checkup.add_faults("archive", faults, "")
    checkup.figures["packed_bytes"] = archive.stat().st_size
    if is_sound:
        packed = megabytes(checkup.figures["packed_bytes"])
        checkup.add("archive", f"{_count_files(folder, checkup)}, packed in {packed}")


def open_folder(folder: Path, checkup: Checkup) -> None:
    """Takes down what would not come along if the folder were packed."""
    hint = "Replace it by the file itself: links break hosting."
    if checkup.add_faults("folder", ((text, hint) for text in _no_files(folder)), ""):
        checkup.add("folder", _count_files(folder, checkup))


def inspect(folder: Path, checkup: Checkup) -> Manifest | None:
    """Looks at the files of a model.

    Args:
        folder: what is to become the root of an artifact.
        checkup: takes the findings.

    Returns:
        The manifest; None if it cannot be used.
    """
    root = _find_root(folder, checkup)
    manifest = _read_manifest(root, checkup) if root is not None else None
    if root is not None and manifest is not None:
        _compare(root, manifest, checkup)
        _look_at_generator(root / GENERATOR_FILE, checkup)
    pickles = ((f"{found[:300]} is a pickle.", _NO_PICKLE) for found in find_pickles(folder))
    checkup.add_faults("pickles", pickles, "none")
    return manifest


def _count_files(folder: Path, checkup: Checkup) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    checkup.figures["files"] = len(files)
    checkup.figures["unpacked_bytes"] = sum(path.stat().st_size for path in files)
    return f"{len(files)} files of {megabytes(checkup.figures['unpacked_bytes'])}"


def _no_files(folder: Path) -> Iterator[str]:
    count = 0
    for parent, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            count += 1
            if count > MAX_FILES:
                yield f"The folder holds more than {MAX_FILES} files."
                return
            shown = path.relative_to(folder).as_posix()[:300]
            if stat.S_ISLNK(mode):
                yield f"The folder holds {shown!r}, which is a symbolic link and no regular file."
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                yield f"The folder holds {shown!r}, which is a device or a pipe, no regular file."


def _find_root(folder: Path, checkup: Checkup) -> Path | None:
    """Returns the folder of the manifest; says so where that is not the root."""
    for depth in range(_MAX_DEPTH + 1):
        if found := sorted(filter(Path.is_file, folder.glob("*/" * depth + FILE_NAME))):
            break
    else:
        if checkup.ok:  # else the manifest may be in what could not be unpacked
            checkup.add("layout", _why_no_model(folder), "fault", _EXPORT)
        return None
    root = found[0].parent
    if root != folder:
        inner = root.relative_to(folder).as_posix()[:100]
        checkup.add(
            "layout",
            f"The model lies in the folder {inner!r}; its files must lie at the root.",
            "fault",
            f"Pack what is in it, not the folder: tar -czf model.tar.gz -C {shlex.quote(inner)} .",
        )
    else:
        checkup.add("layout", f"{FILE_NAME} at the root")
    return root


def _why_no_model(folder: Path) -> str:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    if not names:
        return "There are no files in it."
    for end, framework in _FOREIGN.items():
        for name in names:
            if name.endswith(end):
                return (
                    f"There is no {FILE_NAME}; {name[:100]!r} looks like a model of {framework}, "
                    "not of Accompanist."
                )
    return f"There is no {FILE_NAME}, which tells what the model is; found was {names[0][:100]!r}."


def _read_manifest(root: Path, checkup: Checkup) -> Manifest | None:
    try:
        manifest = Manifest.read(root, verify=False)
    except MusicError as error:
        checkup.add("manifest", _without(root, error.message), "fault", error.hint)
        return None
    tracks = ", ".join(track[:30] for track in manifest.tracks)
    checkup.add(
        "manifest",
        f"version {manifest.schema_version}, {manifest.architecture}: {tracks}",
    )
    return manifest


def _compare(root: Path, manifest: Manifest, checkup: Checkup) -> None:
    """Holds the files against the manifest's hashes, and tells of files that it does not name."""
    faults = ((_without(root, fault.message), fault.hint) for fault in manifest.faults(root))
    checkup.add_faults("hashes", faults, f"all {len(manifest.files)} as described")
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    unknown = sorted(found - manifest.files.keys() - {FILE_NAME})
    if unknown:
        shown = ", ".join(name[:100] for name in unknown[:3])
        others = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        checkup.add("hashes", f"{FILE_NAME} does not name {shown}{others}.", "note")
    if _SAVED_MODEL not in manifest.files:
        checkup.add("layout", f"TensorFlow Serving would need {_SAVED_MODEL}.", "note")


def _look_at_generator(path: Path, checkup: Checkup) -> None:
    if not path.is_file():
        return  # said already
    checkup.figures["generator_bytes"] = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:] == _LITERT:
        checkup.add("generator", f"a LiteRT model of {megabytes(path.stat().st_size)}")
    else:
        checkup.add("generator", f"`{GENERATOR_FILE}` is no LiteRT model.", "fault", _EXPORT)


def _without(root: Path, text: str) -> str:
    """Leaves out of a sentence where the model was unpacked."""
    text = text.replace(f" in {root}", "").replace(f"{root}{os.sep}", "")
    return text.replace(f" in {root.resolve()}", "")
