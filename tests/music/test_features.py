import numpy as np
import pytest

from music.errors import MusicError
from music.features import HISTOGRAMS, SCALARS, measure
from tests.music.voices import beats


def test_there_are_69_numbers(chorales):
    found = measure(chorales.pitch[:50], chorales.tonic[:50])
    assert found.scalars.shape == (50, len(SCALARS)) == (50, 18)
    assert found.vectors.shape == (50, 69)
    assert set(found.histograms) == set(HISTOGRAMS)
    assert np.isfinite(found.vectors).all()
    for histogram in found.histograms.values():
        assert histogram.sum(axis=1) == pytest.approx(1.0)


def test_a_phrase_by_hand():
    found = measure(beats((72, 67, 64, 48), (74, 67, 65, 43), (72, 67, 64, 48)), np.array([0]))
    values = dict(zip(SCALARS, found.scalars[0], strict=True))
    assert values["full_chord"] == 1.0  # C, G7 without its third, C
    assert values["mel_fit"] == 1.0
    assert values["outer_cons"] == 1.0
    assert values["diss"] == 0.0  # D over F is a sixth, over G a fifth
    assert values["notes"] == 1 + 3 + 3
    assert values["step_rate"] == 0.5  # tenor by semitones, bass by fourths
    assert values["move"] == 3.0
    assert values["range"] == (0 + 1 + 5) / 3
    assert values["pitches"] == (1 + 2 + 2) / 3
    assert values["pitch_classes"] == 4
    assert values["qualified_notes"] == 1.0
    assert values["inter_onset"] == 4.0
    assert values["spacing"] == values["crossing"] == values["parallels"] == 0.0
    assert not found.odd16.any()


def test_transposing_the_phrase_with_its_key_changes_nothing(chorales):
    pitch, tonic = chorales.pitch[:20], chorales.tonic[:20]
    moved = measure(pitch + np.int8(5), (tonic + 5) % 12)
    here = measure(pitch, tonic)
    assert moved.vectors == pytest.approx(here.vectors)
    other_key = measure(pitch, (tonic + 5) % 12)
    assert not np.allclose(other_key.vectors, here.vectors)
    for name in HISTOGRAMS:
        assert moved.histograms[name] == pytest.approx(here.histograms[name])


def test_phrases_do_not_mix(chorales):
    pitch, tonic = chorales.pitch[:10], chorales.tonic[:10]
    together = measure(pitch, tonic).vectors
    alone = [measure(pitch[i : i + 1], tonic[i : i + 1]).vectors[0] for i in range(10)]
    assert together == pytest.approx(np.stack(alone))


@pytest.mark.parametrize("value", [-1, 0, 127])
def test_the_worst_outputs_are_measurable(value):
    pitch = np.full((3, 32, 4), value, np.int8)
    pitch[..., 0] = 60
    found = measure(pitch, np.zeros(3, np.int8))
    assert np.isfinite(found.vectors).all()
    assert found.mean("notes") == (0 if value < 0 else 3)


def test_other_shapes_are_refused():
    with pytest.raises(MusicError, match=r"received \(2, 30, 4\)"):
        measure(np.zeros((2, 30, 4), np.int8), np.zeros(2, np.int8))
    with pytest.raises(MusicError, match="at least one voice"):
        measure(np.zeros((2, 32, 1), np.int8), np.zeros(2, np.int8))
