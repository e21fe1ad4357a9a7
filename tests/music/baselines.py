"""Accompaniments of known, poor quality, after the rows of the published table of this data set."""

import numpy as np

from music.harmony import pitch_class_counts
from music.keys import HARMONIC_MINOR, MAJOR

# Alto, tenor and bass as textbooks of harmony give them.
LOWEST, HIGHEST = (55, 48, 40), (74, 67, 60)


def octave_copies(phrases):
    return phrases.pitch[..., :1] - np.array([12, 12, 24], np.int8)


def semitone_off(phrases):
    return phrases.pitch[..., 1:] + np.int8(1)


def shift_to_c(phrases):
    home = np.where(phrases.mode == "major", 0, 9)
    return (home - phrases.tonic + 5) % 12 - 5


def shuffled(phrases, train, random):
    """Accompaniments of training phrases, transposed so that both are in C major or A minor."""
    chosen = random.integers(0, len(train), len(phrases))
    shift = shift_to_c(train)[chosen] - shift_to_c(phrases)
    return (train.pitch[chosen, :, 1:] + shift[:, None, None]).astype(np.int8)


def retrieved(phrases, train):
    """The accompaniment of the training phrase whose melody, transposed, agrees best."""
    melodies = train.pitch[..., 0]
    answers = []
    for melody in phrases.pitch[..., 0]:
        agree = np.stack([(melodies + s == melody).sum(axis=1) for s in range(-5, 7)])
        shift, index = np.unravel_index(agree.argmax(), agree.shape)
        answers.append(train.pitch[index, :, 1:] + np.int8(shift - 5))
    return np.stack(answers)


def wrong_notes(phrases, random, share=0.1):
    """The real accompaniment with a share of its notes off by one or two semitones."""
    pitch = phrases.pitch[..., 1:]
    wrong = (random.random(pitch.shape) < share) * random.choice([-2, -1, 1, 2], pitch.shape)
    return (pitch + _held(pitch, wrong)).astype(np.int8)


def random_in_scale(phrases, random):
    """Random notes of the scale that fits the phrase best, in the rhythm of the real ones."""
    pitch = phrases.pitch
    scales = np.array([np.roll(scale, t) for scale in (MAJOR, HARMONIC_MINOR) for t in range(12)])
    best = (pitch_class_counts(pitch) @ scales.T).argmax(axis=1)
    notes = np.empty(pitch[..., 1:].shape, int)
    for phrase, scale in enumerate(scales[best]):
        for voice in range(3):
            span = np.arange(LOWEST[voice], HIGHEST[voice] + 1)
            notes[phrase, :, voice] = random.choice(span[scale[span % 12]], pitch.shape[1])
    return _held(pitch[..., 1:], notes).astype(np.int8)


def tonic_drone(phrases):
    """The triad of the key in root position, held throughout."""
    chord = np.empty((len(phrases), 3), int)
    for index, (tonic, mode) in enumerate(zip(phrases.tonic, phrases.mode, strict=True)):
        bass = 48 + (int(tonic) + 6) % 12 - 6
        chord[index] = (bass + (16 if mode == "major" else 15), bass + 7, bass)
    return np.repeat(chord[:, None].astype(np.int8), phrases.pitch.shape[1], axis=1)


def _held(pitch, values):
    """Takes the value at the start of each held note of `pitch` for the whole note."""
    starts = np.ones(pitch.shape, bool)
    starts[:, 1:] = pitch[:, 1:] != pitch[:, :-1]
    index = np.where(starts, np.arange(pitch.shape[1])[None, :, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(index, axis=1), axis=1)
