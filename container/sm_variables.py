"""The SM_ variables that SageMaker's toolkits set for a training script.

The platform itself sets none of them; a script or a library that was written for the toolkits reads
them all the same. Values are strings or JSON, as the toolkits write them. What is already set stays
and is obeyed: folders by `container.paths`, hyperparameters and hosts by `container.configuration`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from container.configuration import JobConfiguration, merge, read_configuration
from container.errors import JobError
from container.paths import TrainingPaths, channel_variable

RESERVED_PREFIX = "sagemaker_"  # hyperparameters of the toolkits, not of a script
LOG_LEVEL = 20
MASTER_PORT = 7777
# The longest variable, name included, that Linux passes to a program (MAX_ARG_STRLEN).
LIMIT_BYTES = 128 * 1024 - 1


def sm_variables(
    paths: TrainingPaths, options: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Describes a job in the toolkits' words.

    Args:
        paths: the job's files.
        options: hyperparameters of the command line, which beat the configured ones.
        environ: the environment, some of whose SM_ variables may be set.

    Returns:
        The variables that are not set yet. A configuration that cannot be read gives none: the
        trainer reads it again, and says what is wrong.
    """
    try:
        job = read_configuration(paths, environ)
    except (JobError, OSError):
        return {}
    hyperparameters = _Choices(merge(job.hyperparameters, options))
    values = {
        **_folders(paths),
        **_channels(paths, job),
        **_hosts(job),
        **_machine(),
        **hyperparameters.variables(),
    }
    values["SM_TRAINING_ENV"] = _described(values)
    texts = {name: _text(value) for name, value in values.items() if name not in environ}
    return {name: text for name, text in texts.items() if _can_be_set(name, text)}


def _folders(paths: TrainingPaths) -> dict[str, object]:
    return {
        "SM_INPUT_DIR": str(paths.input),
        "SM_INPUT_CONFIG_DIR": str(paths.configuration),
        "SM_INPUT_DATA_DIR": str(paths.channels),
        "SM_MODEL_DIR": str(paths.model),
        "SM_OUTPUT_DIR": str(paths.results),
        "SM_OUTPUT_DATA_DIR": str(paths.output),
        "SM_OUTPUT_FAILURE": str(paths.failure),
        "SM_OUTPUT_INTERMEDIATE_DIR": str(paths.results / "intermediate"),
    }


def _channels(paths: TrainingPaths, job: JobConfiguration) -> dict[str, object]:
    folders = {channel_variable(name): str(paths.channel(name)) for name in job.channels}
    return {
        "SM_CHANNELS": sorted(job.channels),
        "SM_INPUT_DATA_CONFIG": dict(job.channels),
        **folders,
    }


def _hosts(job: JobConfiguration) -> dict[str, object]:
    hosts = sorted(job.hosts)
    resources = job.resources
    found = resources.get("instance_groups")
    groups = [group for group in found or [] if isinstance(group, dict)]
    # The platform and the toolkits' own local mode name it differently.
    current = resources.get("current_group_name") or resources.get("current_instance_group")
    by_name = {str(group.get("instance_group_name")): group for group in groups}
    return {
        "SM_HOSTS": hosts,
        "SM_CURRENT_HOST": job.current_host,
        "SM_HOST_COUNT": len(hosts),
        "SM_CURRENT_HOST_RANK": hosts.index(job.current_host) if job.current_host in hosts else 0,
        "SM_MASTER_ADDR": hosts[0],
        "SM_MASTER_PORT": MASTER_PORT,
        "SM_NETWORK_INTERFACE_NAME": resources.get("network_interface_name") or "eth0",
        "SM_CURRENT_INSTANCE_TYPE": resources.get("current_instance_type"),
        "SM_CURRENT_INSTANCE_GROUP": current,
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": by_name.get(str(current), {}).get("hosts", []),
        "SM_INSTANCE_GROUPS": list(by_name),
        "SM_INSTANCE_GROUPS_DICT": by_name,
        "SM_DISTRIBUTION_INSTANCE_GROUPS": [],
        "SM_DISTRIBUTED_CONFIG": {},
        "SM_IS_HETERO": len(by_name) > 1,
        "SM_RESOURCE_CONFIG": dict(resources),
        "SM_TOPOLOGY": resources.get("topology"),
    }


def _machine() -> dict[str, object]:
    return {
        "SM_NUM_CPUS": _cpus(),
        "SM_NUM_GPUS": len(list(Path("/dev").glob("nvidia[0-9]*"))),
        "SM_NUM_NEURONS": len(list(Path("/dev").glob("neuron[0-9]*"))),
        "SM_LOG_LEVEL": LOG_LEVEL,
    }


def _cpus() -> int:
    """How many processors this process may use; only Linux can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Choices:
    """Hyperparameters, and those of the toolkits among them.

    Args:
        strings: as they arrived, each perhaps encoded as JSON.
    """

    def __init__(self, strings: Mapping[str, str]) -> None:
        values = {name: _decoded(text) for name, text in strings.items()}
        reserved = {name for name in values if name.startswith(RESERVED_PREFIX)}
        self.own = {name: values[name] for name in values if name not in reserved}
        self.reserved = {name: values[name] for name in reserved}

    def variables(self) -> dict[str, object]:
        program = self.reserved.get("sagemaker_program")
        source = self.reserved.get("sagemaker_submit_directory")
        named: dict[str, object] = {}
        for name, value in self.own.items():
            # One toolkit keeps hyphens, another does not.
            named[f"SM_HP_{name.upper()}"] = value
            named[f"SM_HP_{name.upper().replace('-', '_')}"] = value
        return {
            **named,
            "SM_HPS": self.own,
            "SM_USER_ARGS": [word for name in sorted(self.own) for word in self._option(name)],
            "SM_FRAMEWORK_PARAMS": self.reserved,
            "SM_FRAMEWORK_MODULE": None,
            "SM_USER_ENTRY_POINT": program,
            "SM_ENTRY_SCRIPT": program,
            "SM_MODULE_NAME": str(program).removesuffix(".py") if program else None,
            "SM_MODULE_DIR": source,
            "SM_SOURCE_DIR": source,
        }

    def _option(self, name: str) -> tuple[str, str]:
        return (f"--{name}" if len(name) > 1 else f"-{name}", _text(self.own[name]))


def _described(values: Mapping[str, object]) -> dict[str, Any]:
    """All in one, by the toolkits' own names."""
    return {name.removeprefix("SM_").lower(): value for name, value in values.items()}


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _can_be_set(name: str, text: str) -> bool:
    """Whether a program can be started with this variable; a hyperparameter may hold anything."""
    if "=" in name or "\0" in name + text:
        return False
    try:
        return len(os.fsencode(f"{name}={text}")) < LIMIT_BYTES
    except UnicodeEncodeError:  # half a surrogate pair
        return False
