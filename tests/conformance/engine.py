"""Containers by the `docker` command line, under names of our own; each is removed in the end."""

import itertools
import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 600  # of a loaded machine; a training takes half a minute of one core
LOOK_S = 0.05
DOCKER_LOOK_S = 0.3  # between two looks by way of `docker`, which take the processor from others
MEGABYTE = 10**6  # as `docker images` counts
KILLED = 137  # exit code after SIGKILL

_numbers = itertools.count()


def _new_name():
    """A name that nobody else has, also where several threads ask."""
    return f"accompanist-conformance-{os.getpid()}-{next(_numbers)}"


def docker(*words, timeout=60, check=True):
    """Runs `docker` and returns what it printed, its log included.

    Raises:
        AssertionError: if it fails and `check`; with what it said.
    """
    done = subprocess.run(
        ["docker", *map(str, words)],  # noqa: S607
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"`docker {' '.join(map(str, words))}` failed: {done.stdout}")
    return done.stdout


class Container:
    """A container that was started.

    Attributes:
        name: by which the engine knows it.
    """

    def __init__(self, name):
        self.name = name

    @property
    def log(self):
        return docker("logs", self.name)

    @property
    def state(self):
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.name))

    def wait_for(self, condition, look_s=LOOK_S):
        """Waits until a condition is true, while the container runs; returns its value."""
        start = checked = time.monotonic()
        while not (value := condition()):
            now = time.monotonic()
            assert now < start + PATIENCE_S, f"nothing came of it in {PATIENCE_S} s:\n{self.log}"
            if now > checked + DOCKER_LOOK_S:
                assert self.state["Running"], self.log
                checked = now
            time.sleep(look_s)
        return value

    def wait_for_line(self, text):
        """Waits until a line with some text is in the log."""
        self.wait_for(lambda: text in self.log, DOCKER_LOOK_S)

    def wait(self, seconds=PATIENCE_S):
        """Waits for the end; returns the exit code."""
        return int(docker("wait", self.name, timeout=seconds))

    def stop(self, seconds):
        """Stops it as the platform does; returns the exit code and how long that took."""
        start = time.monotonic()
        docker("stop", "-t", seconds, self.name, timeout=seconds + 60)
        return self.state["ExitCode"], time.monotonic() - start

    def signal(self, name):
        docker("kill", "--signal", name, self.name)

    def run(self, *words):
        """Runs a command in it; returns what that printed."""
        return docker("exec", self.name, *words)

    def processes(self):
        """The command lines of its processes; those that nobody reaped are `<defunct>`."""
        return docker("top", self.name, "-eo", "pid,args").splitlines()[1:]

    def first_process(self):
        """The words of process 1."""
        return self.run("cat", "/proc/1/cmdline").rstrip("\0").split("\0")

    def host_port(self, port):
        """The port on 127.0.0.1 behind which one of its ports was published."""
        return int(docker("port", self.name, f"{port}/tcp").split()[0].rpartition(":")[2])


@contextmanager
def running(image, *arguments, options=(), entrypoint=None):
    """Starts a container, and removes it in the end.

    Args:
        image: its name; it is never pulled.
        arguments: in place of the image's own.
        options: of `docker run`.
        entrypoint: one word, in place of the image's own entry point.
    """
    container = Container(_new_name())
    replaced = [f"--entrypoint={entrypoint}"] if entrypoint else []
    options = ["--detach", "--pull=never", f"--name={container.name}", *replaced, *options]
    try:
        docker("run", *options, image, *arguments)
        yield container
    finally:
        docker("rm", "--force", "--volumes", container.name, check=False)


@contextmanager
def network():
    """Makes a network of containers, and removes it in the end."""
    name = _new_name()
    docker("network", "create", name)
    try:
        yield name
    finally:
        docker("network", "rm", name, check=False)


def output_of(image, *words):
    """Runs one command in a fresh container of an image; returns what it printed."""
    first, *others = words
    return docker(
        "run", "--rm", "--pull=never", "--network=none", "--entrypoint", first, image, *others
    )


def describe(image):
    """An image's configuration, size and id, as the engine tells them."""
    return json.loads(docker("image", "inspect", image))[0]


def volume(source, target, *, writable=False):
    """Words that mount a folder of this machine."""
    return f"--volume={Path(source).absolute()}:{target}{'' if writable else ':ro'}"


def let_others_change(image, folder):
    """Lets the user who runs the tests change what a container left as root."""
    if os.getuid():
        docker(
            *("run", "--rm", "--pull=never", "--network=none", "--user=0:0"),
            *(volume(folder, "/left", writable=True), "--entrypoint=chmod", image),
            *("-R", "a+rwX", "/left"),
        )
