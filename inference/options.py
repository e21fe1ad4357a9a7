"""What a caller may choose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from music.errors import MusicError
from music.instruments import ensemble_of, program_of

MAX_SEED = 2**32 - 1
MAX_TEMPERATURE = 2.0
MAX_DENSITY = 2.0
MAX_OCTAVE = 2


@dataclass(frozen=True, slots=True)
class Options:
    """How to accompany a song.

    Attributes:
        seed: 0..2**32 - 1; the same seed gives the same song.
        temperature: 0..2, how far the noise strays: 0 is the same answer for every seed, 1 is what
            the generator was trained with.
        instruments: General MIDI names or numbers: one for all accompanying tracks, or one for each
            of them, or one for each track with the melody first; or one ensemble, such as `string
            quartet`, for all tracks. None takes the model's and leaves the melody its own.
        melody_track: which track of the song is the melody, from 0; None takes the first that is
            not drums.
        density: 0..2, how much the voices move: 0 only on beats, 1 as the generator answers, 2 with
            all passing and neighbouring notes that do not clash.
        octave: -2..2, how many octaves the accompaniment is moved up, or down if negative.
        freeze_tracks: names or numbers (from 1) of accompanying tracks that stay as they are in the
            song; None for all of them, if `freeze_bars` is given.
        freeze_bars: the bars that stay, such as `1-4,7`, counted from 1; None for all of them, if
            `freeze_tracks` is given.

    Raises:
        MusicError: `bad_option`, if a number is out of bounds.
    """

    seed: int = 0
    temperature: float = 1.0
    instruments: tuple[str | int, ...] | None = None
    melody_track: int | None = None
    density: float = 1.0
    octave: int = 0
    freeze_tracks: tuple[str | int, ...] | None = None
    freeze_bars: str | None = None

    @property
    def freezes(self) -> bool:
        """Whether something of the song's own accompaniment stays."""
        return bool(self.freeze_tracks) or self.freeze_bars is not None

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
        if not (math.isfinite(self.density) and 0 <= self.density <= MAX_DENSITY):
            raise MusicError(
                "bad_option",
                f"The density is a number from 0 to {MAX_DENSITY}; received {self.density}.",
                "Choose 1 for what the model learnt, less for fewer and more for more notes.",
            )
        if abs(self.octave) > MAX_OCTAVE:
            raise MusicError(
                "bad_option",
                f"The octave is a whole number from -{MAX_OCTAVE} to {MAX_OCTAVE}; "
                f"received {self.octave}.",
                "Choose 0 to leave the accompaniment where it is.",
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
    voices = len(programs) - 1
    if len(instruments) == 1 and (ensemble := ensemble_of(instruments[0], voices)):
        return ensemble[0], ensemble[1:]
    chosen = [program_of(instrument) for instrument in instruments]
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
