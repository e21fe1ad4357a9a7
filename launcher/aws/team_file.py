"""Writes what `launcher.setup` has made to `accompanist.toml`, beside what a team has set there.

The lines that are written end in a mark and are written anew each time. All other lines, comments
among them, stay as they are; where one of them sets the same key, it counts.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.drafts import write_whole
from launcher.errors import LauncherError

TABLE = "aws"
MARK = "# launcher.setup"

_NEW = (
    "# What the launcher takes for granted here; docs/aws.md lists what can be set.\n"
    f"# Lines that end in `{MARK}` are written by that command.\n\n"
)
_HEADER = re.compile(r"\s*\[")
_OUR_HEADER = re.compile(r"\s*\[\s*aws\s*\]\s*(#.*)?")


@dataclass(frozen=True)
class TeamFile:
    """What became of the file.

    Attributes:
        path: of it.
        kept: the values of keys that the team has set otherwise, and that were left alone.
    """

    path: Path
    kept: Mapping[str, Any] = field(default_factory=dict)


def write_team_file(path: Path, values: Mapping[str, str]) -> TeamFile:
    """Writes values to the table `[aws]`, whole or not at all.

    Raises:
        LauncherError: `bad_configuration` if the file is no TOML, or is written in a way that
            cannot be added to.
    """
    try:
        old = path.read_bytes().decode("utf-8")
        content = tomllib.loads(old)
    except FileNotFoundError:
        old, content = _NEW, {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unwritable(path, values, f"cannot be read: {error}") from error
    lines = [line for line in old.splitlines() if not line.rstrip().endswith(MARK)]
    kept = _team_values(lines, values)
    ours = {key: value for key, value in values.items() if key not in kept}
    text = "\n".join(_insert(lines, ours)) + "\n"
    _check(path, values, text, content, ours)
    write_whole(path, text.encode("utf-8"))
    return TeamFile(path, {key: value for key, value in kept.items() if value != values[key]})


def _team_values(lines: list[str], values: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the lines that are not ours say of the same keys."""
    try:
        table = tomllib.loads("\n".join(lines)).get(TABLE, {})
    except tomllib.TOMLDecodeError:
        return {}
    return {key: table[key] for key in values if isinstance(table, dict) and key in table}


def _insert(lines: list[str], ours: Mapping[str, str]) -> list[str]:
    """Puts our lines to the head of the table, which is made at the end if there is none."""
    written = [f"{key} = {json.dumps(value)}  {MARK}" for key, value in ours.items()]
    for place, line in enumerate(lines):
        if _OUR_HEADER.fullmatch(line):
            return [*lines[: place + 1], *written, *lines[place + 1 :]]
    gap = [""] if lines and lines[-1].strip() else []
    return [*lines, *gap, f"[{TABLE}]", *written]


def _check(
    path: Path,
    values: Mapping[str, str],
    text: str,
    before: Mapping[str, Any],
    ours: Mapping[str, str],
) -> None:
    """Raises unless the new text says what the old one did, and our values."""
    wanted = {**before, TABLE: {**before.get(TABLE, {}), **ours}}
    try:
        if tomllib.loads(text) == wanted:
            return
    except tomllib.TOMLDecodeError:
        pass
    raise _unwritable(path, values, "is written in a way that cannot be added to")


def _unwritable(path: Path, values: Mapping[str, str], fault: str) -> LauncherError:
    lines = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
    return LauncherError(
        "bad_configuration",
        f"{path} {fault}.",
        f"Nothing in it was changed; write this to its table [{TABLE}]: {lines}.",
    )
