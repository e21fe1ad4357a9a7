import pretty_midi
import pytest

from music.errors import MusicError
from music.instruments import ENSEMBLES, GENERAL_MIDI, ensemble_of, program_of


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


def test_the_nearest_ensembles_are_told():
    with pytest.raises(MusicError, match="Did you mean `string quartet`"):
        program_of("strings quartet")


@pytest.mark.parametrize(
    ("voices", "programs"), [(1, [40, 42]), (2, [40, 40, 42]), (3, [40, 40, 41, 42])]
)
def test_an_ensemble_has_a_bass_whatever_its_size(voices, programs):
    assert ensemble_of("string quartet", voices) == programs
    assert ensemble_of(" STRING-quartet ", 5) == [40, 40, 41, 40, 41, 42]


def test_ensembles_hide_no_instrument():
    for name, players in ENSEMBLES.items():
        assert ensemble_of(name, 3) == [program_of(player) for player in players]
        with pytest.raises(MusicError, match="is an ensemble"):
            program_of(name)
    assert ensemble_of("strings", 3) is None
    assert ensemble_of(48, 3) is None
