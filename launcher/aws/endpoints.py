"""Endpoints in SageMaker, with a record here of each that was deployed from here."""

import contextlib
import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launcher.aws import autoscaling
from launcher.aws.asking import ask_later, ask_now
from launcher.aws.connection import Connection, connect
from launcher.aws.deployment import (
    BUSY,
    busy,
    check_ours,
    check_place,
    create_model,
    finish,
    follow,
    scaling_held,
    submit,
)
from launcher.aws.endpoint_states import found_endpoint, seen_endpoint, submitted_endpoint
from launcher.aws.hosted import (
    delete_endpoint,
    describe_config,
    describe_endpoint,
    discard,
    discard_others,
)
from launcher.aws.hosting import (
    ASYNCHRONOUS,
    SERVERLESS,
    Hosting,
    plan_hosting,
)
from launcher.aws.hosting_limits import hosting_faults
from launcher.aws.limits import require
from launcher.aws.models import model_data
from launcher.aws.options import AwsOptions
from launcher.aws.prices import hosting_costs
from launcher.aws.readiness import SERVING, require_ready
from launcher.drafts import exclusive
from launcher.errors import LauncherError
from launcher.examination import examine
from launcher.folders import exact_folder, find_folder, remove_folder
from launcher.names import is_name
from launcher.processes import interrupts_held
from launcher.records import ENDPOINT_FILE, Endpoint

FOLDER = "endpoints"

_ANY_NAME = "accompanist"
_ENDS = {"endpoint_failed": "Failed", "update_failed": "InService"}  # by the code of the fault


@dataclass(frozen=True)
class SagemakerEndpoints:
    """The endpoints of one account in one region.

    Attributes:
        jobs_root: holds the jobs, and in `endpoints` a folder for each endpoint that is known here.
        instance: the type of new ones, such as `ml.m5.large`.
        options: what has been said of AWS.
        container: the command that plays the image, for the trial of a model; none if empty.
    """

    jobs_root: Path
    instance: str
    options: AwsOptions
    container: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """Holds a folder for each endpoint that is known here."""
        return self.jobs_root / FOLDER

    @functools.cached_property
    def connection(self) -> Connection:
        """The way to AWS."""
        return connect(self.options.region, self.options.profile)

    def deploy(
        self, artifact: Path, source: str, name: str, port: int, on_phase: Callable[[str], None]
    ) -> Endpoint:
        """Serves a model, in the place of what the endpoint served before.

        Raises:
            LauncherError: `beyond_limits`, `broken_model`, `not_ours`, `endpoint_busy`,
                `other_kind`; `endpoint_failed` or `update_failed` with the reason and the end of
                the log; or what `told` says of AWS.
            KeyboardInterrupt: after Ctrl-C; what SageMaker was asked for goes on.
        """
        del port  # of 127.0.0.1
        hosting = plan_hosting(name, self.instance, self.options, source)
        _check_model(artifact, source, self.container, on_phase)
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(folder):
                self._check_region(folder)
                return self._bring(hosting, artifact, folder, on_phase)
        finally:
            with contextlib.suppress(OSError):  # full, unless it could not even be asked for
                folder.rmdir()

    def check(self) -> None:
        """Makes sure that all is there that an endpoint needs, and nothing said against itself.

        Raises:
            LauncherError: `beyond_limits` or `not_set_up`.
        """
        require(hosting_faults(_ANY_NAME, self.instance, self.options))
        require_ready(self.options, SERVING, "Serving")

    def ask(self, endpoint: Endpoint, body: bytes) -> bytes:
        """Sends a JSON request to an endpoint and returns its JSON answer."""
        remote = endpoint.remote
        kind = remote.kind if remote else None
        if remote is not None and kind == ASYNCHRONOUS and remote.output:
            return ask_later(self.connection, endpoint.name, remote.output, body)
        return ask_now(self.connection, endpoint.name, body, serverless=kind == SERVERLESS)

    def find(self, name: str) -> Endpoint:
        """Returns an endpoint as it is now, also one that has no record here."""
        try:
            record = Endpoint.read(find_folder(name, self.root, ENDPOINT_FILE, "endpoint"))
        except LauncherError as error:
            if error.code != "no_such_endpoint" or not is_name(name):
                raise
            return self._find_elsewhere(name, error)
        if record.remote is None:  # of this machine
            return self._find_elsewhere(record.name, no_such_endpoint(record.name))
        found = describe_endpoint(self.connection, record.name)
        if found is None:
            return replace(record, status="Deleted", failure_reason="It is no longer in AWS.")
        return seen_endpoint(self.connection, record, found).save()

    def _find_elsewhere(self, name: str, fault: LauncherError) -> Endpoint:
        found = describe_endpoint(self.connection, name)
        if found is None:
            raise fault
        return found_endpoint(self.connection, self.root / name, found)

    def delete(self, name: str) -> bool:
        """Deletes endpoint, configurations, models and scaling, as far as they are there.

        Raises:
            LauncherError: `not_ours`, `endpoint_busy`, or what `told` says of AWS.
        """
        folder = exact_folder(name, self.root, ENDPOINT_FILE)
        name = folder.name if folder else name
        if folder is not None and Endpoint.read(folder).remote is None:
            folder = None  # another one, of this machine
        found = describe_endpoint(self.connection, name) if is_name(name) else None
        if found is not None:
            check_ours(self.connection, name, found)
            if found["EndpointStatus"] in BUSY - {"Deleting"}:
                raise busy(name, found["EndpointStatus"])
            autoscaling.release(self.connection, name)
            delete_endpoint(self.connection, name)
        count = discard_others(self.connection, name) if is_name(name) else 0
        if folder is not None:
            remove_folder(folder)
        return found is not None or count > 0 or folder is not None

    def create_model(
        self, artifact: Path, source: str, name: str, on_phase: Callable[[str], None]
    ) -> None:
        """Makes a model that no endpoint serves.

        Args:
            artifact: the model.tar.gz here.
            source: what it comes from.
            name: of the model, a new one.
            on_phase: called with a few words when a new phase begins.

        Raises:
            LauncherError: `broken_model`, or what `told` says of AWS.
        """
        _check_model(artifact, source, self.container, on_phase)
        data = model_data(self.connection, artifact, self.options, on_phase)
        hosting = Hosting(name, name, None, (1, 1), self.options, source)
        create_model(self.connection, hosting, data)

    def delete_model(self, name: str) -> None:
        """Deletes such a model, if it is there."""
        discard(self.connection, name)

    def model_of(self, name: str) -> str:
        """Returns the name of the model that an endpoint serves.

        Raises:
            LauncherError: `no_such_endpoint`.
        """
        endpoint = self.find(name)
        config = endpoint.remote.config if endpoint.remote else None
        said = describe_config(self.connection, config) if config else None
        if said is None:
            raise no_such_endpoint(name)
        return str(said["ProductionVariants"][0]["ModelName"])

    def _check_region(self, folder: Path) -> None:
        """Refuses to forget an endpoint of the same name elsewhere, which would cost for ever."""
        if not (folder / ENDPOINT_FILE).exists():
            return
        remote = Endpoint.read(folder).remote
        if remote is not None and remote.region != self.connection.region:
            raise LauncherError(
                "name_taken",
                f"There is an endpoint {folder.name} in {remote.region} already.",
                f"Delete it with `python -m launcher.delete {folder.name}`, or choose another name "
                "with --endpoint.",
            )

    def _bring(
        self, hosting: Hosting, artifact: Path, folder: Path, tell: Callable[[str], None]
    ) -> Endpoint:
        connection = self.connection
        update = check_place(connection, hosting, tell)
        data = model_data(connection, artifact, self.options, tell)
        for sentence in _costs(hosting, connection.region):
            tell(sentence)
        with scaling_held(connection, hosting, update=update) as scaled:
            with interrupts_held():  # until it is known here what costs there
                arn = submit(connection, hosting, data, update=update, scaled=scaled)
                record = submitted_endpoint(hosting, folder, arn, connection.region, update=update)
            found = _follow(connection, record, hosting, tell)
        record = seen_endpoint(self.connection, record, found).save()
        finish(connection, hosting, arn, update=update)
        return record


