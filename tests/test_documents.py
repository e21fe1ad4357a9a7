"""What the pages tell users to type."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from benchmarks.page import render_page
from benchmarks.readme import END, START, render_block
from launcher.__main__ import main

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(python -m launcher[^`]*)`")


def commands(page):
    """The words after `python -m launcher` of each command on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [
        line for block in FENCE.findall(text) for line in block.replace("\\\n", "").split("\n")
    ]
    for line in [*lines, *INLINE.findall(text)]:
        words = shlex.split(line, comments=True)
        if words[:2] == ["python", "-m"] and words[2:] and words[2].startswith("launcher"):
            command = words[2].removeprefix("launcher").removeprefix(".")
            yield [*([command] if command else []), *words[3:]]


DOCUMENTED = [(page, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize(("page", "words"), DOCUMENTED, ids=lambda value: str(value)[:60])
def test_the_command_line_knows_what_the_pages_say(page, words):
    """A renamed option or command must be renamed on the pages, too."""
    if not words:
        return
    command = main.commands.get(words[0])
    assert command is not None, f"{page} speaks of `{words[0]}`, which is no command"
    if len(words) == 1:
        return  # a mention: what it needs stands elsewhere
    try:
        command.make_context(words[0], words[1:])
    except click.exceptions.Exit:
        pass  # --help
    except click.UsageError as error:
        pytest.fail(f"{page}: {shlex.join(words)}: {error.format_message()}")


def test_pages_are_found_and_so_are_their_commands():
    assert {"README.md", "docs/launcher.md", "docs/aws.md"} <= {page for page, _ in DOCUMENTED}


def test_the_numbers_on_the_pages_are_those_of_the_benchmarks():
    results = json.loads((ROOT / "benchmarks/RESULTS.json").read_text(encoding="utf-8"))
    _, _, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition(START)
    assert rest.partition(END)[0] == render_block(results)
    assert (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8") == render_page(results)
    assert not results["quick"]
