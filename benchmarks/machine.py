"""Says on which machine something was measured, and with which libraries."""

import os
import platform
import resource
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from inference.threads import usable_threads

LIBRARIES = (
    "tensorflow-cpu",
    "tensorflow",
    "keras",
    "numpy",
    "ai-edge-litert",
    "torch",
    "jax",
    "onnxruntime",
    "starlette",
    "uvicorn",
)


def machine() -> str:
    """Names the system, Python and the cores."""
    return f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"


def describe_machine() -> dict[str, str]:
    """Names all that numbers depend on, in words."""
    return {
        "processor": _processor(),
        "cores": f"{usable_threads()} usable of {os.cpu_count()}",
        "memory": _memory(),
        "load before": _load(),
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{name: version for name in LIBRARIES if (version := _version(name))},
    }


def peak_bytes() -> int:
    """The most memory that this process has held."""
    try:  # what `getrusage` says is at least what the parent held when it started this process
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024)


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    with suppress(OSError, subprocess.CalledProcessError):
        named = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(named, check=True, capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    with suppress(ValueError, OSError):
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return "unknown"


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


def _version(name: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return None
