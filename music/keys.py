"""Key finding after Krumhansl and Schmuckler."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from music.errors import MusicError

Mode = Literal["major", "minor"]

# Krumhansl & Kessler 1982, probe-tone ratings of the twelve pitch classes from the tonic upwards.
MAJOR_PROFILE = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR_PROFILE = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])

# The profiles of all keys, less their means, `(mode, tonic, 12)`.
_ROTATED = np.stack(
    [[np.roll(profile, tonic) for tonic in range(12)] for profile in (MAJOR_PROFILE, MINOR_PROFILE)]
)
_CENTRED = _ROTATED - _ROTATED.mean(axis=-1, keepdims=True)
_CENTRED_NORMS = np.linalg.norm(_CENTRED, axis=-1)

# The scales as masks of the pitch classes from the tonic upwards.
MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
HARMONIC_MINOR = np.isin(np.arange(12), (0, 2, 3, 5, 7, 8, 11))

# What a key signature is worth, as a correlation. It decides between neighbours on the circle of
# fifths and leaves room for Bach's modal signatures, which often lack the last flat or sharp.
SIGNATURE_WEIGHT = 0.1


@dataclass(frozen=True)
class Key:
    """A tonic (pitch class 0..11, 0 is C) and a mode."""

    tonic: int
    mode: Mode

    @property
    def shift_to_c(self) -> int:
        """Semitones -5..6 that take this key to C major or A minor."""
        home = 0 if self.mode == "major" else 9
        return (home - self.tonic + 5) % 12 - 5


def key_correlations(weights: NDArray[np.number]) -> NDArray[np.float64]:
    """Correlates pitch class weights with the profiles of all keys.

    Args:
        weights: `(12,)`, how long each pitch class sounds, in any unit.

    Returns:
        `(2, 12)`: major and minor by tonic, correlations in -1..1; zeros if all weights are equal.

    Raises:
        MusicError: `bad_weights` if `weights` has another shape.
    """
    if weights.shape != (12,):
        raise MusicError(
            "bad_weights",
            f"`weights` must have shape (12,); received {weights.shape}.",
            "Count the sounding steps of each pitch class.",
        )
    heard = weights - weights.mean()
    norms = _CENTRED_NORMS * np.linalg.norm(heard)
    return np.asarray(np.divide(_CENTRED @ heard, norms, out=np.zeros((2, 12)), where=norms > 0))


def find_key(weights: NDArray[np.number], sharps: int | None = None) -> Key:
    """Finds the key whose profile fits best.

    Args:
        weights: `(12,)`, how long each pitch class sounds, in any unit.
        sharps: the key signature, sharps positive and flats negative, or None if unknown. It is a
            prior: it favours its major and its minor key by `SIGNATURE_WEIGHT`.

    Returns:
        The key. Silence is C major, or the major key of the signature.
    """
    scores = key_correlations(weights)
    if sharps is not None:
        tonic = 7 * sharps % 12
        scores[0, tonic] += SIGNATURE_WEIGHT
        scores[1, (tonic + 9) % 12] += SIGNATURE_WEIGHT
    mode, tonic = divmod(int(scores.argmax()), 12)
    return Key(tonic, "minor" if mode else "major")


def pitch_class_weights(pitch: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts the sounding steps of each pitch class in an array of MIDI pitches (-1 is a rest)."""
    return np.bincount(pitch[pitch >= 0].astype(np.int64) % 12, minlength=12)
