"""Reads what SageMaker says about a job: hyperparameters, channels and hosts.

Only three files are documented; others appear beside them, and keys that nobody documented inside
them. Neither is required, and neither is a fault. What is missing takes its documented default.
Variables that SageMaker's toolkits set for a script beat the files.
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
        resources: all that is said of hosts and instances.
        warnings: sentences about what was missing.
    """

    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Mapping[str, Any]]
    hosts: tuple[str, ...]
    current_host: str
    checkpoints: Path
    resources: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = field(default=())


def read_configuration(paths: TrainingPaths, environ: Mapping[str, str]) -> JobConfiguration:
    """Reads the configuration of the job.

    Args:
        paths: the job's files.
        environ: the environment; SM_HPS stands for hyperparameters.json, SM_HP_NAME beats one
            hyperparameter, SM_HOSTS and SM_CURRENT_HOST beat resourceconfig.json.

    Raises:
        JobError: `bad_configuration` if a file or a variable is there but holds no JSON object.
    """
    folder = paths.configuration
    channels = _read(folder / "inputdataconfig.json")
    resources = _read(folder / "resourceconfig.json")
    checkpoint = _read(folder / "checkpointconfig.json").get("LocalPath")
    current_host = str(environ.get("SM_CURRENT_HOST") or resources.get("current_host") or "algo-1")
    hosts = _hosts(environ) or resources.get("hosts") or [current_host]
    warnings = [] if _has_files(folder) else [f"{folder} holds no configuration: all defaults."]
    return JobConfiguration(
        hyperparameters=_hyperparameters(folder / "hyperparameters.json", environ),
        channels={name: _mapping(value) for name, value in channels.items()},
        hosts=tuple(str(host) for host in hosts),
        current_host=current_host,
        checkpoints=Path(checkpoint) if isinstance(checkpoint, str) else paths.checkpoints,
        resources=resources,
        warnings=tuple(warnings),
    )


def merge(configured: Mapping[str, str], stronger: Mapping[str, str]) -> dict[str, str]:
    """Lets options beat the configuration; `epochs` and `iterations` also beat each other."""
    merged = dict(configured)
    for name, rival in (("epochs", "iterations"), ("iterations", "epochs")):
        if name in stronger:
            merged.pop(rival, None)
    return {**merged, **stronger}


def _hyperparameters(file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    given = environ.get("SM_HPS")
    values = _object(given, "The environment variable SM_HPS") if given else _read(file)
    single = {
        name.removeprefix("SM_HP_").lower(): text
        for name, text in environ.items()
        if name.startswith("SM_HP_") and text
    }
    return merge({name: _text(value) for name, value in values.items()}, single)


def _hosts(environ: Mapping[str, str]) -> list[Any]:
    text = environ.get("SM_HOSTS")
    if not text:
        return []
    found = _parsed(text, "The environment variable SM_HOSTS")
    if not isinstance(found, list):
        raise _unreadable("The environment variable SM_HOSTS", "a JSON list is expected")
    return found


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _read(path: Path) -> Mapping[str, Any]:
    """Reads one JSON object; an absent or empty file is an empty one."""
    try:
        return _object(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise _unreadable(str(path), str(error)) from error


def _object(text: str, source: str) -> Mapping[str, Any]:
    content = _parsed(text, source) if text.strip() else {}
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _unreadable(source, f"a JSON object is expected, not a {type(content).__name__}")
    return content


def _parsed(text: str, source: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(source, str(error)) from error


def _unreadable(source: str, why: str) -> JobError:
    return JobError(
        "bad_configuration",
        f"{source} cannot be read: {why}.",
        'Write a JSON object, for hyperparameters of strings such as {"seed": "1"}.',
    )


def _text(value: object) -> str:
    """Returns a hyperparameter as the string that SageMaker would have sent."""
    return value if isinstance(value, str) else json.dumps(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
