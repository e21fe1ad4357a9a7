"""Well-known tunes in the public domain, kept as notes, to try the accompanist on.

The notation is a note a word: letter, perhaps `#` or `b`, octave (`C4` is middle C), and `:` with
the length in quarters if it is not one; `R` is a rest and `~` ties a note to the next. `|` ends a
bar, and every bar is full: a pickup stands at the end of a bar of rests, so that beat one of the
music is beat one of a bar, as in most MIDI files.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from fractions import Fraction

from music.errors import MusicError
from music.song import KeySignature, Note, Song, Tempo, TimeSignature, Track

TICKS_PER_BEAT = 480
_WORD = re.compile(r"(?:(R)|([A-G])([#b]?)(\d))(?::(\d*\.?\d+))?(~?)")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHIFT = {"": 0, "#": 1, "b": -1}


@dataclass(frozen=True, slots=True)
class Melody:
    """A built-in tune.

    Attributes:
        title: as it is usually called.
        source: where the tune comes from.
        year: of its first known printing or writing.
        tempo_bpm: quarters a minute, a fair walking pace for the tune.
        fifths: sharps of the key signature, flats if negative.
        text: the notes, in the notation above.
        beats: quarters a bar.
        is_minor: whether the key is minor.
    """

    title: str
    source: str
    year: int
    tempo_bpm: int
    fifths: int
    text: str
    beats: int = 4
    is_minor: bool = False


MELODIES: dict[str, Melody] = {
    "twinkle": Melody(
        "Twinkle, Twinkle, Little Star",
        "Ah! vous dirai-je, maman; French",
        1761,
        100,
        1,
        """
        G4 G4 D5 D5 | E5 E5 D5:2 | C5 C5 B4 B4 | A4 A4 G4:2 |
        D5 D5 C5 C5 | B4 B4 A4:2 | D5 D5 C5 C5 | B4 B4 A4:2 |
        G4 G4 D5 D5 | E5 E5 D5:2 | C5 C5 B4 B4 | A4 A4 G4:2 |
        """,
    ),
    "ode-to-joy": Melody(
        "Ode to Joy",
        "Ludwig van Beethoven, Symphony No. 9",
        1824,
        112,
        1,
        """
        B4 B4 C5 D5 | D5 C5 B4 A4 | G4 G4 A4 B4 | B4:1.5 A4:.5 A4:2 |
        B4 B4 C5 D5 | D5 C5 B4 A4 | G4 G4 A4 B4 | A4:1.5 G4:.5 G4:2 |
        A4 A4 B4 G4 | A4 B4:.5 C5:.5 B4 G4 | A4 B4:.5 C5:.5 B4 A4 | G4 A4 D4 B4~ |
        B4 B4 C5 D5 | D5 C5 B4 A4 | G4 G4 A4 B4 | A4:1.5 G4:.5 G4:2 |
        """,
    ),
    "frere-jacques": Melody(
        "Frère Jacques",
        "French round",
        1780,
        104,
        -1,
        """
        F4 G4 A4 F4 | F4 G4 A4 F4 | A4 Bb4 C5:2 | A4 Bb4 C5:2 |
        C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4 | C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4 |
        F4 C4 F4:2 | F4 C4 F4:2 |
        """,
    ),
    "old-hundredth": Melody(
        "Old Hundredth",
        "Louis Bourgeois, Genevan Psalter",
        1551,
        92,
        1,
        """
        R:2 G4:2 | G4 F#4 E4 D4 | G4:2 A4:2 | B4:2 B4:2 |
        B4 B4 A4 G4 | C5:2 B4:2 | A4:2 G4:2 | A4 B4 A4 G4 |
        E4:2 F#4:2 | G4:2 D5:2 | B4 G4 A4 C5 | B4:2 A4:2 | G4:4 |
        """,
    ),
    "amazing-grace": Melody(
        "Amazing Grace",
        "New Britain; American, Columbian Harmony",
        1829,
        84,
        1,
        """
        R:2 D4 | G4:2 B4:.5 G4:.5 | B4:2 A4 | G4:2 E4 | D4:2 D4 |
        G4:2 B4:.5 G4:.5 | B4:2 A4 | D5:3~ | D5:2 B4 |
        D5:1.5 B4:.5 D5:.5 B4:.5 | G4:2 D4 | E4:1.5 G4:.5 G4:.5 E4:.5 | D4:2 D4 |
        G4:2 B4:.5 G4:.5 | B4:2 A4 | G4:3~ | G4:3 |
        """,
        beats=3,
    ),
    "london-bridge": Melody(
        "London Bridge Is Falling Down",
        "English, traditional",
        1879,
        112,
        1,
        """
        D5:1.5 E5:.5 D5 C5 | B4 C5 D5:2 | A4 B4 C5:2 | B4 C5 D5:2 |
        D5:1.5 E5:.5 D5 C5 | B4 C5 D5:2 | A4:2 D5:2 | B4 G4:3 |
        """,
    ),
    "au-clair-de-la-lune": Melody(
        "Au clair de la lune",
        "French, traditional",
        1780,
        108,
        1,
        """
        G4 G4 G4 A4 | B4:2 A4:2 | G4 B4 A4 A4 | G4:4 |
        G4 G4 G4 A4 | B4:2 A4:2 | G4 B4 A4 A4 | G4:4 |
        A4 A4 A4 A4 | E4:2 E4:2 | A4 G4 F#4 E4 | D4:4 |
        G4 G4 G4 A4 | B4:2 A4:2 | G4 B4 A4 A4 | G4:4 |
        """,
    ),
    "good-king-wenceslas": Melody(
        "Good King Wenceslas",
        "Tempus adest floridum, Piae Cantiones",
        1582,
        116,
        1,
        """
        G4 G4 G4 A4 | G4 G4 D4:2 | E4 D4 E4 F#4 | G4:2 G4:2 |
        G4 G4 G4 A4 | G4 G4 D4:2 | E4 D4 E4 F#4 | G4:2 G4:2 |
        D5 C5 B4 A4 | B4 A4 G4:2 | E4 D4 E4 F#4 | G4:2 G4:2 |
        D4 D4 E4 F#4 | G4 G4 A4:2 | D5 C5 B4 A4 | G4:2 C5:2 | G4:4 |
        """,
    ),
    "auld-lang-syne": Melody(
        "Auld Lang Syne",
        "Scottish, Thomson's Select Collection",
        1799,
        92,
        -1,
        """
        R:3 C4 | F4:1.5 F4:.5 F4 A4 | G4:1.5 F4:.5 G4 A4 | F4:1.5 F4:.5 A4 C5 | D5:3 D5 |
        C5:1.5 A4:.5 A4 F4 | G4:1.5 F4:.5 G4 A4 | F4:1.5 D4:.5 D4 C4 | F4:3 D5 |
        C5:1.5 A4:.5 A4 F4 | G4:1.5 F4:.5 G4 D5 | C5:1.5 A4:.5 A4 C5 | D5:3 D5 |
        C5:1.5 A4:.5 A4 F4 | G4:1.5 F4:.5 G4 A4:.5 G4:.5 | F4:1.5 D4:.5 D4 C4 | F4:4 |
        """,
    ),
    "god-rest-ye": Melody(
        "God Rest Ye Merry, Gentlemen",
        "English carol, Rimbault's Little Book of Christmas Carols",
        1846,
        120,
        1,
        """
        R:3 E4 | E4 B4 B4 A4 | G4 F#4 E4 D4 | E4 F#4 G4 A4 | B4:3 E4 |
        E4 B4 B4 A4 | G4 F#4 E4 D4 | E4 F#4 G4 A4 | B4:3 B4 |
        C5 A4 B4 C5 | D5 E5 B4 A4 | G4 E4 F#4 G4 | A4:2 G4 A4 |
        B4:2 C5 B4 | B4 A4 G4 F#4 | E4:2 G4:.5 F#4:.5 E4 |
        A4:2 G4 A4 | B4 C5 D5 E5 | B4 A4 G4 F#4 | E4:4 |
        """,
        is_minor=True,
    ),
}
NAMES: tuple[str, ...] = tuple(MELODIES)


def melody(name: str) -> Song:
    """Returns a built-in tune as a song of one track.

    Args:
        name: one of `NAMES`, in any case and with spaces or underscores for hyphens.

    Raises:
        MusicError: `unknown_melody`, with the nearest known name.
    """
    known = re.sub(r"[\s_]+", "-", name.strip().lower())
    if known not in MELODIES:
        nearest = difflib.get_close_matches(known, NAMES, n=1, cutoff=0.0)[0]
        raise MusicError(
            "unknown_melody",
            f"There is no built-in melody `{name[:80]}`; did you mean `{nearest}`?",
            f"Known are {', '.join(NAMES)}.",
        )
    tune = MELODIES[known]
    return Song(
        TICKS_PER_BEAT,
        (Track("Melody", 0, parse_notes(tune.text, tune.beats)),),
        (Tempo(0, round(60e6 / tune.tempo_bpm)),),
        (TimeSignature(0, tune.beats, 4),),
        (KeySignature(0, tune.fifths, tune.is_minor),),
    )


def parse_notes(text: str, beats: int) -> tuple[Note, ...]:
    """Reads the notation of this module.

    Args:
        text: bars of words, each bar ended by `|`.
        beats: quarters a bar.

    Returns:
        The notes, at `TICKS_PER_BEAT`.

    Raises:
        MusicError: `bad_notation`, if a word is not understood, a bar is not full, or a tie leads
            to another pitch.
    """
    notes: list[Note] = []
    tick = 0
    tied: int | None = None
    for number, bar in enumerate(text.strip().removesuffix("|").split("|"), 1):
        bar_end = tick + beats * TICKS_PER_BEAT
        for word in bar.split():
            pitch, ticks, ties = _parse_word(word)
            if tied is not None:
                if pitch != tied:
                    raise _fault(f"the tie before `{word}` in bar {number} leads elsewhere")
                last = notes.pop()
                notes.append(Note(last.start, tick + ticks, tied))
            elif pitch is not None:
                notes.append(Note(tick, tick + ticks, pitch))
            tied = pitch if ties else None
            tick += ticks
        if tick != bar_end:
            missing = (bar_end - tick) / TICKS_PER_BEAT
            fault = "short" if missing > 0 else "long"
            raise _fault(f"bar {number} is {abs(missing):g} beats too {fault}")
    if tied is not None:
        raise _fault("the last note is tied to nothing")
    return tuple(notes)


def _parse_word(word: str) -> tuple[int | None, int, bool]:
    """Reads one word: its pitch, None for a rest; its ticks; whether it is tied to the next."""
    match = _WORD.fullmatch(word)
    if not match:
        raise _fault(f"`{word}` is neither a note nor a rest")
    rest, letter, accidental, octave, beats, tie = match.groups()
    ticks = Fraction(beats or "1") * TICKS_PER_BEAT
    if ticks.denominator != 1 or ticks < 1:
        raise _fault(f"`{word}` has a length that is no whole number of ticks")
    if rest:
        return None, int(ticks), False
    pitch = 12 * (int(octave) + 1) + _SEMITONES[letter] + _SHIFT[accidental]
    return pitch, int(ticks), bool(tie)


def _fault(fault: str) -> MusicError:
    return MusicError(
        "bad_notation", f"The melody cannot be read: {fault}.", "Write bars as `C4 D4:1.5 R:.5 |`."
    )
