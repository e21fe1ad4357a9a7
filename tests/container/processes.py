"""Runs `python -m container` as a process, with the stand-in's networks or with the real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from container.paths import TrainingPaths

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).parent / "stand_in"
SCRATCH = Path("/tmp")  # noqa: S108 (each test mounts its own)
ASIDE = "/media"  # an empty folder wherever there are mounts
STRANGER = 12345  # a user that no system knows

as_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0,
    reason="Only root may become another user or mount a file system.",
)


def plain_environment():
    """What a container has: nothing of SageMaker, of AWS or of the user who runs the tests."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def run(base, *arguments, wrap=(), quick=True, timeout=120, environ=None, **options):
    """Runs to the end.

    Args:
        base: the base folder of the job.
        arguments: of the container.
        wrap: words before the command.
        quick: whether the stand-in's networks take the place of the real ones.
        timeout: seconds.
        environ: more variables.
        options: of `subprocess.run`.
    """
    variables = {**plain_environment(), "SAGEMAKER_BASE_DIR": str(base), **(environ or {})}
    if quick:
        variables["PYTHONPATH"] = str(STAND_IN)
    return subprocess.run(
        [*wrap, sys.executable, "-m", "container", *arguments],
        env=variables,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        **options,
    )


def start(verb, environ, log, module="container"):
    """Starts the real container, in a session of its own.

    Args:
        verb: `train` or `serve`.
        environ: all its variables.
        log: the file to which its output is added.
        module: takes the container's place.
    """
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, verb],
            env=environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # a kill reaches its children, and Ctrl-C is for us alone
        )


def failure_of(base):
    path = TrainingPaths(base).failure
    return path.read_text(encoding="utf-8") if path.exists() else None


def why_no_namespace(flags=("--mount", "--net")):
    """Says why a command cannot have namespaces of its own; None if it can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "There is no `unshare` here."
    done = subprocess.run([unshare, *flags, "true"], capture_output=True, text=True, check=False)
    return f"Namespaces are not allowed: {done.stderr.strip()}" if done.returncode else None


def in_namespace(*mounts, flags=("--mount", "--net")):
    """Words that run a command in namespaces of its own, after some mounts, or skip the test.

    Args:
        mounts: shell commands.
        flags: the namespaces; by default the command has no network.
    """
    if reason := why_no_namespace(flags):
        pytest.skip(reason)
    return ["unshare", *flags, "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh"]


def as_strict_as_can_be(base, *, closed=False, flags=("--mount", "--net")):
    """Words that run a command without network, as a stranger, with nothing to write but /tmp.

    The job's folder becomes /mnt, so that base folder is to be named.

    Args:
        base: the job's folder.
        closed: whether that is read-only, too.
        flags: the namespaces; without `--net` the command has the network that all have.
    """
    base.chmod(0o777)
    for path in base.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return [
        *in_namespace(
            f"mount --bind '{base}' /mnt",
            *_uncover(Path(sys.base_prefix), Path(sys.prefix), ROOT),
            "mount -o remount,bind,ro /",
            *(["mount -o remount,bind,ro /mnt"] if closed else []),
            flags=flags,
        ),
        *("setpriv", f"--reuid={STRANGER}", "--regid=0", "--clear-groups"),
    ]


def _uncover(*needed):
    """Mounts that empty /tmp, after which a stranger reaches these folders.

    They may lie in /tmp themselves, or in someone's home, which a stranger must not enter.
    """
    kept, covered = {}, {SCRATCH}
    for folder in sorted(needed):
        closed = [parent for parent in folder.parents if not parent.stat().st_mode & 0o001]
        if closed or SCRATCH in folder.parents:
            kept[folder] = f"{ASIDE}/kept{len(kept)}"
            covered.add(closed[-1] if closed else SCRATCH)
    yield f"mount -t tmpfs tmpfs {ASIDE}"
    for folder, place in kept.items():
        yield f"mkdir {place} && mount --bind '{folder}' {place}"
    for folder in covered:
        mode = 1777 if folder == SCRATCH else 755
        yield f"mount -t tmpfs -o mode={mode} tmpfs '{folder}'"
    for folder, place in kept.items():
        yield f"mkdir -p '{folder}' && mount --move {place} '{folder}'"