def no_such_endpoint(name: str) -> LauncherError:
    """Returns the fault of a name that nothing in AWS has."""
    return LauncherError(
        "no_such_endpoint",
        f"There is no endpoint {name} in AWS that serves a model.",
        "`python -m launcher.status` lists those that are known here.",
    )


def _follow(
    connection: Connection, record: Endpoint, hosting: Hosting, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Waits, and writes down how it ended; what is not waited for any more goes on."""
    try:
        return follow(connection, hosting, tell)
    except (KeyboardInterrupt, LauncherError) as error:
        status = _ENDS.get(getattr(error, "code", ""))
        if status is None:
            tell(f"What SageMaker was asked for goes on, and costs: {record.name}.")
        else:
            replace(record, status=status, failure_reason=str(getattr(error, "message", ""))).save()
        raise


def _check_model(
    artifact: Path, source: str, container: tuple[str, ...], tell: Callable[[str], None]
) -> None:
    """Finds out here, and not after minutes of waiting, that a model cannot be served."""
    can_serve = importlib.util.find_spec("ai_edge_litert") is not None
    tell("Checking the model")
    checkup = examine(artifact, source, container if can_serve else (), lambda _phase: None)
    if not checkup.ok:
        first = checkup.faults[0]
        raise LauncherError(
            "broken_model",
            f"{source} is broken. {first.text}",
            f"{first.hint} `python -m launcher.check {source}` tells more.".lstrip(),
        )


def _costs(hosting: Hosting, region: str) -> list[str]:
    if hosting.instance is None:
        return ["It costs by request, and nothing while it has none."]
    low, high = hosting.instances
    said = hosting_costs(hosting.instance, region, count=low)
    if high > low:
        said.append(f"With all {high} instances it costs {high / low:g} times as much.")
    return said
