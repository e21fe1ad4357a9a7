"""Builders of base folders and data sets for the container's tests."""

import json

import numpy as np

from container.paths import TrainingPaths
from music.phrase_file import write_phrases
from music.phrases import PhraseSet


def phrase_set(size=8, *, split="train", steps=32, seed=0):
    """Makes phrases of random quarter notes in the ranges of four voices."""
    random = np.random.default_rng(seed)
    quarters = random.integers((60, 55, 48, 38), (80, 72, 67, 62), (size, steps // 4, 4))
    pitch = np.repeat(quarters, 4, axis=1).astype(np.int8)
    return PhraseSet(
        pitch=pitch,
        onset=np.broadcast_to((np.arange(steps) % 4 == 0)[:, None], pitch.shape).copy(),
        fermata=np.zeros((size, steps), bool),
        source=np.array(["made up"] * size),
        tags=np.array([""] * size),
        tonic=np.zeros(size, np.int8),
        mode=np.array(["major"] * size),
        bar=np.arange(size, dtype=np.int32),
        split=np.array([split] * size),
        header={"steps_per_beat": 4, "tracks": ["soprano", "alto", "tenor", "bass"]},
    )


def job(base, *, hyperparameters=None, train=None, resources=None):
    """Makes a job's base folder as SageMaker would: configuration, and a channel `train`."""
    paths = TrainingPaths(base)
    write_json(paths.configuration / "hyperparameters.json", hyperparameters or {})
    write_json(
        paths.configuration / "inputdataconfig.json", {"train": {"TrainingInputMode": "File"}}
    )
    if resources is not None:
        write_json(paths.configuration / "resourceconfig.json", resources)
    if train is not None:
        write_phrases(train, paths.channel("train") / "phrases.npz")
    return paths


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
