import dataclasses
import json
import re

import numpy as np
import pytest
from PIL import Image

from music.headline import Factors
from music.manifest import Manifest
from music.quality import Quality
from music.rolls import voices_to_roll
from music.song import Note, Song, Track
from tests.container.chromium import PROGRAM, browsing
from tests.training.conftest import phrases_of
from training.cost import Cost, Meter
from training.hyperparameters import Hyperparameters
from training.report import write_report
from training.report_charts import Chart, Reference, draw
from training.report_curves import music_charts, training_charts
from training.report_samples import evenly, read_samples, split_phrases
from training.report_words import numbers, real_value, verdict
from training.samples import Sampler

ROWS = [
    {"iteration": 1.0, "generator_loss": 3.0},
    {"iteration": 4, "headline": 20.0},
    {"iteration": 5.0, "generator_loss": 2.0, "critic_loss": -1.0},
]
GOOD = Quality(
    **{
        **dict.fromkeys((field.name for field in dataclasses.fields(Quality)), 0.5),
        "form": 1.0,
        "near_copies": 0.00802,
        "c2st_auc": None,
        "ffd8": 4.0008,
        "factors": Factors(0.9, 0.8, 0.95, 0.4, 0.7),
        "phrases": 6,
    }
)


class Copyist:
    """Answers with the accompaniments of the first training phrases, two semitones higher."""

    tonic_normalized = False
    noise_shape = (1,)

    def __init__(self, phrases, *, faults=0):
        train = phrases.part("train")
        self.pitch = train.pitch[:, :, 1:] + np.int8(2)
        self.pitch[:, :faults, 2] = 100
        self.onset = train.onset[:, :, 1:]

    def accompany(self, pitch, *_):
        return voices_to_roll(self.pitch[: len(pitch)], self.onset[: len(pitch)])


def manifest_of(name="walks", **changes):
    return Manifest(
        architecture="voices",
        tracks=("soprano", "alto", "tenor", "bass"),
        programs=(52,) * 4,
        melody_range=(60, 80),
        noise_shape=(1,),
        hyperparameters=Hyperparameters(iterations=8).as_dict(),
        dataset={"name": name, "phrases": {"train": 24, "valid": 6, "test": 0}},
        metrics={"iteration": 8},
        **changes,
    )


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A run's output folder after two samples, the first with 8 wrong cells of 96 a phrase."""
    folder = tmp_path_factory.mktemp("output")
    phrases = phrases_of(30)
    sampler = Sampler(phrases.part("valid"), 0, folder / "samples")
    sampler.sample(Copyist(phrases, faults=8), 4)
    sampler.sample(Copyist(phrases), 8)
    return folder


@pytest.fixture
def output(samples, tmp_path):
    """An output folder with the same samples and nothing else."""
    (tmp_path / "samples").symlink_to(samples / "samples")
    return tmp_path


@pytest.fixture(scope="module")
def report(samples):
    cost = Cost(seconds=90, cpu_seconds=150, cores=2)
    return write_report(samples, manifest_of(), ROWS, GOOD, phrases=phrases_of(30), cost=cost)


def data_of(path):
    found = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text()
    )
    return json.loads(found[0])


def test_the_page_is_one_small_file(report):
    page = report.read_text()
    assert "http" not in page
    assert set(re.findall(r'(?:src|srcset|href)="(.{11})', page)) == {"data:image/"}
    assert "{{" not in page
    assert len(page) < 3_000_000
    assert "15.3" not in page
    assert "3.0 core-minutes" in page  # 90 seconds on 2 cores
    facts = json.loads((report.parent / "report.json").read_text())
    assert facts["cost"]["core_minutes"] == 3.0


def test_the_page_plays_what_the_samples_hold(report):
    data, phrases = data_of(report), phrases_of(30)
    assert [sample["iteration"] for sample in data["samples"]] == [4, 8]
    assert [sample["headline"] for sample in data["samples"]] == [20.0, GOOD.headline]
    answer = data["samples"][1]["phrases"][2]["tracks"]
    train, valid = phrases.part("train"), phrases.part("valid")
    for track in range(4):
        line = np.full(32, -1)
        for start, length, pitch in answer[track]:
            line[start : start + length] = pitch
        # of six validation phrases the samples have 0, 1, 3 and 5
        expected = train.pitch[2, :, track] + 2 if track else valid.pitch[3, :, 0]
        assert line.tolist() == expected.tolist()
        assert [note[0] for note in answer[track]] == np.flatnonzero(
            train.onset[2, :, track] if track else valid.onset[3, :, 0]
        ).tolist()
    assert [item["source"] for item in data["originals"]] == [
        "song-000",
        "song-001",
        "song-003",
        "song-005",
    ]


