"""The 128 instruments of General MIDI, by number and by name."""

import difflib
import re

from music.errors import MusicError

# The names of the General MIDI Level 1 sound set as the pretty_midi library spells them (a test
# holds the two together); this list spares the server that import.
GENERAL_MIDI: tuple[str, ...] = tuple(
    name.strip()
    for line in """
    Acoustic Grand Piano, Bright Acoustic Piano, Electric Grand Piano, Honky-tonk Piano
    Electric Piano 1, Electric Piano 2, Harpsichord, Clavinet
    Celesta, Glockenspiel, Music Box, Vibraphone, Marimba, Xylophone, Tubular Bells, Dulcimer
    Drawbar Organ, Percussive Organ, Rock Organ, Church Organ
    Reed Organ, Accordion, Harmonica, Tango Accordion
    Acoustic Guitar (nylon), Acoustic Guitar (steel), Electric Guitar (jazz)
    Electric Guitar (clean), Electric Guitar (muted), Overdriven Guitar
    Distortion Guitar, Guitar Harmonics
    Acoustic Bass, Electric Bass (finger), Electric Bass (pick), Fretless Bass
    Slap Bass 1, Slap Bass 2, Synth Bass 1, Synth Bass 2
    Violin, Viola, Cello, Contrabass
    Tremolo Strings, Pizzicato Strings, Orchestral Harp, Timpani
    String Ensemble 1, String Ensemble 2, Synth Strings 1, Synth Strings 2
    Choir Aahs, Voice Oohs, Synth Choir, Orchestra Hit
    Trumpet, Trombone, Tuba, Muted Trumpet, French Horn, Brass Section, Synth Brass 1, Synth Brass 2
    Soprano Sax, Alto Sax, Tenor Sax, Baritone Sax, Oboe, English Horn, Bassoon, Clarinet
    Piccolo, Flute, Recorder, Pan Flute, Blown bottle, Shakuhachi, Whistle, Ocarina
    Lead 1 (square), Lead 2 (sawtooth), Lead 3 (calliope), Lead 4 chiff
    Lead 5 (charang), Lead 6 (voice), Lead 7 (fifths), Lead 8 (bass + lead)
    Pad 1 (new age), Pad 2 (warm), Pad 3 (polysynth), Pad 4 (choir)
    Pad 5 (bowed), Pad 6 (metallic), Pad 7 (halo), Pad 8 (sweep)
    FX 1 (rain), FX 2 (soundtrack), FX 3 (crystal), FX 4 (atmosphere)
    FX 5 (brightness), FX 6 (goblins), FX 7 (echoes), FX 8 (sci-fi)
    Sitar, Banjo, Shamisen, Koto, Kalimba, Bagpipe, Fiddle, Shanai
    Tinkle Bell, Agogo, Steel Drums, Woodblock, Taiko Drum, Melodic Tom, Synth Drum, Reverse Cymbal
    Guitar Fret Noise, Breath Noise, Seashore, Bird Tweet
    Telephone Ring, Helicopter, Applause, Gunshot
    """.strip().splitlines()
    for name in line.split(",")
)

# What people call the instruments that General MIDI numbers or decorates.
_SHORT = {
    "piano": "Acoustic Grand Piano",
    "electric piano": "Electric Piano 1",
    "organ": "Church Organ",
    "guitar": "Acoustic Guitar (nylon)",
    "bass": "Acoustic Bass",
    "harp": "Orchestral Harp",
    "strings": "String Ensemble 1",
    "choir": "Choir Aahs",
    "brass": "Brass Section",
    "horn": "French Horn",
    "sax": "Alto Sax",
}

# The melody's instrument, those of the inner voices from above, and the bass.
ENSEMBLES: dict[str, tuple[str, ...]] = {
    "string quartet": ("Violin", "Violin", "Viola", "Cello"),
    "string orchestra": ("Violin", "String Ensemble 1", "String Ensemble 1", "Contrabass"),
    "church choir": ("Choir Aahs", "Choir Aahs", "Choir Aahs", "Choir Aahs"),
    "full organ": ("Church Organ", "Church Organ", "Church Organ", "Church Organ"),
    "brass quartet": ("Trumpet", "French Horn", "Trombone", "Tuba"),
    "woodwind quartet": ("Flute", "Oboe", "Clarinet", "Bassoon"),
    "saxophone quartet": ("Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax"),
    "recorder consort": ("Recorder", "Recorder", "Recorder", "Recorder"),
    "rock band": (
        "Overdriven Guitar",
        "Electric Guitar (clean)",
        "Rock Organ",
        "Electric Bass (finger)",
    ),
    "jazz band": ("Tenor Sax", "Electric Guitar (jazz)", "Electric Piano 1", "Acoustic Bass"),
    "folk band": ("Fiddle", "Accordion", "Acoustic Guitar (steel)", "Acoustic Bass"),
    "synthesizers": ("Lead 2 (sawtooth)", "Pad 2 (warm)", "Pad 2 (warm)", "Synth Bass 1"),
}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


_PROGRAMS = {_plain(name): program for program, name in enumerate(GENERAL_MIDI)}
_PROGRAMS |= {short: GENERAL_MIDI.index(name) for short, name in _SHORT.items()}


def program_of(instrument: str | int) -> int:
    """Finds the General MIDI program of an instrument.

    Args:
        instrument: a number from 0 to 127, perhaps as text, or a name; capitals and punctuation do
            not matter, and some short names (`piano`, `strings`, `organ`) are known.

    Raises:
        MusicError: `unknown_instrument`, with the names that come nearest.
    """
    text = str(instrument).strip()
    if text.isdecimal() and text.isascii() and len(text) <= 3 and int(text) < 128:
        return int(text)
    program = _PROGRAMS.get(_plain(text))
    if program is None:
        plain = _plain(text[:64])
        if plain in ENSEMBLES:
            raise MusicError(
                "unknown_instrument",
                f"`{text[:64]}` is an ensemble, not one instrument among others.",
                "Name it alone: it has instruments for all tracks.",
            )
        near = difflib.get_close_matches(plain, [*_PROGRAMS, *ENSEMBLES], n=3, cutoff=0.5)
        names = ", ".join(
            f"`{name if name in ENSEMBLES else GENERAL_MIDI[_PROGRAMS[name]]}`" for name in near
        )
        raise MusicError(
            "unknown_instrument",
            f"`{text[:64]}` is no General MIDI instrument.",
            f"Did you mean {names}?" if near else "Use a name such as `Violin` or a number 0-127.",
        )
    return program


def ensemble_of(name: str | int, voices: int) -> list[int] | None:
    """Finds the programs of an ensemble.

    Args:
        name: of the ensemble; capitals and punctuation do not matter.
        voices: how many tracks accompany the melody. Of more than three the inner ones take turns;
            a single one is the bass.

    Returns:
        The programs of the melody and the voices, or None if there is no such ensemble.
    """
    players = ENSEMBLES.get(_plain(str(name)))
    if players is None:
        return None
    melody, *inner, bass = (GENERAL_MIDI.index(player) for player in players)
    return [melody, *(inner[voice % len(inner)] for voice in range(voices - 1)), bass]
