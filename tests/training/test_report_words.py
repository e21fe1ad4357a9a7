import dataclasses
import re

import pytest

from tests.training.conftest import phrases_of
from tests.training.test_report import GOOD
from training import report_yardstick
from training.listening import Listening
from training.report_numbers import numbers
from training.report_words import conditions, listens, verdict
from training.report_yardstick import BACH, OWN, Level, Yardstick


def told(page):
    """The words of some HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture(scope="module")
def walks_yardstick():
    return Yardstick.of(phrases_of(60, valid=24))


def test_the_verdict_tells_strength_weakness_and_broken_conditions():
    bach = Yardstick()
    said = verdict(GOOD, "of ours", bach)
    assert "Its strength is harmony, its weakness voice leading." in said
    assert ">71.9<" in said  # 100 (.9 * .8 * .95 * .4 * .7)^(1/5)
    assert conditions(GOOD, bach).count('class="yes"') == 3
    broken = dataclasses.replace(GOOD, near_copies=0.25, diversity=None)
    assert "The score does not count" in verdict(broken, "of ours", bach)
    assert "memorisation, diversity" in verdict(broken, "of ours", bach)
    assert conditions(broken, bach).count('class="no"') == 2
    assert "it was not measured" in conditions(broken, bach)


def test_the_numbers_are_told_as_musicians_tell_them():
    table = told(numbers(GOOD, Yardstick()))
    assert "Real music is Bach here" in table
    assert "the training music 0.8 % 4 % at most 10 % reached" in table
    assert "in eighths 4 2 at most 5 reached" in table
    assert "from -1 to 1 0.5 0.665 0.585 to 0.745 missed" in table
    assert "wide gaps 150 % 5.5 % at most 12 % missed" in table
    assert "guessing - 49 % at most 92 % not measured" in table


def test_other_music_is_held_against_itself_and_bach_is_named(walks_yardstick):
    # The walks are everything but chorales: nobody may read that real music scores 98.5 there.
    own = walks_yardstick.own.headline
    assert own < 60
    said = told(verdict(GOOD, "of ours", walks_yardstick))
    assert f"The composers' own settings of them score {own:.1f}. The scale is Bach's" in said
    table = told(numbers(GOOD, walks_yardstick))
    chords = f"{100 * walks_yardstick.own.full_chord:.1f}".removesuffix(".0")
    assert f"Beats with a complete chord 50 % {chords} % at least 80 % missed" in table
    assert "two takes of one melody 50 % Bach 62.5 % 30 % to 80 % reached" in table
    assert "guessing - Bach 49 %" in table
    assert walks_yardstick.level("step_rate") == Level(walks_yardstick.own.step_rate, OWN)


def test_of_a_large_data_set_as_many_phrases_are_measured_as_of_the_answers(monkeypatch):
    # Distances between distributions depend on how many phrases there are.
    monkeypatch.setattr(report_yardstick, "MOST_HEARD", 22)
    assert Yardstick.of(phrases_of(60, valid=24)).own.phrases == 22


def test_phrases_that_were_learned_are_no_copies_of_themselves():
    learned = Yardstick.of(phrases_of(30, valid=0))
    assert learned.own.near_copies == 1.0
    assert learned.level("near_copies") == Level(0.04, BACH)
    assert learned.level("overlap") == Level(1.0, OWN)
    assert "training music 0.8 % Bach 4 % at most 10 %" in told(numbers(GOOD, learned))


def test_without_music_of_the_run_bach_is_the_yardstick():
    assert Yardstick().level("voice_errors") == Level(pytest.approx(0.055), BACH)
    assert Yardstick().level("headline") == Level(98.5, BACH)
    assert Yardstick().level("no_such_number") is None


@pytest.mark.parametrize(
    ("melody", "noise", "claim"),
    [
        (
            0.8,
            0.4,
            "The melody decides more than chance does. The melody's part in what changes is "
            "66.7 %, and 59 % in Bach.",
        ),
        (0.2, 0.4, "Chance decides more"),
        (0.0, 0.4, "It does not listen"),
        (0.8, 0.0, "one answer to each"),
    ],
)
def test_it_is_said_whether_the_melody_matters(melody, noise, claim):
    said = told(listens(Listening(melody, noise)))
    assert claim in said
    assert f"between phrases of Bach {100 * melody:.0f} %" in said
