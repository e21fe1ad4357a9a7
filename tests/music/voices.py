"""Small builders of voices for the tests of the metrics."""

import numpy as np


def beats(*slices, steps=32):
    """A phrase `(1, steps, voice)` that holds each slice of pitches for a beat; the last one on."""
    pitch = np.array([slices[min(step // 4, len(slices) - 1)] for step in range(steps)])
    return pitch[None].astype(np.int8)


def line(*lengths_and_pitches, voices=3):
    """A phrase `(1, 32, voices)` whose first voice sings; the others hold one pitch each."""
    pitch = np.full((1, 32, voices), 40, np.int8) - np.arange(voices, dtype=np.int8)
    start = 0
    for length, note in lengths_and_pitches:
        pitch[0, start : start + length, 0] = note
        start += length
    assert start == 32
    return pitch
