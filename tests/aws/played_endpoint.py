"""An endpoint in a real container, as SageMaker serves one."""

import io
import subprocess
import tarfile
import threading
import time

import httpx

from tests.aws.kinds import CONFIG, ENDPOINT, MODEL
from tests.aws.lifecycles import step
from tests.aws.stored import read_object
from tests.conformance.engine import running, volume

STARTUP_S = 100
ANSWER_S = 60
LOOK_S = 0.1
STOP_S = 30
PORT = 8080
UNWELL = (
    "The primary container for production variant AllTraffic did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)
_PASSED_ON = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes")


class Serving:
    """One container, from its start to its stop."""

    def __init__(self, container):
        self.container = container
        self.url = f"http://127.0.0.1:{container.host_port(PORT)}"
        self.over = threading.Event()

    def is_well(self):
        """Whether it answers a ping within two seconds."""
        try:
            return httpx.get(f"{self.url}/ping", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


class PlayedEndpoint:
    """One endpoint; an update starts a container before it stops the one in service."""

    def __init__(self, played, record):
        self._played = played
        self._record = record
        self._in_service = None
        self._config = None
        self._deleted = threading.Event()

    def serve(self, config):
        """Serves one endpoint config until another takes its place; runs in a thread."""
        definition = self._find_model(config)
        image = self._played.image(definition["Image"])
        name = self._record.request["EndpointName"]
        folder = self._played.folder / f"{name}-{config}"
        extract(definition["ModelDataUrl"], folder)
        options = [
            volume(folder, "/opt/ml/model"),
            f"--publish=127.0.0.1::{PORT}",
            *(f"--env={key}={value}" for key, value in definition.get("Environment", {}).items()),
        ]
        with running(image, "serve", options=options) as container:
            follower = self._played.spawn(self._follow, container)
            serving = Serving(container)
            if self._comes_up(serving, follower):
                before, self._in_service, self._config = self._in_service, serving, config
                self._enter("InService")
                if before:
                    before.over.set()
                serving.over.wait()
            elif not self._deleted.is_set():
                self._refuse()
            container.stop(STOP_S)
            follower.join()

    def stop(self):
        self._deleted.set()
        if self._in_service:
            self._in_service.over.set()

    def ask(self, headers, body):
        """Asks the container that is in service; returns (status, headers, body)."""
        passed = {key: value for key, value in headers.items() if key in _PASSED_ON}
        url = f"{self._in_service.url}/invocations"
        said = httpx.post(url, content=body, headers=passed, timeout=ANSWER_S, trust_env=False)
        return said.status_code, said.headers, said.content

    def _find_model(self, config):
        sagemaker = self._played.aws.sagemaker
        (variant,) = sagemaker.get(CONFIG, config).request["ProductionVariants"]
        return sagemaker.get(MODEL, variant["ModelName"]).request["PrimaryContainer"]

    def _comes_up(self, serving, follower):
        end = time.monotonic() + STARTUP_S
        while time.monotonic() < end and not self._deleted.is_set():
            if serving.is_well():
                return True
            if not follower.is_alive():
                return False
            follower.join(LOOK_S)
        return False

    def _refuse(self):
        """Fails, or stays with the container that was in service before."""
        if self._in_service is None:
            self._enter("Failed", FailureReason=UNWELL)
            return
        self._enter("RollingBack", EndpointConfigName=self._config)
        self._enter("InService", FailureReason=UNWELL)

    def _follow(self, container):
        words = ["docker", "logs", "--follow", container.name]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as following:
            for line in following.stdout:
                self._played.log(ENDPOINT, self._record, [line.rstrip("\n")])

    def _enter(self, words, **fields):
        self._played.enter(ENDPOINT, self._record, step(words, **fields))


def extract(uri, folder):
    """Extracts a model artifact, as it will be mounted."""
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(read_object(uri))) as archive:
        archive.extractall(folder, filter="data")
