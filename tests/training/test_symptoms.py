import pytest

from training.symptoms import find_symptoms

HEALTHY = {
    "iteration": 250.0,
    "empty_bars.alto": 0.0,
    "empty_bars.bass": 0.1,
    "pitches_used.alto": 6.0,
    "pitches_used.bass": 8.0,
    "listening_melody": 0.8,
    "listening_noise": 0.35,
    "headline": 70.0,
}
LOSSES = {"iteration": 260.0, "critic_loss": 0.1}


def evaluations(*headlines):
    return [
        {**HEALTHY, "iteration": 100.0 * (1 + number), "headline": headline}
        for number, headline in enumerate(headlines)
    ]


def test_a_healthy_run_has_none():
    assert find_symptoms([HEALTHY, LOSSES]) == []
    assert find_symptoms([LOSSES]) == []
    assert find_symptoms([]) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"empty_bars.bass": 1.0}, "`bass` is silent to every melody"),
        ({"empty_bars.alto": 1.0, "empty_bars.bass": 0.99}, "`alto`, `bass` are silent"),
        ({"pitches_used.alto": 126.0}, "`alto` is sounding nearly every pitch"),
        ({"listening_melody": 0.0}, "every melody gets the same answer"),
        ({"listening_noise": 0.0}, "every noise gives the same answer"),
    ],
)
def test_a_collapse_is_named(change, said):
    [symptom] = find_symptoms([HEALTHY, {**HEALTHY, **change}, LOSSES])
    assert said in symptom


def test_silence_is_not_said_three_times():
    silent = {"empty_bars.alto": 1.0, "listening_melody": 0.0, "listening_noise": 0.0}
    assert len(find_symptoms([{**HEALTHY, **silent}])) == 1


def test_a_collapse_that_is_over_is_no_symptom():
    assert find_symptoms([{**HEALTHY, "listening_noise": 0.0}, HEALTHY]) == []


def test_a_plateau_is_nine_evaluations_within_three_points():
    level = [60.0, 80.0, 79.0, 82.0, 78.0, 81.0, 82.5, 80.5, 82.0]
    assert find_symptoms(evaluations(*level)) == []
    [symptom] = find_symptoms(evaluations(*level, 81.0))
    assert "since iteration 200 the headline has not risen by 3 points" in symptom
    assert find_symptoms(evaluations(*level, 83.5)) == []  # a rise, after all


def test_a_slow_rise_is_no_plateau():
    assert find_symptoms(evaluations(*[50.0 + 0.5 * n for n in range(20)])) == []
