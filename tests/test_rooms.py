"""Imports point one way: read off the code, and proven by importing in clean processes."""

import ast
import graphlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parents[1]
ROOMS = {"music", "training", "inference", "container", "launcher"}

# Which rooms each one may use, tests aside.
MAY_USE = {
    "music": set(),
    "training": {"music"},
    "inference": {"music"},
    "container": {"music", "training", "inference"},
    "launcher": {"music", "training", "inference", "container"},
}

# Slow to import: inside functions only, except where the networks live.
HEAVY = {
    "ai_edge_litert",
    "boto3",
    "keras",
    "matplotlib",
    "music21",
    "pretty_midi",
    "pypianoroll",
    "sagemaker",
    "sklearn",
    "tensorboard",
    "tensorflow",
}
NETWORKS = {"keras", "tensorflow"}

# Modules of `training` that the launcher and the supervising process load.
WITHOUT_NETWORKS = [
    "training.encodings",
    "training.errors",
    "training.hyperparameters",
    "training.hyperparameters_page",
    "training.metric_lines",
    "training.progress",
]


def modules_of(room):
    names = []
    for path in sorted((ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def imported_roots(nodes):
    """The first words of what a piece of code imports."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            yield "a relative import"


def when_imported(tree):
    """The nodes that run when a module is imported: outside functions and type checks."""
    return when_run(tree, but=ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def when_run(tree, but=()):
    """The nodes that run at any time: outside type checks."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, but):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def imported_modules(nodes):
    """The full names that a piece of code imports, and those of what it takes out of them."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def trees(room):
    for path in sorted((ROOT / room).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def loaded_after(code):
    """Runs code in a clean process; returns the names of all modules it has loaded."""
    report = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def import_all(names):
    return "\n".join(f"import {name}" for name in names)


def roots(modules):
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_use_only_what_they_may(room):
    for path, tree in trees(room):
        used = set(imported_roots(ast.walk(tree))) & (ROOMS | {"tests", "a relative import"})
        assert used <= MAY_USE[room] | {room}, path


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_no_module_needs_one_that_needs_it(room):
    names = modules_of(room)
    needs = {
        name: set(imported_modules(when_run(tree))) & set(names) - {name}
        for name, (_, tree) in zip(names, trees(room), strict=True)
    }
    graphlib.TopologicalSorter(needs).prepare()  # a CycleError names the circle


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_slow_libraries_are_imported_where_they_are_needed(room):
    for path, tree in trees(room):
        allowed = NETWORKS if room == "training" else set()
        assert set(imported_roots(when_imported(tree))) & HEAVY <= allowed, path


@pytest.mark.parametrize("room", sorted(ROOMS - {"training"}))
def test_networks_are_named_in_training_only(room):
    for path, tree in trees(room):
        assert not set(imported_roots(ast.walk(tree))) & NETWORKS, path


def test_music_is_alone():
    loaded = roots(loaded_after(import_all(modules_of("music"))))
    assert not loaded & (ROOMS - {"music"})
    assert not loaded & HEAVY


def test_inference_loads_no_networks():
    loaded = roots(loaded_after(import_all(modules_of("inference"))))
    assert not loaded & (ROOMS - {"music", "inference"})
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", WITHOUT_NETWORKS)
def test_the_launchers_part_of_training_is_light(name):
    loaded = roots(loaded_after(import_all([name])))
    assert not loaded & (ROOMS - {"training"})
    assert not loaded & HEAVY


def test_the_container_loads_networks_only_to_train():
    # Every module at once: nothing that any verb starts with brings TensorFlow along.
    loaded = roots(loaded_after(import_all(modules_of("container"))))
    assert not loaded & HEAVY
    assert "launcher" not in loaded


def test_the_server_needs_nothing_of_training():
    loaded = roots(loaded_after(import_all(["container.server", "container.app"])))
    assert not loaded & {"training", "launcher", "tqdm"}


def test_the_supervisor_is_small():
    loaded = roots(
        loaded_after(
            import_all(["container.start", "container.sm_variables", "container.supervisor"])
        )
    )
    assert not loaded & (HEAVY | {"numpy", "pydantic", "music", "training", "inference"})


def test_the_launcher_loads_no_networks():
    loaded = roots(loaded_after(import_all(modules_of("launcher"))))
    assert not loaded & HEAVY


def test_help_is_quick_because_it_loads_little():
    code = """
import runpy, sys
sys.argv = ["launcher", "--help"]
try:
    runpy.run_module("launcher", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code
"""
    loaded = roots(loaded_after(code))
    assert not loaded & (HEAVY | {"music", "numpy", "pydantic", "symusic", "training", "tqdm"})


def test_every_package_is_shipped():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert folders == ROOMS
    found = find_packages(
        ROOT, include=project["tool"]["setuptools"]["packages"]["find"]["include"]
    )
    inside = {
        path.parent.relative_to(ROOT) for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py")
    }
    assert sorted(found) == sorted(".".join(folder.parts) for folder in inside)
