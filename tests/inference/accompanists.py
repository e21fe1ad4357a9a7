"""Generators written by hand, for the arranger: no model, known answers."""

from collections.abc import Callable

import numpy as np

from music.rolls import held_onsets, voices_to_roll
from tests.tiny_models import describe

Voices = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class HandMade:
    """Answers with `voices(pitch, onset, noise)`, `(window, step, voice)` pitches and onsets."""

    def __init__(self, voices: Voices, max_batch: int = 5, **changes: object) -> None:
        self.manifest = describe(**{"noise_shape": [4], **changes})
        self.max_batch = max_batch
        self.batches: list[int] = []
        self.heard: list[np.ndarray] = []
        self.noises: list[np.ndarray] = []
        self._voices = voices

    def noise(self, seed, temperature):
        return np.random.default_rng(seed).normal(size=4).astype(np.float32) * temperature

    def accompany(self, pitch, onset, noise):
        self.batches.append(len(pitch))
        self.heard += list(pitch)
        self.noises += list(noise)
        return voices_to_roll(*self._voices(pitch, onset, noise))


def below(*semitones):
    """Voices that move with the melody."""

    def voices(pitch, onset, noise):
        below = pitch[..., None] - np.array(semitones)
        return below, np.broadcast_to(onset[..., None], below.shape)

    return voices


def drone(*pitches):
    """Voices that never move, and that start in a window only if it is told to them."""

    def voices(pitch, onset, noise):
        held = np.broadcast_to(np.array(pitches), (*pitch.shape, len(pitches)))
        return held, np.zeros(held.shape, dtype=bool)

    return voices


def noisy(pitch, onset, noise):
    """Three voices of which every window and every noise makes something else."""
    steps = np.arange(pitch.shape[1]) // 3
    offsets = np.array([4, 9, 16]) + (noise[:, None, :3] * 3).astype(int)
    moving = (pitch[:, :1] + steps) % 5
    voices = pitch[..., None] - offsets - moving[..., None]
    starts = held_onsets(voices)
    starts[:, 0] = onset[:, :1]
    return voices, starts
