"""Writes docs/launcher.md from the commands themselves: `python -m launcher.help_page`."""

from pathlib import Path

import click

from launcher.__main__ import main as group

PAGE = Path(__file__).parents[1] / "docs" / "launcher.md"

_WIDTH = 100
_HEAD = """\
# The command line

Trains an accompanist, serves it, and plays it a melody, on this machine: child processes that see
what they would see on SageMaker, with a folder of their own in the place of `/opt/ml`. No Docker
and no AWS is needed, and no network beyond 127.0.0.1, unless you ask for [progress in
S3](hyperparameters.md#progress-in-s3) with `--set progress_s3_uri=s3://...`.

```sh
python -m launcher.train                          # follows the job; Ctrl-C stops it, saving first
python -m launcher.train --data songs             # a folder of MIDI files
python -m launcher.data songs                     # what becomes of each of them, and why
python -m launcher.status                         # all jobs and endpoints
python -m launcher.train --resume JOB --set iterations=4000
python -m launcher.check JOB                      # serves it for a trial, or says what is broken
python -m launcher.deploy JOB                     # http://127.0.0.1:8080/
python -m launcher.invoke twinkle -o song.mid
python -m launcher.delete accompanist             # the endpoint's name where none was given
```

`python -m launcher train` and `accompanist train` are the same as `python -m launcher.train`, and
so for the others. A function of the same name stands behind each: `from launcher import train`.
`--instance ml.c5.4xlarge` and the like are [in AWS](aws.md), where `tune`, `batch`, `sweep`,
`setup` and `prices` belong, too.

A job is known by its name, by the beginning of its name, or by its folder; to delete one, the whole
name is needed. The exit code is 0 for success, 1 for a fault, 2 for a command line that cannot be
understood, and 130 after Ctrl-C. With `--json`, faults are JSON as well: `error`, `message` and
`hint`.

## In containers

With `--instance local-docker`, the [images](sagemaker.md#the-images) train and serve on this
machine, started by the SageMaker SDK's local mode. That needs a Docker engine and Docker Compose.

```sh
make image
python -m launcher.train --instance local-docker
python -m launcher.deploy JOB --instance local-docker      # wherever the job was trained
```

All other commands are the same, and find by themselves where a job or an endpoint is. `--image`
names another image than `accompanist:latest` to train, and `accompanist:serve` to serve. Nothing is
pulled, AWS is not asked, and the containers get no credentials. The files belong to you, although
the engine may run as root, and an endpoint is open to this machine only. A job in a container
cannot be resumed: the SDK gives it no place for checkpoints.

## Your own music

Training learns *phrases*: 32 sixteenths that begin and end at a bar line, two bars of 4/4 (or four
of 2/4), one from every bar on. A folder of `.mid` and `.midi` files, of type 0 or 1, with any
division and any tempo map, becomes such a data set:

- The folders directly in it are *tags*; `--tag` takes only their files.
- The first track that is no drums is the melody, the next three accompany; `--melody` and
  `--accompany` take others by index or name. All files need as many tracks as most have.
- Four tracks of one line each train the architecture `voices`. Tracks with chords, another number
  of tracks, or an accompaniment that rests for more than a fifth of the time train `unet`, which
  `--set architecture=unet` also chooses for lines. Where no more than a tenth of the phrases have
  chords, these are left out. The melody is always a line, the one on top of its track.
- Bars of other lengths than 4/4 and its halves and doubles make no phrase. Nor do phrases with
  notes between the sixteenths; a file with many of them (triplets, swing, or a performance without
  a click) is refused.
- A *pickup* needs rests before it, or a time signature of its own, as in `1/4` before `4/4`. A file
  without either would be learned with the wrong accents. Where its long notes and its end clearly
  tell of one, it is refused: `--pickup 1` then puts a first bar of one beat before all files, but
  those that tell of their own or clearly have none, and `--pickup 0` believes all bar lines. Of 54
  chorales with a hidden pickup 48 are noticed, and none of 76 that are right is refused; a pickup
  of half a bar is not noticed. The remarks name each file that was read with a pickup.
- Music in 3/4 whose file says 4/4 or nothing is refused where its long notes clearly tell: 26 of 36
  chorales in 3/4, and none of 322 in 4/4. `--pickup 0` believes these files, too.
- A set may have 20 phrases, of which the report says what they are worth, or 100,000: a large one
  stays in files while it is built and trained on. 100,000 phrases with chords are built in 94 MiB
  of memory, 1,000 in 50; `python -m benchmarks.data_sets` measures it. Training alters a quarter of
  the phrases of MIDI files while it hears them: one bar in half time, or, for `voices`, up to three
  semitones away. `--set augmentation=0` leaves them alone.
- A song is in one split only, and so are songs that share a phrase or a melody in any key. The same
  music twice is used once. About 80 % of the phrases are learned, 10 % validate, 10 % test.

`launcher.data` tells all this of each file, with what could be read of the refused ones: as a
table, as JSON, and as a page to read. `launcher.train` takes the same options.

![A report: how many files and phrases there are, why files were refused, and a row for each with
bars, key, tracks and remarks](images/data-report.png)

## Before a model is served

`check` takes a model.tar.gz of any origin, a model folder or a job, and says in a sentence each
what is wrong, as much as it finds at once. First it looks through the files, and runs nothing:

- The archive holds regular files only, each once, none that leads out of its folder; it is whole,
  and unpacks to 10,000 files and 8 GiB at most, and to a hundred times its size if beyond 64 MiB.
- `manifest.json` lies at the root, has the schema version of this program, and the sha256 of each
  file is the one that it tells. A file that it does not name is noted.
- Nothing is a pickle, by its name or its content, nor an .npy or zip file with one inside.

Then it starts the server of the image on a free port of 127.0.0.1, and ends it at any rate. It
measures the cold start, latency and memory, asks for [every type of answer to every type of
request](http.md), and compares: the melody comes back note for note, the same seed gives the same
bytes, and `/ping` is answered within 2 s while the model works. It takes three seconds on two
cores. With `--json` come all figures, in bytes and seconds.

| verdict | meaning |
|---|---|
| ok | as it should be |
| note | worth knowing; the exit code is 0 nevertheless |
| fault | the exit code is 1 |

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
| `runs/data/NAME/` | a data set that `data` made: `phrases.npz`, `data.json`, `data.html` |
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
