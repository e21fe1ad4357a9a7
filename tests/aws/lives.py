"""A model's whole life on a target, by the command line as users type it."""

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 600  # with a training by its side, on a loaded machine

# A job is interrupted after the first checkpoint. The critic does not join: its graph alone takes
# ten seconds to build.
SETTINGS = {"iterations": "16", "batch_size": "4", "checkpoint_every": "2", "warmup_share": "0.99"}
DATA = "small.npz"
ENDPOINT = "choir"
SEED = 5


@dataclass(frozen=True)
class Target:
    """Where a model lives.

    Attributes:
        train_on: the `--instance` of `train`.
        serve_on: that of `deploy`.
        train_words: further words of `train`.
        serve_words: further words of `deploy`.
    """

    train_on: str
    serve_on: str
    train_words: tuple = ()
    serve_words: tuple = ()


@dataclass(frozen=True)
class Place:
    """Where commands are typed.

    Attributes:
        folder: the working folder, with the data set, `runs`, and the team's file.
        environ: the environment.
        port: a free one.
    """

    folder: Path
    environ: dict
    port: int

    def run(self, command, *words, code=0):
        """Runs a command to its end; returns what it printed, and after that its errors."""
        done = subprocess.run(
            [sys.executable, "-m", f"launcher.{command}", *map(str, words)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def artifact(self, name):
        """The model.tar.gz of a job."""
        return self.folder / "runs" / name / "output" / "model.tar.gz"

    def weights(self, name):
        """The files of a job's model that are its weights, names to contents."""
        with tarfile.open(self.artifact(name)) as archive:
            members = {Path(member.name).name: member for member in archive if member.isfile()}
            return {
                file: archive.extractfile(members[file]).read()
                for file in ("generator.tflite", "generator.weights.h5")
            }

    def log(self, name):
        """The lines of a job's log."""
        return (self.folder / "runs" / name / "log.txt").read_text().splitlines()


@dataclass(frozen=True)
class Life:
    """What one life left behind.

    Attributes:
        trained: what `train` said, from the data set to the end.
        song: what the endpoint made of a melody.
        refusal: what was said of a request that cannot be played.
        replaced: what it made of the melody when another model had taken the place of its own.
        deleted: what `delete` said.
    """

    trained: str
    song: bytes
    refusal: str
    replaced: bytes
    deleted: str


def train(place, name, target, *words):
    """Trains a tiny model and brings it here; returns what was said."""
    settings = [word for item in SETTINGS.items() for word in ("--set", "=".join(item))]
    told = place.run(
        *("train", "--instance", target.train_on, "--data", DATA, "--name", name),
        *(*settings, *target.train_words, *words),
    )
    return told + place.run("fetch", name)


def live(place, name, target, other=None):
    """Trains, deploys, invokes and deletes.

    Args:
        place: where the commands are typed.
        name: of the job.
        target: where it all happens.
        other: a model.tar.gz that takes the place of the job's own; None for that one again.
    """
    trained = train(place, name, target)
    words = ("--instance", target.serve_on, "--endpoint", ENDPOINT, "--port", place.port)
    place.run("deploy", name, *words, *target.serve_words)
    song = invoke(place)
    refusal = place.run("invoke", ENDPOINT, "twinkle", "--melody-track", 7, code=1)
    place.run("deploy", other or place.artifact(name), *words, *target.serve_words)
    replaced = invoke(place)
    deleted = place.run("delete", ENDPOINT)
    return Life(trained, song, refusal, replaced, deleted)


def invoke(place):
    """Returns the song that the endpoint makes of a melody."""
    song = place.folder / "song.mid"
    place.run("invoke", ENDPOINT, "twinkle", "-o", song, "--seed", SEED)
    return song.read_bytes()
