"""`python -m launcher.docker train|serve`: what the image does, done by the SDK with the image.

The folder that SAGEMAKER_BASE_DIR names holds the record of the job or the endpoint.
"""

import os
import signal
import sys
from collections.abc import MutableMapping
from pathlib import Path

from launcher.docker.container import ShownContainer
from launcher.docker.environment import of_project

_TRAINING_GRACE_S = 120  # what SageMaker gives
_SERVING_GRACE_S = 30


def main(verb: str, environ: MutableMapping[str, str]) -> int:
    """Trains or serves until the container has ended; returns its exit code."""
    from launcher.records import Endpoint, Job

    folder = Path(environ["SAGEMAKER_BASE_DIR"])
    environ.update(of_project(folder))
    environ.pop("PYTHONPATH", None)  # of this process: Compose may be a program in Python, too
    if verb == "train":
        from launcher.docker.training import train

        container = ShownContainer(folder, _TRAINING_GRACE_S)
        container.listen()
        return train(Job.read(folder), environ, container)
    from launcher.docker.serving import serve

    container = ShownContainer(folder, _SERVING_GRACE_S)
    container.listen()
    return serve(Endpoint.read(folder), environ, container)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    sys.exit(main(sys.argv[1], os.environ))
