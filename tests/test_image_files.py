"""Files that make the images: what can be known of them without an engine."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_project import PROJECT, ROOT

ROOMS = {"container", "inference", "music", "training"}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXTRAS = {"serve": ["serve"], "train-cpu": ["serve", "train"], "train-gpu": ["serve", "train"]}
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.13"}


def pins(name):
    """The entries of a lock file: names to versions and their hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    found = {}
    for entry in entries:
        package, version = re.match(r"([a-z0-9.-]+)==(\S+)", entry).groups()
        found.setdefault(package, {})[version] = frozenset(re.findall(r"--hash=(\S+)", entry))
    return found


@pytest.mark.parametrize("name", EXTRAS)
def test_an_image_holds_what_its_rooms_ask_for_as_the_tests_had_it(name):
    image = pins(f"container/{name}.lock")
    texts = [text for extra in EXTRAS[name] for text in PROJECT["optional-dependencies"][extra]]
    wanted = [Requirement(text) for text in [*PROJECT["dependencies"], *texts]]
    names = {canonicalize_name(w.name) for w in wanted if not w.marker or w.marker.evaluate(LINUX)}
    if name == "train-gpu":
        names = names - {"tensorflow-cpu"} | {"tensorflow", "nvidia-cudnn-cu12"}
    assert names <= image.keys()
    tested = pins("requirements.lock")
    differing = [
        package
        for package, versions in image.items()
        if not package.startswith("nvidia-")  # which no test needs
        and not versions.items() <= tested.get(package, {}).items()
    ]
    assert differing == [], "run `make lock`"


def test_the_image_that_only_serves_has_no_tensorflow():
    assert {"tensorflow", "tensorflow-cpu", "keras", "boto3"}.isdisjoint(
        pins("container/serve.lock")
    )


def test_programs_are_started_without_a_shell():
    starts = re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", DOCKERFILE, re.MULTILINE)
    assert [json.loads(start) for start in starts] == [
        ["/opt/venv/bin/python", "-P", "-m", "container"],
        ["serve"],
        ["train"],
    ]


def test_the_image_knows_the_version():
    versions = re.findall(r"^ARG VERSION=(.*)$", DOCKERFILE, re.MULTILINE)
    assert set(versions) == {PROJECT["version"]}


def test_a_build_is_given_the_packages_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    first, *rest = [line for line in lines if not line.startswith("#")]
    assert first == "*"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)["tool"]["setuptools"]["package-data"]
    files = [f"{package}/{name}" for package in ROOMS for name in ["*.py", *data.get(package, [])]]
    assert set(rest) == {f"!{name}" for name in [*files, "container/*.lock", "container/bin/*"]}
    modules = [path for package in ROOMS for path in (ROOT / package).rglob("*.py")]
    assert [path for path in modules if path.parent.parent != ROOT] == []


@pytest.mark.parametrize("verb", ["train", "serve"])
def test_a_verb_can_be_started_as_a_program(verb):
    program = Path(ROOT, "container", "bin", verb)
    assert os.access(program, os.X_OK)
    assert program.read_bytes().startswith(b"#!/bin/sh\n")


def test_git_keeps_line_ends_that_linux_can_run():
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert rules[0] == "* text=auto eol=lf"
    assert not [rule for rule in rules if "crlf" in rule]
