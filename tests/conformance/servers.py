"""Servers in containers, each with a model folder of this machine, mounted read-only."""

import base64
import json
import socket
from contextlib import contextmanager, suppress

from music.melodies import melody
from music.midi import write_midi
from tests.conformance.engine import running, volume
from tests.container.serving_process import Caller, request

PORT = 8080
MODEL = "/opt/ml/model"
MIDI = write_midi(melody("twinkle"))
JSON = json.dumps({"midi": base64.b64encode(MIDI).decode()}).encode()
TYPE = {"Content_Type": "application/json"}
_NOTES = [{"pitch": 60 + 7 * i % 13, "start": i, "duration": 1} for i in range(2048)]
LONG = json.dumps({"notes": _NOTES, "takes": 2}).encode()  # about a second of work
# Takes many times as long to answer as to send, so that a queue of them fills.
QUEUED = json.dumps({"notes": _NOTES[:400]}).encode()
PING_S = 2.0  # SageMaker's patience


class ContainerServer(Caller):
    """A server in a container.

    Attributes:
        container: what was started.
    """

    def __init__(self, container, port):
        self.container = container
        self.port = container.host_port(port)

    def ping(self):
        """The status of /ping; None while nobody answers, which Docker's own proxy hides."""
        with suppress(ConnectionError, socket.timeout):
            return self.ask("GET", "/ping").status
        return None

    def wait_until_ready(self):
        self.container.wait_for(lambda: self.ping() == 200)

    def begin(self, body):
        """Sends a request and returns its connection when the server has begun to read it."""
        wire = self.wire()
        head = request(
            "POST", "/invocations", **TYPE, Content_Length=len(body), Expect="100-continue"
        )
        assert wire.send(head).answer().status == 100
        return wire.send(body)


@contextmanager
def serving(
    image, model, *, arguments=("serve",), options=(), entrypoint=None, port=PORT, ready=True
):
    """Starts a server whose port is published on 127.0.0.1 only.

    Args:
        image: its name.
        model: the model folder.
        arguments: of the image.
        options: of `docker run`.
        entrypoint: one word, in place of the image's own entry point.
        port: where the server listens in the container.
        ready: whether to wait for /ping.
    """
    published = {f"--publish=127.0.0.1::{number}" for number in (PORT, port)}
    options = [volume(model, MODEL), *published, *options]
    with running(image, *arguments, options=options, entrypoint=entrypoint) as container:
        server = ContainerServer(container, port)
        if ready:
            server.wait_until_ready()
        yield server
