"""The evaluation reproduces the published table of this data set."""

import json

import numpy as np
import pytest

from music.errors import MusicError
from music.evaluation import Evaluator, evaluate, hold_eighths
from tests.music import baselines


@pytest.fixture(scope="module")
def train(chorales):
    return chorales.part("train")


@pytest.fixture(scope="module")
def real(chorales):
    return chorales.part("test")


@pytest.fixture(scope="module")
def evaluator(train):
    return Evaluator(train)


def seeded(seed):
    return np.random.default_rng(seed)


def mean_headline(evaluator, real, accompaniments):
    found = [evaluator.evaluate(real, one[None], quick=True).headline for one in accompaniments]
    return float(np.mean(found))


def test_real_music(evaluator, real):
    found = evaluator.evaluate(real, real.pitch[None, ..., 1:])
    assert found.headline == pytest.approx(98.5, abs=1.0)
    assert found.overlap == pytest.approx(0.929, abs=2 * 0.007)
    assert found.ffd == pytest.approx(2.1, abs=2 * 0.4)
    assert found.ffd8 == pytest.approx(2.0, abs=2 * 0.4)
    assert found.full_chord == pytest.approx(0.889, abs=2 * 0.012)
    assert found.mel_fit == pytest.approx(0.965, abs=2 * 0.007)
    assert found.outer_cons == pytest.approx(0.928, abs=2 * 0.013)
    assert found.diss == pytest.approx(0.077, abs=2 * 0.006)
    assert found.pcs == pytest.approx(0.665, abs=2 * 0.018)
    assert found.mbh == pytest.approx(0.948, abs=2 * 0.0125)
    assert found.tonal_distance == pytest.approx(1.40, abs=0.01)
    assert found.voice_errors == pytest.approx(0.055, abs=0.01)
    assert found.step_rate == pytest.approx(0.735, abs=0.01)
    assert found.odd16 == pytest.approx(0.25, abs=0.03)
    assert found.qualified_notes == pytest.approx(0.97, abs=0.01)
    assert found.note_count == pytest.approx(24.6, abs=0.5)
    assert found.near_copies == pytest.approx(0.04, abs=0.005)
    assert found.nearest_median == pytest.approx(0.45, abs=0.01)
    assert found.c2st_auc == pytest.approx(0.5, abs=0.01)
    assert found.form == 1.0
    assert found.phrases == 373


def test_real_music_of_the_training_set_has_the_published_rates(train, evaluator):
    """Over many chorales the rates leave the spread of single splits behind."""
    found = evaluator.evaluate(train, train.pitch[None, ..., 1:], quick=True)
    assert found.overlap == pytest.approx(1.0)
    assert found.ffd == pytest.approx(0.0, abs=1e-6)
    published = (0.8886, 0.9648, 0.9279, 0.0772, 0.6648, 0.735)
    rates = (
        found.full_chord,
        found.mel_fit,
        found.outer_cons,
        found.diss,
        found.pcs,
        found.step_rate,
    )
    assert rates == pytest.approx(published, abs=0.003)
    assert found.near_copies == 1.0
    assert not found.gates["memorisation"]


def test_key_matched_shuffled_accompaniments(evaluator, real, train):
    shuffles = [baselines.shuffled(real, train, seeded(seed)) for seed in range(8)]
    # one shuffle varies by 3 points
    assert mean_headline(evaluator, real, shuffles) == pytest.approx(27.7, abs=3.0)
    found = evaluator.evaluate(real, shuffles[0][None])
    assert found.c2st_auc == pytest.approx(1.0, abs=0.01)
    assert found.overlap == pytest.approx(0.731, abs=0.02)
    assert found.ffd == pytest.approx(68.2, rel=0.2)
    assert found.diss == pytest.approx(0.317, abs=0.02)
    assert found.pcs == pytest.approx(0.230, abs=0.03)
    assert found.near_copies == pytest.approx(0.82, abs=0.04)


def test_octave_copies(evaluator, real):
    found = evaluator.evaluate(real, baselines.octave_copies(real)[None], quick=True)
    assert found.headline == pytest.approx(9.6, abs=1.0)
    assert found.headline < 15
    assert found.overlap == pytest.approx(0.45, abs=0.01)
    assert (found.full_chord, found.mel_fit, found.outer_cons, found.pcs) == (0.0, 1.0, 1.0, 1.0)
    assert found.parallels == pytest.approx(4.3, abs=0.05)
    assert found.note_count == pytest.approx(21.0, abs=0.05)


def test_a_semitone_off(evaluator, real):
    found = evaluator.evaluate(real, baselines.semitone_off(real)[None], quick=True)
    assert found.headline == pytest.approx(12.7, abs=1.0)
    assert found.overlap == pytest.approx(0.64, abs=0.03)
    assert found.ffd == pytest.approx(167, rel=0.1)
    rates = (found.full_chord, found.mel_fit, found.outer_cons, found.diss, found.pcs)
    assert rates == pytest.approx((0.55, 0.58, 0.39, 0.471, 0.03), abs=0.006)
    assert found.parallels == pytest.approx(0.026, abs=0.001)
    assert found.tonal_distance == pytest.approx(1.88, abs=0.01)


