import re

import numpy as np
import pytest

from tests.training.test_report import GOOD, ROWS
from training.report_charts import Chart, Reference, draw
from training.report_curves import music_charts, never_heard, track_charts, training_charts
from training.report_yardstick import Yardstick


def test_curves_show_every_name_of_the_history():
    rows = [
        *ROWS,
        {"iteration": 4, "overlap": 0.3, "in_scale.alto": 0.9, "in_scale.bass": 0.8, "new": 7.0},
        {"iteration": 4, "polyphony.alto": 0.0, "listening_melody": 0.75, "ffd": 3.0},
    ]
    found = {chart.title: chart for chart in music_charts(rows, {4: 20.0, 8: 50.0}, Yardstick())}
    assert found.keys() == {
        *("Headline", "What changes in its answers"),
        *("Likeness to training music", "Distance from it"),
    }
    assert list(found["Headline"].lines.values()) == [[(4, 20.0), (8, 50.0)]]
    likeness = found["Likeness to training music"]
    assert list(likeness.lines.values()) == [[(4, 30.0)]]
    assert likeness.references == [Reference(pytest.approx(92.9), "Bach")]
    assert list(found["Distance from it"].lines.values()) == [[(4, 3.0)]]
    listening = found["What changes in its answers"]
    assert listening.lines["with another melody"] == [(4, 75.0)]
    assert [level.value for level in listening.references] == [90.0, 62.5]
    updates = {chart.title: chart.lines for chart in training_charts(rows)}
    assert updates == {
        "Losses": {"generator": [(1, 3.0), (5, 2.0)], "critic": [(5, -1.0)]},
        "New": {"new": [(4, 7.0)]},
    }


def test_each_track_has_its_line_and_its_reference():
    rows = [
        {"iteration": 4, "in_scale.alto": 0.9, "in_scale.bass": 0.8},
        {"iteration": 4, "polyphony.alto": 0.0, "empty_bars.alto": 0.0},
    ]
    training = {"in_scale.bass": 0.95, "odd": 1.0, "empty_bars.alto": 0.25}
    scale, empty = track_charts(rows, training)
    assert scale.lines == {"alto": [(4, 90.0)], "bass": [(4, 80.0)]}
    assert scale.references == [Reference(95.0, "training music", "bass")]
    assert 'class="reference line-2"' in draw(scale)  # soprano is 0
    assert empty.references == [Reference(25.0, "training music", "alto")]
    assert never_heard(rows, training) == ["Time with two notes or more"]


def test_the_run_s_own_music_is_the_reference_of_its_curves():
    (_, likeness) = music_charts([{"iteration": 1, "overlap": 0.3}], {1: 2.0}, Yardstick(GOOD))
    assert likeness.references == [Reference(50.0, "real music")]


def test_a_chart_places_points_reference_and_mark():
    chart = Chart("Height", {"a": [(0, 0.0), (50, 5.0), (100, 10.0)]}, "", [Reference(5.0, "real")])
    drawn = draw(chart, 75)
    # 380 by 206 pixels from (66, 220) up
    assert 'd="M66.0 220.0L256.0 117.0L446.0 14.0"' in drawn
    assert 'class="reference" x1="66" x2="446" y1="117.0" y2="117.0"' in drawn
    assert 'class="mark" x1="351.0" x2="351.0" y1="14" y2="220"' in drawn
    assert 'x1="161.0" x2="161.0"' in draw(chart, 50, 200)  # as far as its neighbours
    assert "mark" not in draw(chart)
    assert re.findall(r"(?<=>)[\d.]+(?=</text>)", drawn) == [
        *("0", "2.5", "5", "7.5", "10"),
        *("0", "25", "50", "75", "100"),
    ]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((100.0, 100.0), ["85", "90", "95", "100 %"]),
        ((0.0, 3.0), ["0", "1", "2", "3 %"]),
        ((90.0, 130.0), ["90", "100", "110", "120", "130 %"]),
    ],
)
def test_shares_keep_to_their_range(values, labels):
    drawn = draw(Chart("Share", {"a": list(enumerate(values))}, unit="%"))
    assert re.findall(r'text-anchor="end">([^<]+)<', drawn)[: len(labels)] == labels


@pytest.mark.parametrize(
    "points", [[(1, 2.0)], [(1, 0.0), (2, 0.0)], [(1, 1e-9), (2, -3e7)], [(1, 5.0), (2, np.nan)]]
)
def test_a_chart_bears_any_points(points):
    drawn = draw(Chart("Odd", {"a": points}))
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert drawn.count("<circle") == sum(np.isfinite(y) for _, y in points)


def test_a_chart_of_nothing_is_nothing():
    assert draw(Chart("None", {"a": [(1, float("nan"))]})) == ""
