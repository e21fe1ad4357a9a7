"""The Docker engine on this machine, asked by its command line."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from launcher.errors import LauncherError

LOCAL = "Or use `--instance local`, which needs none."

_PROJECT_LABEL = "com.docker.compose.project"
_NEVER = "0001-01-01T00:00:00Z"  # when the engine says that a container was started that was not
# As the owner of the folder is seen in the container, whichever way the engine maps users.
_TAKE_OVER = "chown -R --reference=/folder /folder || chmod -R a+rwX /folder"


def check_docker(image: str) -> None:
    """Makes sure that a container of an image can be started, without a download.

    Raises:
        LauncherError: `no_docker`, `no_engine`, `no_compose` or `no_image`, what is missing first.
    """
    if shutil.which("docker") is None:
        raise LauncherError(
            "no_docker",
            "Docker is not installed.",
            f"Install it as https://docs.docker.com/engine/install/ says. {LOCAL}",
        )
    engine = _docker("version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        raise _no_engine(engine.stderr)
    if not _has_compose():
        raise LauncherError(
            "no_compose",
            "Docker Compose is not installed.",
            f"Install it as https://docs.docker.com/compose/install/ says. {LOCAL}",
        )
    if _docker("image", "inspect", "--format", "{{.Id}}", "--", image).returncode:
        raise LauncherError(
            "no_image",
            f"There is no Docker image {image} on this machine.",
            "Build ours with `make image`, or name another with `--image NAME`.",
        )


def project_of(folder: Path) -> str:
    """Returns the name under which Compose keeps the containers of a job or an endpoint."""
    return f"accompanist-{hashlib.sha256(bytes(folder.resolve())).hexdigest()[:16]}"


def find_container(folder: Path) -> str | None:
    """Returns the container of a job or an endpoint, whatever its state; None if there is none."""
    found = _containers(folder)
    return found[0] if found else None


def was_started(container: str) -> bool:
    """Whether a container has run; one whose start failed has not."""
    return _inspect(container, "{{.State.StartedAt}}") not in ("", _NEVER)


def fault_of(container: str) -> str:
    """Returns why a container could not be started, empty if that is not known."""
    return _inspect(container, "{{.State.Error}}")


def wait_for(container: str) -> int | None:
    """Waits for the end of a container; returns its exit code, None if the container is gone."""
    done = _docker("wait", container)
    return int(done.stdout) if done.stdout.strip().isdecimal() else None


def stop_container(container: str, grace_s: int) -> None:
    """Sends SIGTERM, and SIGKILL so many seconds later; returns when the container has ended."""
    _docker("stop", "-t", str(grace_s), container)


def follow_log(container: str) -> "subprocess.Popen[bytes]":
    """Starts to print what a container prints, from its first line on, until it has ended."""
    return _log(container, "--follow")


def read_log(container: str) -> bytes:
    """Returns all that a container has printed."""
    return _log(container).communicate()[0]


def release(folder: Path, image: str) -> None:
    """Ends the containers of a job or an endpoint, and gives the user the files they have left.

    Where the engine runs as root, so do containers, and what they write is root's.
    """
    if shutil.which("docker") is None:
        return  # nor does any container run
    if found := _containers(folder):
        _docker("rm", "--force", "--volumes", *found)
    if _has_strange_files(folder):
        place = f"{folder.resolve()}:/folder"
        words = ("--rm", "--pull", "never", "--network", "none", "--user", "0", "--volume", place)
        _docker("run", *words, "--entrypoint", "sh", image, "-c", _TAKE_OVER)


def _log(container: str, *options: str) -> "subprocess.Popen[bytes]":
    command = ["docker", "logs", *options, container]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def _containers(folder: Path) -> list[str]:
    label = f"label={_PROJECT_LABEL}={project_of(folder)}"
    return _docker("ps", "--all", "--quiet", "--no-trunc", "--filter", label).stdout.split()


def _inspect(container: str, template: str) -> str:
    return _docker("container", "inspect", "--format", template, container).stdout.strip()


def _has_strange_files(folder: Path) -> bool:
    own = os.getuid()
    return any(path.lstat().st_uid != own for path in folder.rglob("*"))


def _has_compose() -> bool:
    """Whether there is one that the SDK takes: the plugin from 2 on, else the program."""
    version = _docker("compose", "version").stdout
    found = re.search(r"version\s+v?(\d+)", version)
    return bool(found and int(found[1]) >= 2) or shutil.which("docker-compose") is not None


def _no_engine(words: str) -> LauncherError:
    if "permission denied" in words.lower():
        cure = "Add yourself to the group docker with `sudo usermod -aG docker $USER`, and log in "
        return LauncherError(
            "no_engine", "You may not use the Docker engine.", f"{cure}again. {LOCAL}"
        )
    return LauncherError(
        "no_engine",
        "The Docker engine does not run.",
        f"Start it, on most systems with `sudo systemctl start docker`. {LOCAL}",
    )


def _docker(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *words],  # noqa: S607 (where docker is, varies)
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