def test_a_drone_and_random_notes(evaluator, real):
    drone = evaluator.evaluate(real, baselines.tonic_drone(real)[None], quick=True)
    # published 3.5; the voicing of its chords is not known
    assert drone.headline < 8
    assert drone.note_count == 3.0
    rates = (drone.full_chord, drone.mel_fit, drone.outer_cons, drone.diss, drone.pcs)
    assert rates == pytest.approx((0.66, 0.66, 0.60, 0.263, 0.34), abs=0.006)
    notes = [baselines.random_in_scale(real, seeded(seed)) for seed in range(3)]
    assert mean_headline(evaluator, real, notes) == pytest.approx(3.0, abs=1.0)
    found = evaluator.evaluate(real, notes[0][None], quick=True)
    assert found.overlap == pytest.approx(0.487, abs=0.015)
    assert found.ffd8 == pytest.approx(168.7, rel=0.1)


def test_wrong_notes_and_retrieval(evaluator, real, train):
    wrong = [baselines.wrong_notes(real, seeded(seed)) for seed in range(4)]
    assert mean_headline(evaluator, real, wrong) == pytest.approx(82.3, abs=2.0)
    found = evaluator.evaluate(real, wrong[0][None])
    assert found.c2st_auc == pytest.approx(0.83, abs=0.02)
    assert found.overlap == pytest.approx(0.86, abs=0.01)
    retrieved = evaluator.evaluate(real, baselines.retrieved(real, train)[None])
    assert retrieved.headline == pytest.approx(85.1, abs=2.0)
    assert retrieved.c2st_auc == pytest.approx(0.81, abs=0.05)
    assert retrieved.near_copies == 1.0
    assert retrieved.gated  # good marks for copying do not count


def test_gates(evaluator, real):
    pitch = real.pitch[..., 1:]
    wrong = np.stack([baselines.wrong_notes(real, seeded(seed), 0.6) for seed in range(2)])
    held = evaluator.evaluate(real, wrong, quick=True)
    assert held.gates == {"form": True, "memorisation": True, "diversity": True}
    assert not held.gated
    one_draw = evaluator.evaluate(real, wrong[:1], quick=True)
    assert one_draw.diversity is None
    assert one_draw.gates["diversity"] is False
    same = evaluator.evaluate(real, np.stack([pitch, pitch]), quick=True)
    assert (same.diversity, same.gates["diversity"]) == (0.0, False)
    resting = wrong.copy()
    resting[:, :, ::32] = -1
    formless = evaluator.evaluate(real, resting, quick=True)
    assert (formless.form, formless.gates["form"]) == (31 / 32, False)
    assert evaluator.evaluate(real, wrong, quick=True, rolls_form=0.16).gates["form"] is False


def test_silence_scores_next_to_nothing(evaluator, real):
    silence = np.full((2, *real.pitch[..., 1:].shape), -1, np.int8)
    found = evaluator.evaluate(real, silence)
    assert found.headline < 4
    assert found.form == 0.0
    assert np.isfinite(found.ffd)


def test_only_the_first_draw_is_scored_and_twice_the_same(evaluator, real, train):
    pitch = real.pitch[..., 1:]
    draws = np.stack([pitch, baselines.semitone_off(real)])
    first = evaluator.evaluate(real, draws, quick=True)
    assert first.headline == evaluator.evaluate(real, pitch[None], quick=True).headline
    assert first.diversity == 1.0
    assert evaluate(real, draws, train, quick=True) == first


def test_the_dict_is_json_and_the_table_names_the_goals(evaluator, real):
    found = evaluator.evaluate(real, real.pitch[None, ..., 1:], quick=True)
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["headline"] == pytest.approx(found.headline)
    assert values["gated"] is True
    assert values["gates"]["diversity"] is False
    assert values["factors"]["likeness"] == found.factors.likeness
    assert values["voice_errors"] == pytest.approx(found.voice_errors)
    assert values["c2st_auc"] is None
    table = found.table()
    assert "HEADLINE 98.4 (gated by diversity)" in table
    assert "full chords                            0.872     .889  >= 0.8  ok" in table
    assert max(map(len, table.splitlines()[:-1])) <= 80


def test_small_data_sets_are_measurable(chorales):
    few = chorales.take(np.flatnonzero(chorales.source == "bwv66.6.mxl"))
    found = evaluate(few, few.pitch[None, ..., 1:], few)
    assert found.c2st_auc is None
    assert found.overlap == pytest.approx(1.0)
    assert found.ffd == pytest.approx(0.0, abs=1e-6)


def test_eighths_are_held_in_the_accompaniment_only():
    pitch = np.arange(16, dtype=np.int8).reshape(1, 4, 4)
    held = hold_eighths(pitch)
    assert held[0, :, 0].tolist() == [0, 4, 8, 12]
    assert held[0, :, 3].tolist() == [3, 3, 11, 11]
    assert pitch[0, 1, 3] == 7


@pytest.mark.parametrize(
    ("shape", "value", "fault"),
    [
        ((373, 32, 3), 60, r"\(draws, 373, 32, 3\); received \(373, 32, 3\)"),
        ((1, 372, 32, 3), 60, "372"),
        ((1, 373, 32, 4), 60, r"received \(1, 373, 32, 4\)"),
        ((0, 373, 32, 3), 60, "at least one draw"),
        ((1, 373, 32, 3), 128, "integers from -1 to 127, not int16 128 to 128"),
        ((1, 373, 32, 3), -2, "-2 to -2"),
        ((1, 373, 32, 3), 60.5, "not float64"),
    ],
)
def test_what_does_not_fit_is_refused(evaluator, real, shape, value, fault):
    kind = np.float64 if isinstance(value, float) else np.int16
    with pytest.raises(MusicError, match=fault):
        evaluator.evaluate(real, np.full(shape, value, kind))
