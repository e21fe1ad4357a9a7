"""An endpoint by the SDK's local session, in the folder of the endpoint."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from launcher.docker.container import ContainerLostError, ShownContainer
from launcher.docker.environment import for_container
from launcher.docker.training import FOLDER
from launcher.records import Endpoint


class _LocalPort(int):
    """A port of 127.0.0.1, where the SDK would open it to the network."""

    def __str__(self) -> str:
        return f"127.0.0.1:{int(self)}"


def serve(endpoint: Endpoint, environ: Mapping[str, str], container: ShownContainer) -> int:
    """Serves until the container ends; returns its exit code.

    Args:
        endpoint: its folder, image and port.
        environ: of this process; a few of its variables go on to the container.
        container: shows it.
    """
    folder = endpoint.folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir()
    try:
        return container.run(lambda: _serve(endpoint, folder, for_container(environ)))
    except ContainerLostError as error:
        raise SystemExit(str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(endpoint: Endpoint, folder: Path, environ: dict[str, str]) -> None:
    """Creates model, configuration and endpoint, which live as long as this process."""
    from boto3 import Session
    from sagemaker.core.local.local_session import LocalSession

    session = LocalSession(Session())
    session.config = {
        "local": {
            "local_code": True,
            "container_root": str(folder),
            "serving_port": _LocalPort(endpoint.port),
        }
    }
    client, name = session.sagemaker_client, endpoint.name
    model = (endpoint.folder / "model").as_uri()
    client.create_model(
        name, {"Image": endpoint.image, "ModelDataUrl": model, "Environment": environ}
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "local_cpu",
        "InitialInstanceCount": 1,
    }
    client.create_endpoint_config(name, [variant])
    client.create_endpoint(name, name)