def test_the_nearest_training_phrase_is_found_and_moved(report):
    first, last = data_of(report)["samples"]
    for number, phrase in enumerate(last["phrases"]):
        assert phrase["near"]["source"] == f"song-{6 + number:03d}"
        assert phrase["near"]["shift"] == 2
        assert phrase["near"]["same"] == 1.0
        assert phrase["near"]["tracks"][1:] == phrase["tracks"][1:]
    assert [phrase["near"]["same"] for phrase in first["phrases"]] == [round(88 / 96, 3)] * 4


def test_a_track_that_is_silent_in_a_sample_stays_empty():
    notes = (Note(0, 480, 60), Note(48 * 120, 48 * 120 + 120, 62))
    song = Song(480, (Track("soprano", 52, notes), Track("bass", 52, notes[1:])))
    names = ("soprano", "alto", "tenor", "bass")
    assert split_phrases(song, 120, 32, names) == [
        [[(0, 4, 60)], [], [], []],
        [[(0, 1, 62)], [], [], [(0, 1, 62)]],
    ]


def test_without_the_data_set_there_is_no_comparison(output):
    data = data_of(write_report(output, manifest_of(), ROWS, None))
    assert data["originals"] == []
    assert {phrase["near"] for sample in data["samples"] for phrase in sample["phrases"]} == {None}


def test_names_cannot_break_the_page(output):
    evil = "</script><script>alert(1)</script>{{data}}"
    manifest = manifest_of(name=evil).model_copy(update={"tracks": (evil, "a", "t", "b")})
    path = write_report(output, manifest, ROWS, GOOD)
    assert "<script>alert" not in path.read_text()
    assert data_of(path)["tracks"][0] == evil


def test_a_stopped_run_gets_its_page_only(output):
    path = write_report(output, manifest_of(), ROWS, None, stopped=True)
    assert "The run was stopped before its end" in path.read_text()
    assert {item.name for item in output.iterdir()} == {"samples", "report.html", "report.json"}


def test_a_run_without_samples_has_a_page(tmp_path):
    page = write_report(tmp_path, manifest_of(), [], None).read_text()
    assert "cannot be measured" in page
    assert "<figure class=" not in page.split("<script")[0]


def test_the_film_shows_every_sample(report):
    durations, pictures = [], []
    with Image.open(report.parent / "evolution.gif") as film:
        assert film.info["loop"] == 0
        for frame in range(film.n_frames):
            film.seek(frame)
            durations.append(film.info["duration"])
            pictures.append(film.convert("RGB").tobytes())
    assert durations == [800, 3000]
    assert pictures[0] != pictures[1]


def test_the_verdict_tells_strength_weakness_and_broken_conditions():
    said = verdict(GOOD, "of ours")
    assert "Its strength is harmony, its weakness voice leading." in said
    assert ">71.9<" in said  # 100 (.9 * .8 * .95 * .4 * .7)^(1/5)
    assert said.count('class="yes"') == 3
    broken = verdict(dataclasses.replace(GOOD, near_copies=0.25, diversity=None), "of ours")
    assert "The score does not count" in broken
    assert "memorisation, diversity" in broken
    assert broken.count('class="no"') == 2
    assert "it was not measured" in broken


def test_the_numbers_are_told_as_musicians_tell_them():
    table = re.sub(r"<[^>]+>", " ", numbers(GOOD))
    told = " ".join(table.split())
    assert "the training music 0.8 % 4 % at most 10 % reached" in told
    assert "in eighths 4 2.0 at most 5 reached" in told
    assert "from -1 to 1 0.5 0.665 0.585 to 0.745 missed" in told
    assert "wide gaps 150 % 5-6 % at most 12 % missed" in told
    assert "guessing - 49 % at most 92 % not measured" in told


