import math

import pytest

from inference.options import Options, choose_programs
from music.errors import MusicError

PROGRAMS = (0, 10, 11, 12)


@pytest.mark.parametrize(
    ("instruments", "melody", "others"),
    [
        (None, None, [10, 11, 12]),
        (["violin"], None, [40, 40, 40]),
        (["violin", "viola", "cello"], None, [40, 41, 42]),
        (["flute", "violin", 41, "42"], 73, [40, 41, 42]),
        (["String Quartet"], 40, [40, 41, 42]),
        (["rock-band"], 29, [27, 18, 33]),
        (["organ"], None, [19, 19, 19]),
    ],
)
def test_instruments(instruments, melody, others):
    assert choose_programs(instruments, PROGRAMS) == (melody, others)


def test_one_instrument_is_for_the_accompaniment_of_a_duet():
    assert choose_programs(["violin"], (0, 1)) == (None, [40])


@pytest.mark.parametrize("instruments", [[], ["violin"] * 2, ["violin"] * 5])
def test_numbers_of_instruments_that_fit_nothing(instruments):
    with pytest.raises(MusicError, match=f"{len(instruments)} instruments do not fit") as caught:
        choose_programs(instruments, PROGRAMS)
    assert "3 for each of them, or 4 with the melody first" in caught.value.hint


def test_an_ensemble_is_no_instrument_among_others():
    with pytest.raises(MusicError, match="`Rock Band` is an ensemble") as caught:
        choose_programs(["violin", "Rock Band", "cello"], PROGRAMS)
    assert "Name it alone" in caught.value.hint


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_bounds(seed):
    with pytest.raises(MusicError, match="A seed is a whole number from 0 to 4294967295"):
        Options(seed=seed)


@pytest.mark.parametrize("temperature", [-0.1, 2.1, math.nan, math.inf])
def test_temperatures_out_of_bounds(temperature):
    with pytest.raises(MusicError, match="The temperature is a number from 0 to 2"):
        Options(temperature=temperature)


@pytest.mark.parametrize("density", [-0.1, 2.1, math.nan, math.inf])
def test_densities_out_of_bounds(density):
    with pytest.raises(MusicError, match="The density is a number from 0 to 2"):
        Options(density=density)


@pytest.mark.parametrize("octave", [-3, 3])
def test_octaves_out_of_bounds(octave):
    with pytest.raises(MusicError, match="The octave is a whole number from -2 to 2"):
        Options(octave=octave)


def test_bounds_are_allowed():
    assert Options(seed=2**32 - 1, temperature=2).temperature == 2
