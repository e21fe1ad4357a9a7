"""Writes docs/launcher.md from the commands themselves: `python -m launcher.help_page`."""

from pathlib import Path

import click

from launcher.__main__ import main as group

PAGE = Path(__file__).parents[1] / "docs" / "launcher.md"

_WIDTH = 100
_HEAD = """\
# The command line

Trains an accompanist, serves it, and plays it a melody, on this machine: child processes that see
what they would see on SageMaker, with a folder of their own in the place of `/opt/ml`. No Docker,
no AWS, no network.

```sh
python -m launcher.train                          # follows the job; Ctrl-C stops it, saving first
python -m launcher.status                         # all jobs and endpoints
python -m launcher.train --resume JOB --set iterations=4000
python -m launcher.deploy JOB                     # http://127.0.0.1:8080/
python -m launcher.invoke twinkle -o song.mid
python -m launcher.delete accompanist             # the endpoint's name where none was given
```

`python -m launcher train` and `accompanist train` are the same as `python -m launcher.train`, and
so for the others. A function stands behind each: `from launcher import train, status, stop, deploy,
invoke, delete`.

A job is known by its name, by the beginning of its name, or by its folder; to delete one, the whole
name is needed. The exit code is 0 for success, 1 for a fault, 2 for a command line that cannot be
understood, and 130 after Ctrl-C. With `--json`, faults are JSON as well: `error`, `message` and
`hint`.

## Where things are

| path | what |
|---|---|
| `runs/JOB/job.json` | state of the job, in SageMaker's words |
| `runs/JOB/log.txt` | what it has printed |
| `runs/JOB/input/` | hyperparameters and data, as SageMaker delivers them |
| `runs/JOB/checkpoints/` | what `--resume` goes on from |
| `runs/JOB/model/`, `runs/JOB/output/model.tar.gz` | the model, the same packed |
| `runs/JOB/output/data/`, `runs/JOB/output/output.tar.gz` | report, samples, the same packed |
| `runs/JOB/output/failure` | why it failed |
| `runs/endpoints/NAME/` | an endpoint's `endpoint.json`, `model/` and `log.txt` |

## The commands

This page is written by `make docs`, from the commands themselves.
"""


def render() -> str:
    """Returns the page as Markdown."""
    return _HEAD + "".join(_section(name, command) for name, command in group.commands.items())


def _section(name: str, command: click.Command) -> str:
    program = f"python -m launcher.{name}"
    settings = command.context_settings
    with click.Context(command, info_name=program, terminal_width=_WIDTH, **settings) as context:
        return f"\n### {name}\n\n```text\n{command.get_help(context)}\n```\n"


def main() -> None:
    """Writes the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
