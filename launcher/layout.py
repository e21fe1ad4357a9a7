"""A job's folder as SageMaker lays out /opt/ml before it starts a container."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHANNEL = "train"
PHRASES = "phrases.npz"


def hyperparameters_file(folder: Path) -> Path:
    """Where the hyperparameters of a job stand, strings to strings."""
    return folder / "input" / "config" / "hyperparameters.json"


def phrases_file(folder: Path) -> Path:
    """Where the data set of a job lies."""
    return folder / "input" / "data" / CHANNEL / PHRASES


def lay_out(folder: Path, instance: str, hyperparameters: Mapping[str, str]) -> None:
    """Makes the folders and the configuration of a job; the data set is left to the caller."""
    for path in (phrases_file(folder).parent, hyperparameters_file(folder).parent):
        path.mkdir(parents=True)
    for name in ("model", "output/data", "checkpoints"):
        (folder / name).mkdir(parents=True)
    configuration = hyperparameters_file(folder).parent
    write_json(configuration / "hyperparameters.json", hyperparameters)
    write_json(configuration / "inputdataconfig.json", input_data_config())
    write_json(configuration / "resourceconfig.json", resource_config(instance))


def input_data_config() -> dict[str, Any]:
    """What SageMaker says of a channel in File mode."""
    channel = {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    return {CHANNEL: channel}


def resource_config(instance: str) -> dict[str, Any]:
    """What SageMaker says of a job on one host, as found in the logs of real jobs."""
    group = "homogeneousCluster"
    return {
        "current_group_name": group,
        "current_host": "algo-1",
        "current_instance_type": instance,
        "hosts": ["algo-1"],
        "instance_groups": [
            {"hosts": ["algo-1"], "instance_group_name": group, "instance_type": instance}
        ],
        "network_interface_name": "eth0",
        "topology": None,
    }


def read_hyperparameters(folder: Path) -> dict[str, str]:
    """Returns the hyperparameters that a job was started with."""
    return dict(json.loads(hyperparameters_file(folder).read_text(encoding="utf-8")))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes one JSON object."""
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
