"""Reads what SageMaker says about a job: hyperparameters, channels and hosts.

Only three files are documented; others appear beside them, and keys that nobody documented inside
them. Neither is required, and neither is a fault. What is missing takes its documented default.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from container.errors import JobError
from container.paths import TrainingPaths


@dataclass(frozen=True)
class JobConfiguration:
    """What a training job was told.

    Attributes:
        hyperparameters: strings to strings, not yet checked.
        channels: what is said of each channel, e.g. `TrainingInputMode`, by its name.
        hosts: the names of all hosts, this one included.
        current_host: the name of this host.
        checkpoints: the folder of the checkpoints.
        warnings: sentences about what was missing.
    """

    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Mapping[str, Any]]
    hosts: tuple[str, ...]
    current_host: str
    checkpoints: Path
    warnings: tuple[str, ...] = field(default=())


def read_configuration(paths: TrainingPaths) -> JobConfiguration:
    """Reads the configuration of the job.

    Raises:
        JobError: `bad_configuration` if a file is there but holds no JSON object.
    """
    folder = paths.configuration
    hyperparameters = _read(folder / "hyperparameters.json")
    channels = _read(folder / "inputdataconfig.json")
    resources = _read(folder / "resourceconfig.json")
    checkpoint = _read(folder / "checkpointconfig.json").get("LocalPath")
    current_host = str(resources.get("current_host") or "algo-1")
    warnings = [] if _has_files(folder) else [f"{folder} holds no configuration: all defaults."]
    return JobConfiguration(
        hyperparameters={name: _text(value) for name, value in hyperparameters.items()},
        channels={name: _mapping(value) for name, value in channels.items()},
        hosts=tuple(str(host) for host in resources.get("hosts") or [current_host]),
        current_host=current_host,
        checkpoints=Path(checkpoint) if isinstance(checkpoint, str) else paths.checkpoints,
        warnings=tuple(warnings),
    )


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _read(path: Path) -> Mapping[str, Any]:
    """Reads one JSON object; an absent or empty file is an empty one."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _unreadable(path, f"a JSON object is expected, not a {type(content).__name__}")
    return content


def _unreadable(path: Path, why: str) -> JobError:
    return JobError(
        "bad_configuration",
        f"{path} cannot be read: {why}.",
        'Write a JSON object, for hyperparameters of strings such as {"seed": "1"}.',
    )


def _text(value: object) -> str:
    """Returns a hyperparameter as the string that SageMaker would have sent."""
    return value if isinstance(value, str) else json.dumps(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