def test_real_music_is_the_reference_of_a_curve():
    assert real_value("voice_errors") == pytest.approx(0.055)
    assert real_value("step_rate") == 0.735
    assert real_value("no_such_number") is None


def test_curves_show_every_name_of_the_history():
    rows = [
        *ROWS,
        {"iteration": 4, "overlap": 0.3, "in_scale.alto": 0.9, "in_scale.bass": 0.8, "new": 7.0},
        {"iteration": 4, "polyphony.alto": 0.0},
    ]
    shown = music_charts(rows, {4: 20.0, 8: 50.0}, GOOD, {"in_scale.bass": 0.95, "odd": 1.0})
    found = {chart.title: chart for chart in shown}
    assert found.keys() == {"Headline", "Likeness to the training music", "Notes in the scale"}
    assert list(found["Headline"].lines.values()) == [[(4, 20.0), (8, 50.0)]]
    scale = found["Notes in the scale"]
    assert scale.lines == {"alto": [(4, 0.9)], "bass": [(4, 0.8)]}
    assert scale.references == [Reference(0.95, "training music", "bass")]
    assert 'class="reference line-2"' in draw(scale)  # soprano is 0
    likeness = found["Likeness to the training music"]
    assert likeness.lines == {"overlap": [(4, 0.3), (8, 0.5)]}  # and the last measurement
    assert likeness.references == [Reference(0.929, "real music")]
    updates = {chart.title: chart.lines for chart in training_charts(rows)}
    assert updates == {
        "Losses": {"generator": [(1, 3.0), (5, 2.0)], "critic": [(5, -1.0)]},
        "New": {"new": [(4, 7.0)]},
    }


def test_a_chart_places_points_and_reference():
    chart = Chart("Height", {"a": [(0, 0.0), (50, 5.0), (100, 10.0)]}, "", [Reference(5.0, "real")])
    drawn = draw(chart)
    # 396 by 206 pixels from (52, 220) up
    assert 'd="M52.0 220.0L250.0 117.0L448.0 14.0"' in drawn
    assert 'class="reference" x1="52" x2="448" y1="117.0" y2="117.0"' in drawn
    assert re.findall(r"(?<=>)[\d.]+(?=</text>)", drawn) == [
        *("0", "2.5", "5", "7.5", "10"),
        *("0", "25", "50", "75", "100"),
    ]


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


def test_samples_are_thinned_evenly_and_the_last_stays(samples):
    assert evenly(range(101), 5) == [0, 25, 50, 75, 100]
    assert evenly([1, 2, 3], 1) == [3]
    assert evenly([1, 2], 5) == [1, 2]
    assert [sample.iteration for sample in read_samples(samples / "samples")] == [4, 8]


def test_cost_counts_from_its_making():
    cost = Meter(since_iteration=3).read()
    assert 0 <= cost.seconds < 60
    assert cost.cores >= 1
    assert cost.since_iteration == 3
    assert Cost(30, 0, 4).core_minutes == 2.0


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_a_browser_draws_plays_and_goes_back_in_time(report, tmp_path):
    with browsing(tmp_path) as page:
        page.look(1200, 900)
        page.open(report.as_uri())
        assert page.run("document.querySelectorAll('svg.roll').length") == 12
        assert page.run("document.getElementById('iteration').textContent").startswith(
            "Iteration 8"
        )
        page.run("document.querySelector('.play').click()")
        page.wait_for("document.querySelector('.play').getAttribute('aria-pressed') === 'true'")
        page.wait_for("document.querySelector('.head').style.display === ''")
        page.run("document.querySelector('.play').click()")
        assert page.run("document.querySelector('.head').style.display") == "none"
        before = page.run("document.querySelector('svg.roll').innerHTML")
        page.run("slider.value = 0; slider.dispatchEvent(new Event('input'))")
        assert page.run("document.querySelector('svg.roll').innerHTML") != before
        assert "92 % of the accompaniment" in page.run("document.body.textContent")
        for width in (390, 1200):
            page.look(width, 800, dark=True)
            assert page.run("document.documentElement.scrollWidth") == width
        assert page.complaints == []
