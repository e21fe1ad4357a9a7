import numpy as np
import pytest

from music.phrases import PhraseSet


def phrases_of(count, *, seed=0, valid=6):
    """Four voices that walk by steps inside their ranges; no music, but of its shape."""
    random = np.random.default_rng(seed)
    lowest, highest = np.array([60, 55, 48, 40]), np.array([80, 72, 67, 60])
    walk = np.cumsum(random.integers(-2, 3, (count, 16, 4)), axis=1) + np.array([70, 63, 57, 50])
    pitch = np.clip(walk, lowest, highest).repeat(2, axis=1).astype(np.int8)
    onset = np.zeros(pitch.shape, bool)
    onset[:, 0] = True
    onset[:, 1:] = pitch[:, 1:] != pitch[:, :-1]
    onset[:, 8] = True  # some repeats
    return PhraseSet(
        pitch=pitch,
        onset=onset,
        fermata=np.zeros((count, 32), bool),
        source=np.array([f"song-{i:03d}" for i in range(count)]),
        tags=np.full(count, ""),
        tonic=random.integers(0, 12, count).astype(np.int8),
        mode=np.array(["major", "minor"])[random.integers(0, 2, count)],
        bar=np.zeros(count, np.int32),
        split=np.array(["valid"] * valid + ["train"] * (count - valid)),
        header={
            "steps_per_beat": 4,
            "tracks": ["soprano", "alto", "tenor", "bass"],
            "name": "walks",
        },
    )


@pytest.fixture(scope="session")
def walks():
    """A small data set: 6 phrases to validate, 24 to train."""
    return phrases_of(30)
