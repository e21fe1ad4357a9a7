import dataclasses
import json
import re
import shutil
import subprocess

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
from training.listening import Listening
from training.report import write_report
from training.report_samples import evenly, read_samples, split_phrases
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
        metrics={"iteration": 8, "best_iteration": 4},
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
    assert "://" not in page
    assert set(re.findall(r'(?:src|srcset|href|action|poster)\s*=\s*"?(.{11})', page)) == {
        "data:image/"
    }
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|<link|<iframe", page)
    assert "{{" not in page
    assert len(page) < 3_000_000
    assert "15.3" not in page
    assert "3.0 core-minutes" in page  # 90 seconds on 2 cores
    facts = json.loads((report.parent / "report.json").read_text())
    assert facts["cost"]["core_minutes"] == 3.0


def test_the_page_plays_what_the_samples_hold(report):
    data, phrases = data_of(report), phrases_of(30)
    assert [sample["iteration"] for sample in data["samples"]] == [4, 8]
    assert [sample["title"] for sample in data["samples"]] == [
        "Iteration 4 · headline 20.0 · exported",
        "Iteration 8",
    ]
    assert data["exported"] == 4
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


def test_the_exported_iteration_is_said_and_marked(report):
    page = report.read_text()
    assert "8 iterations, number 4 exported" in page
    assert "The upright line is iteration 4, whose generator was exported." in page
    # 4 of 8 iterations, on an axis of 380 pixels from 66 on
    assert page.count('class="mark" x1="256.0" x2="256.0"') == page.count('<figure class="chart"')


def test_listening_and_warnings_are_told_on_the_page_and_to_programs(output):
    heard = Listening(melody=0.75, noise=0.25)
    path = write_report(
        output, manifest_of(), ROWS, GOOD, listening=heard, warnings=["every <b> is the same"]
    )
    page = path.read_text()
    assert "melody's part in what changes is 75\u00a0%" in page
    assert "<li>Every &lt;b&gt; is the same.</li>" in page
    facts = json.loads((output / "report.json").read_text())
    assert facts["listening"] == {"melody": 0.75, "noise": 0.25, "score": 0.75}
    assert facts["warnings"] == ["every <b> is the same"]


def test_music_that_has_no_measure_can_still_be_heard_and_warned_of(output):
    page = write_report(
        output, manifest_of(), [], None, listening=Listening(0.0, 0.0), warnings=["Collapse."]
    ).read_text()
    assert "cannot be measured" in page
    assert "It does not listen" in page
    assert "<li>Collapse.</li>" in page
    assert "chorales score" not in page


def test_a_stopped_run_gets_its_page_only(output):
    path = write_report(output, manifest_of(), ROWS, None, phrases=phrases_of(30), stopped=True)
    page = path.read_text()
    assert "The run was stopped before its end" in page
    assert "On the way the exported generator scored 20.0 of 100, conditions aside. Listen" in page
    assert "real music" in page  # the curves have their references
    assert {item.name for item in output.iterdir()} == {"samples", "report.html", "report.json"}


def test_a_run_stopped_at_once_has_a_page(tmp_path):
    manifest = manifest_of().model_copy(update={"metrics": {"iteration": 0, "best_iteration": 0}})
    page = write_report(tmp_path, manifest, [], None, phrases=phrases_of(30), stopped=True)
    said = page.read_text().split("<script")[0]
    assert "not measured in full.</p>" in said
    assert "0 iterations" in said
    assert "<figure class=" not in said


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


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the mp4 is made where ffmpeg is")
def test_where_there_is_an_encoder_the_film_is_an_mp4_too(report):
    probe, film = shutil.which("ffprobe"), report.parent / "evolution.mp4"
    asked = "-loglevel error -show_entries stream=width,height:format=duration -of csv=p=0"
    told = subprocess.run([probe, *asked.split(), film], capture_output=True, check=True).stdout
    assert told.split() == [b"960,400", b"4.000000"]  # .8 seconds, and the last one for 3.2


