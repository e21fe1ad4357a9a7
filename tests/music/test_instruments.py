import pretty_midi
import pytest

from music.errors import MusicError
from music.instruments import GENERAL_MIDI, program_of


def test_names_are_those_of_pretty_midi():
    assert list(GENERAL_MIDI) == pretty_midi.INSTRUMENT_MAP


@pytest.mark.parametrize(
    ("instrument", "program"),
    [
        ("Violin", 40),
        ("viola", 41),
        ("  church ORGAN ", 19),
        ("lead 8 bass lead", 87),
        ("Acoustic Guitar (nylon)", 24),
        ("strings", 48),
        ("0", 0),
        ("127", 127),
        (13, 13),
    ],
)
def test_programs(instrument, program):
    assert program_of(instrument) == program


@pytest.mark.parametrize("instrument", ["128", 128, -1, "", "1.0", "kazoo", "٣", "0" * 5000])
def test_what_is_no_instrument(instrument):
    with pytest.raises(MusicError, match="is no General MIDI instrument") as caught:
        program_of(instrument)
    assert caught.value.code == "unknown_instrument"
    assert len(str(caught.value)) < 300


def test_the_nearest_names_are_told():
    with pytest.raises(MusicError, match="Did you mean `Violin`"):
        program_of("vilin")
