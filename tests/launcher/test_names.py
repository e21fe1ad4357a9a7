from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.errors import LauncherError
from launcher.names import check_name, generate_name, is_name

NOW = datetime(2026, 11, 21, 1, 36, 22)


@pytest.mark.parametrize(
    ("base", "begin"),
    [
        ("b", "b-20261121-013622-"),
        ("a" * 63, "a" * 42 + "-20261121-013622-"),  # 63 less the 21 of time and suffix
        ("a" * 200, "a" * 42 + "-20261121-013622-"),
        ("a" * 41 + "_b", "a" * 41 + "-20261121-013622-"),  # no hyphen where it was cut
        ("Übung für Chöre.v2", "Ubung-fur-Chore-v2-20261121-013622-"),
        ("вальс", "accompanist-20261121-013622-"),
        ("--", "accompanist-20261121-013622-"),
        ("", "accompanist-20261121-013622-"),
    ],
)
def test_generated_names_keep_what_they_can_of_their_base(base, begin):
    name = generate_name(base, NOW)
    assert name.startswith(begin)
    assert len(name) == len(begin) + 4
    assert is_name(name)


@given(st.text())
def test_any_base_makes_a_good_name(base):
    assert is_name(generate_name(base, NOW))


def test_names_of_one_second_differ():
    assert len({generate_name("bach", NOW) for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["a", "7", "A-b--c9", "x" * 63])
def test_good_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("", "1 to 63 letters.*A good one would be accompanist"),
        ("-a", "would be a\\."),
        ("a-", "would be a\\."),
        ("a_b", "would be a-b\\."),
        ("a\n", "would be a\\."),
        ("chöre", "would be chore\\."),
        ("x" * 64, "has 64 characters.*would be x{63}\\."),
        ("y" * 200, "has 200 characters.*would be y{63}\\."),
        ("../other", "would be other\\."),
        ("endpoints", "is reserved"),
    ],
)
def test_bad_names_come_with_a_good_one(name, match):
    with pytest.raises(LauncherError, match=match):
        check_name(name)