def test_an_encoder_that_fails_leaves_the_gif(output, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    write_report(output, manifest_of(), ROWS, None)
    left = {item.name for item in output.iterdir()}
    assert "evolution.gif" in left
    assert not [name for name in left if name.endswith(".mp4")]


def test_samples_are_thinned_evenly_and_the_exported_and_the_last_stay(samples):
    assert evenly(range(101), 5, 100) == [0, 25, 50, 75, 100]
    assert evenly(range(101), 5, 60) == [0, 25, 60, 75, 100]
    assert evenly(range(101), 5, 99) == [0, 25, 50, 99, 100]
    assert evenly(range(101), 5, 777) == [0, 25, 50, 75, 100]
    assert evenly([1, 2], 5, 2) == [1, 2]
    assert [sample.iteration for sample in read_samples(samples / "samples", 8)] == [4, 8]


def test_cost_counts_from_its_making():
    cost = Meter(since_iteration=3).read()
    assert 0 <= cost.seconds < 60
    assert cost.cores >= 1
    assert cost.since_iteration == 3
    assert Cost(30, 0, 4).core_minutes == 2.0


# The highest peak of what the player sends to the loudspeaker within half a second.
LOUDEST = """new Promise((resolve) => {
  const ear = player.context.createAnalyser(), wave = new Float32Array(ear.fftSize);
  player.bus.connect(ear);
  let peak = 0;
  const timer = setInterval(() => {
    ear.getFloatTimeDomainData(wave);
    peak = Math.max(peak, ...wave.map(Math.abs));
  }, 20);
  setTimeout(() => { clearInterval(timer); resolve(peak); }, 500);
})"""


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_a_browser_draws_plays_and_goes_back_in_time(report, tmp_path):
    with browsing(tmp_path) as page:
        page.look(1200, 900)
        page.open(report.as_uri())
        assert page.run("document.querySelectorAll('svg.roll').length") == 12
        assert page.run("document.getElementById('iteration').textContent").endswith("exported")
        assert "92 % of the accompaniment" in page.run("document.body.textContent")
        notes = "[...document.querySelectorAll('svg.roll g')].map((g) => g.innerHTML).join()"
        before = page.run(notes)
        page.run("document.querySelector('.play').click()")
        page.wait_for("document.querySelector('.play').getAttribute('aria-pressed') === 'true'")
        page.wait_for("Number(document.querySelector('.head').getAttribute('x1')) > 40")
        assert 0.1 < page.run(LOUDEST) < 1.0  # it sounds, and nothing is cut off
        page.run("document.querySelector('.play').click()")
        assert page.run("document.querySelector('.head').style.display") == "none"
        page.run("slider.value = 1; slider.dispatchEvent(new Event('input'))")
        assert page.run(notes) != before
        page.run("document.getElementById('jump').click()")
        assert page.run(notes) == before
        for width in (390, 1200):
            page.look(width, 800, dark=True)
            assert page.run("document.documentElement.scrollWidth") == width
        loaded = "performance.getEntriesByType('resource').filter((x) => !/^data:/.test(x.name))"
        assert page.run(f"{loaded}.length") == 0
        assert page.complaints == []


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_the_page_is_played_from_the_keyboard(report, tmp_path):
    with browsing(tmp_path) as page:
        page.look(1200, 900)
        page.open(report.as_uri())
        press(page, "Tab", "Tab")  # the slider, the first voice
        press(page, " ")
        assert page.run("muted.has(0)")
        press(page, "Tab", "Tab", "Tab", "Tab", " ")
        page.wait_for("Boolean(player.take)")
        assert page.run("document.activeElement.getAttribute('aria-label')").startswith(
            "Play: The network's answer"
        )
        press(page, " ")
        assert page.run("player.take") is None
        assert page.complaints == []


def press(page, *keys):
    for key in keys:
        text = {"text": key} if key == " " else {}
        code = {"Tab": 9, " ": 32}[key]
        for kind in ("keyDown", "keyUp"):
            page.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
                **(text if kind == "keyDown" else {}),
            )
