"""Files of the project that have to agree with one another."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared():
    """All dependencies, those of the extras but `fuzz` included, without the project itself."""
    extras = [texts for name, texts in PROJECT["optional-dependencies"].items() if name != "fuzz"]
    groups = [PROJECT["dependencies"], *extras]
    wanted = {Requirement(text) for group in groups for text in group}
    return sorted((one for one in wanted if one.name != PROJECT["name"]), key=str)


def locked():
    """Every pinned version, by name; a name may have one for each Python or platform."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE):
        pins.setdefault(name, []).append(Version(version))
    return pins


@pytest.mark.parametrize("wanted", declared(), ids=str)
def test_the_lock_file_holds_what_the_project_asks_for(wanted):
    pins = locked()[canonicalize_name(wanted.name)]
    assert all(pin in wanted.specifier for pin in pins), "run `make lock`"


def test_everything_locked_has_hashes():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == sum(len(pins) for pins in locked().values()) > 50
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_changelog_knows_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = changelog.split("\n## ")[1]
    assert PROJECT["version"] in newest


def test_the_readme_shows_files_that_are_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    missing = [name for name in shown if not (ROOT / name).exists()]
    assert shown
    assert missing == []


def test_the_files_to_begin_with_are_there():
    """A renamed one would begin last without a word, and hold up all the others' end."""
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
