"""The commands `deploy` and `invoke`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from launcher.commands import aws_options, command, echo_json, image_option
from launcher.console import next_command, shown_path
from launcher.option_groups import account_options
from launcher.serving_options import serving_options

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.invocation import Answer

_PNG = ".png"


@command("deploy")
@click.argument("model", required=False, metavar="[JOB_OR_MODEL]")
@click.option("--instance", show_default="local", help="Where to serve.")
@click.option("--endpoint", default="accompanist", show_default=True, help="The endpoint's name.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="On 127.0.0.1."
)
@aws_options(image_option, serving_options, account_options)
def deploy_command(
    model: str | None,
    instance: str | None,
    endpoint: str,
    port: int,
    as_json: bool,
    root: str,
    aws: "AwsOptions | None",
) -> None:
    """Serve the model of a job.

    JOB_OR_MODEL is a job or a model.tar.gz; the newest completed job if left out. What the endpoint
    served before is replaced; in AWS it answers until the new model does.
    """
    from launcher.endpoints import deploy

    def say(phase: str) -> None:
        click.echo(phase, err=as_json)

    found = deploy(
        model, instance=instance, endpoint=endpoint, port=port, root=root, aws=aws, on_phase=say
    )
    if as_json:
        echo_json(found.describe())
        return
    place = f"at {found.url}" if found.remote is None else f"in {found.remote.region}"
    click.echo(f"The endpoint {found.name} serves {found.source} {place}")
    words = () if found.remote is None else (found.name,)  # others may run here as well
    play = next_command("invoke", *words, "twinkle", "-o", "song.mid", root=root)
    click.echo(f"Next, play to it: {play}")
    click.echo(f"End it with:      {next_command('delete', found.name, root=root)}")


@command("invoke")
@click.argument("words", nargs=-1, metavar="[ENDPOINT] MELODY")
@click.option(
    "-o",
    "--output",
    default="song.mid",
    show_default=True,
    metavar="FILE",
    help="The song; with several takes song-1.mid and so on.",
)
@click.option("--seed", type=click.IntRange(0), help="Another seed, another song.")
@click.option("--takes", type=click.IntRange(1), help="How many songs.")
@click.option("--temperature", type=float, help="How adventurous; 1 is as trained.")
@click.option(
    "--density", type=click.FloatRange(0, 2), help="How much the voices move; 1 is as trained."
)
@click.option(
    "--octave", type=click.IntRange(-2, 2), help="Move the accompaniment by octaves, up or down."
)
@click.option(
    "--instruments",
    metavar="LIST",
    help="General MIDI names or numbers, with commas, or an ensemble, e.g. string quartet.",
)
@click.option("--melody-track", type=click.IntRange(0), help="Which track is the melody, from 0.")
@click.option(
    "--freeze-tracks",
    metavar="LIST",
    help="Accompanying tracks of the file that stay: names or numbers, e.g. alto,bass.",
)
@click.option(
    "--freeze-bars",
    metavar="BARS",
    help="Bars of its accompaniment that stay, e.g. 1-4,7; the rest is written anew.",
)
@click.option(
    "--picture",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Draw the piano roll, too; beside the song if no .png file is named.",
)
@aws_options()
def invoke_command(
    words: tuple[str, ...],
    output: str,
    seed: int | None,
    takes: int | None,
    temperature: float | None,
    density: float | None,
    octave: int | None,
    instruments: str | None,
    melody_track: int | None,
    freeze_tracks: str | None,
    freeze_bars: str | None,
    picture: str | None,
    as_json: bool,
    root: str,
    aws: "AwsOptions | None",
) -> None:
    """Have a melody accompanied.

    MELODY is a .mid file or a built-in melody, such as twinkle; an unknown name lists them all.
    ENDPOINT may be left out when only one runs.
    """
    from launcher.invocation import invoke

    *endpoint, melody = _split_words(words, picture)
    songs = _numbered(Path(output), takes or 1)
    pictures = None if picture is None else _picture_files(picture, Path(output), takes or 1)
    _check_places([*songs, *(pictures or [])], melody)
    answer = invoke(
        melody,
        endpoint=endpoint[0] if endpoint else None,
        seed=seed,
        takes=takes,
        temperature=temperature,
        instruments=None if instruments is None else _words(instruments),
        melody_track=melody_track,
        density=density,
        octave=octave,
        freeze_tracks=None if freeze_tracks is None else _words(freeze_tracks),
        freeze_bars=freeze_bars,
        root=root,
        aws=aws,
    )
    _write(answer, songs, pictures)
    if as_json:
        echo_json(_describe(answer, songs, pictures))
        return
    for warning in answer.warnings:
        click.echo(f"Note: {warning}", err=True)
    for index, take in enumerate(answer.takes):
        drawn = f", {shown_path(pictures[index])}" if pictures else ""
        click.echo(f"{shown_path(songs[index])} (seed {take.seed}){drawn}")


def _split_words(words: tuple[str, ...], picture: str | None) -> tuple[str, ...]:
    if picture and Path(picture).suffix.lower() != _PNG:
        raise click.UsageError(
            f"--picture took {picture!r}, which is no .png file: put --picture last, or name one."
        )
    if len(words) in (1, 2):
        return words
    if not words:
        raise click.UsageError("MELODY is missing: a .mid file or a built-in melody, e.g. twinkle.")
    raise click.UsageError(f"[ENDPOINT] MELODY are one or two words, not {len(words)}.")


def _words(text: str) -> list[str | int]:
    words = [word.strip() for word in text.split(",")]
    return [int(word) if word.isdecimal() else word for word in words if word]


def _numbered(path: Path, count: int) -> list[Path]:
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]


def _picture_files(picture: str, output: Path, count: int) -> list[Path]:
    return _numbered(Path(picture) if picture else output.with_suffix(_PNG), count)


def _check_places(files: list[Path], melody: str) -> None:
    """Finds out what cannot be written before anything is sent."""
    from launcher.errors import LauncherError

    for file in files:
        if not file.parent.is_dir():
            raise LauncherError(
                "no_folder", f"There is no folder {file.parent}.", "Make it, or choose another."
            )
        if file.is_dir():
            raise LauncherError("no_file", f"{file} is a folder.", "Name a file.")
        if file.exists() and Path(melody).exists() and file.samefile(melody):
            raise LauncherError(
                "same_file", f"{file} is the melody itself.", "Choose another file with -o."
            )


def _write(answer: "Answer", songs: list[Path], pictures: list[Path] | None) -> None:
    from launcher.drafts import write_whole

    for take, song in zip(answer.takes, songs, strict=True):
        write_whole(song, take.midi)
    if pictures is None:
        return
    for take, picture in zip(answer.takes, pictures, strict=True):
        write_whole(picture, _draw(take.midi))


def _draw(midi: bytes) -> bytes:
    from launcher.errors import LauncherError
    from music.midi import read_midi

    try:
        from music.picture import draw_song

        return draw_song(read_midi(midi))
    except ModuleNotFoundError as error:
        raise LauncherError(
            "no_pillow",
            f"The picture cannot be drawn without {error.name}; the song has been written.",
            "Install it with `pip install accompanist[serve]`.",
        ) from error


def _describe(answer: "Answer", songs: list[Path], pictures: list[Path] | None) -> dict[str, Any]:
    takes = [
        {
            "file": str(songs[index]),
            "picture": str(pictures[index]) if pictures else None,
            "seed": take.seed,
            **take.details,
        }
        for index, take in enumerate(answer.takes)
    ]
    return {
        "endpoint": answer.endpoint,
        "takes": takes,
        "warnings": answer.warnings,
        "model": answer.model,
    }
