"""Endpoints in SageMaker."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.aws.connection import Connection, connect
from launcher.aws.options import AwsOptions
from launcher.errors import LauncherError
from launcher.records import Endpoint


@dataclass(frozen=True)
class SagemakerEndpoints:
    """The endpoints of one account in one region.

    Attributes:
        root: holds the jobs, and in `endpoints` a folder for each endpoint that is known here.
        instance: the type of new ones, such as `ml.m5.large`.
        options: what has been said of AWS.
    """

    root: Path
    instance: str
    options: AwsOptions

    @functools.cached_property
    def connection(self) -> Connection:
        """The way to AWS."""
        return connect(self.options.region, self.options.profile)

    def deploy(
        self, artifact: Path, source: str, name: str, port: int, on_phase: Callable[[str], None]
    ) -> Endpoint:
        """Serves a model, in the place of what the endpoint served before."""
        raise _not_yet()

    def ask(self, endpoint: Endpoint, body: bytes) -> bytes:
        """Sends a JSON request to an endpoint and returns its JSON answer."""
        raise _not_yet()

    def find(self, name: str) -> Endpoint:
        """Returns an endpoint as it is now."""
        raise _not_yet()

    def delete(self, name: str) -> bool:
        """Deletes an endpoint."""
        raise _not_yet()


def _not_yet() -> LauncherError:
    return LauncherError("not_yet", "SageMaker is not built yet.", "Use `--instance local`.")
