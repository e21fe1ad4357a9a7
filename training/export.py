"""The model folder: the generator for TensorFlow Serving, for LiteRT and for further training."""

import importlib.metadata
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from music.manifest import FILE_NAME, GENERATOR_FILE, Manifest
from training.doubling import in_plain_products
from training.gan import Gan
from training.hyperparameters import Hyperparameters

SAVED_MODEL = "1"  # TensorFlow Serving wants a whole number
WEIGHTS_FILE = "generator.weights.h5"
CHOIR_AAHS = 52


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, for its manifest.

    Attributes:
        hyperparameters: of the run.
        tracks: names, the melody first.
        steps_per_beat: of the data.
        melody_range: lowest and highest melody pitch that the generator heard.
        dataset: fingerprint, name, phrases per split.
    """

    hyperparameters: Hyperparameters
    tracks: tuple[str, ...]
    steps_per_beat: int
    melody_range: tuple[int, int]
    dataset: Mapping[str, Any]


def export(gan: Gan, folder: Path, origin: Origin, metrics: Mapping[str, Any]) -> Manifest:
    """Writes the averaged generator into `folder`, replacing the model there once this is whole.

    Args:
        gan: holds the generator; its training must be over.
        folder: the model folder; its parent must exist.
        origin: what the manifest says of the training.
        metrics: numbers for the manifest.
    """
    draft = folder / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    gan.play_as(gan.snapshot())
    _write_saved_model(gan, draft / SAVED_MODEL)
    _write_lite(gan, draft / GENERATOR_FILE)
    gan.generator.save_weights(draft / WEIGHTS_FILE)
    files = sorted(p.relative_to(draft).as_posix() for p in draft.rglob("*") if p.is_file())
    manifest = _manifest(gan, origin, metrics).write(draft, files)
    _replace(draft, folder)
    return manifest


def _write_lite(gan: Gan, path: Path) -> None:
    source = path.parent / SAVED_MODEL
    if not gan.doubles_in_lite:
        path.write_bytes(_convert(source))
        return
    source = path.parent / "in-plain-products"
    with in_plain_products():
        _write_saved_model(gan, source)
    path.write_bytes(_convert(source))
    shutil.rmtree(source)


def _convert(saved_model: Path) -> bytes:
    converted: bytes = tf.lite.TFLiteConverter.from_saved_model(str(saved_model)).convert()
    return converted


def _write_saved_model(gan: Gan, path: Path) -> None:
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serve", gan.serve, input_signature=list(gan.signature().values()))
    archive.write_out(str(path), verbose=False)
    for made in (path, *path.rglob("*/")):
        shutil.copymode(path.parent, made)  # TensorFlow lets no group change its folders


def _manifest(gan: Gan, origin: Origin, metrics: Mapping[str, Any]) -> Manifest:
    return Manifest(
        architecture=origin.hyperparameters.architecture,
        steps_per_beat=origin.steps_per_beat,
        tracks=origin.tracks,
        programs=(CHOIR_AAHS,) * len(origin.tracks),
        melody_range=origin.melody_range,
        noise_shape=gan.noise_shape,
        tonic_normalized=gan.tonic_normalized,
        hyperparameters=origin.hyperparameters.as_dict(),
        dataset=origin.dataset,
        code_version=importlib.metadata.version("accompanist"),
        metrics=metrics,
    )


def _replace(draft: Path, folder: Path) -> None:
    """Moves the draft's files over the folder's, last the manifest, which vouches for them."""
    for new in sorted(draft.iterdir(), key=lambda path: path.name == FILE_NAME):
        target = folder / new.name
        if target.is_dir():
            target.replace(draft / f"replaced-{new.name}")
        new.replace(target)
    shutil.rmtree(draft)
