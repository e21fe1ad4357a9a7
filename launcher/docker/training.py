"""A training job by the SDK's local mode, in the folder of the job.

The SDK wants a folder of its own, copies from it at the end, and deletes parts of it. Links in it
lead to the job's own folders, so that what the container writes is there at once.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from launcher.docker.container import ContainerLostError, ShownContainer
from launcher.docker.environment import for_container
from launcher.layout import CHANNEL, phrases_file, read_hyperparameters
from launcher.records import Job

FOLDER = "docker"

_HOST = "algo-1"  # as the SDK calls it
_COPYING_S = 60.0  # for what the SDK does with the results


def train(job: Job, environ: Mapping[str, str], container: ShownContainer) -> int:
    """Runs a job to its end; returns the container's exit code.

    Args:
        job: its folder, its image.
        environ: of this process; a few of its variables go on to the container.
        container: shows it.
    """
    folder = _make_folder(job)
    try:
        return container.run(
            lambda: _train(job, folder, for_container(environ)), patience_s=_COPYING_S
        )
    except ContainerLostError as error:
        (job.folder / "output" / "failure").write_text(str(error), encoding="utf-8")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder(job: Job) -> Path:
    folder = job.folder / FOLDER
    # Docker would make the place of the channel itself, and as root.
    (folder / _HOST / "input" / "data" / CHANNEL).mkdir(parents=True)
    (folder / "model").symlink_to(job.model)
    (folder / _HOST / "output").symlink_to(job.folder / "output")
    return folder


def _train(job: Job, folder: Path, environ: dict[str, str]) -> None:
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData
    from sagemaker.train.model_trainer import Mode

    trainer = ModelTrainer(
        training_mode=Mode.LOCAL_CONTAINER,
        local_container_root=str(folder),
        compute=Compute(instance_type="local_cpu", instance_count=1),
        training_image=job.image,
        base_job_name=job.name,
        hyperparameters=dict(read_hyperparameters(job.folder)),
        environment=environ,
    )
    channel = InputData(channel_name=CHANNEL, data_source=str(phrases_file(job.folder).parent))
    trainer.train(input_data_config=[channel], wait=True)
