"""What is told of growth is what was measured, on sets of the kind that they are called."""

import pytest

from benchmarks import growth
from benchmarks.growth import Size, phrase_set
from benchmarks.sides import Effort


@pytest.mark.parametrize(("chords", "architecture"), [(False, "voices"), (True, "unet")])
def test_the_sets_are_what_they_are_called(chords, architecture):
    phrases = phrase_set(20, 48, chords=chords)
    assert phrases.shape == (20, 48, 4)
    assert phrases.architecture == architecture


def efforts_of(cost):
    """Three rounds of efforts that grow with batch and steps as `cost` says."""
    sizes = [Size(4, 32), Size(16, 32), Size(4, 16), Size(4, 64)]
    return {"unet": {size: [Effort(9.0, cost(*size), 1.0)] * 3 for size in sizes}}


def test_growth_is_told_for_twice_the_size_at_the_largest():
    numbers = list(growth._iteration_numbers(efforts_of(lambda batch, steps: batch * steps**2)))
    assert [number.value for number in numbers] == pytest.approx([2.0, 4.0])
    assert [number.holds for number in numbers] == [True, False]
    assert "batch (from 4 to 16)" in numbers[0].name
    assert "phrase (from 32 to 64)" in numbers[1].name


def test_the_limit_of_memory_is_one(tmp_path, monkeypatch):
    """Batches come with less than libraries and phrases take together, not with hardly any."""
    file = tmp_path / "phrases.npz"
    growth._write_set(file, 40_000, chords=True)
    assert file.stat().st_size > (growth.DATA_MIB - 50) * 2**20
    assert growth._reads_limited(file)
    monkeypatch.setattr(growth, "DATA_MIB", 16)
    assert not growth._reads_limited(file)
