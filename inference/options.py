"""What a caller may choose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from music.errors import MusicError
from music.instruments import program_of

MAX_SEED = 2**32 - 1
MAX_TEMPERATURE = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to accompany a song.

    Attributes:
        seed: 0..2**32 - 1; the same seed gives the same song.
        temperature: 0..2, how far the noise strays: 0 is the same answer for every seed, 1 is what
            the generator was trained with.
        instruments: General MIDI names or numbers: one for all accompanying tracks, or one for each
            of them, or one for each track with the melody first. None takes the model's and leaves
            the melody its own.
        melody_track: which track of the song is the melody, from 0; None takes the first that is
            not drums.

    Raises:
        MusicError: `bad_option`, if seed or temperature are out of bounds.
    """

    seed: int = 0
    temperature: float = 1.0
    instruments: tuple[str | int, ...] | None = None
    melody_track: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise MusicError(
                "bad_option",
                f"A seed is a whole number from 0 to {MAX_SEED}; received {self.seed}.",
                "Choose another seed.",
            )
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= MAX_TEMPERATURE):
            raise MusicError(
                "bad_option",
                f"The temperature is a number from 0 to {MAX_TEMPERATURE}; "
                f"received {self.temperature}.",
                "Choose 1 for what the model learnt, less for calmer and more for bolder answers.",
            )


def choose_programs(
    instruments: Sequence[str | int] | None, programs: Sequence[int]
) -> tuple[int | None, list[int]]:
    """Gives each track its General MIDI program, see `Options.instruments`.

    Args:
        instruments: the caller's wish.
        programs: the model's, the melody's first.

    Returns:
        The melody's program, None to leave it as it is, and the accompanying tracks'.

    Raises:
        MusicError: `unknown_instrument`, or `bad_option` for a number of instruments that fits no
            reading.
    """
    if instruments is None:
        return None, list(programs[1:])
    chosen = [program_of(instrument) for instrument in instruments]
    voices = len(programs) - 1
    if len(chosen) == voices + 1:
        return chosen[0], chosen[1:]
    if len(chosen) in (1, voices):
        return None, chosen * (voices // len(chosen))
    raise MusicError(
        "bad_option",
        f"{len(chosen)} instruments do not fit a melody and {voices} accompanying tracks.",
        f"Name 1 for all accompanying tracks, {voices} for each of them, or {voices + 1} with the "
        "melody first.",
    )
