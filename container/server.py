"""The server's process: a port, signals and an exit code around the application.

The environment sets it up:

SAGEMAKER_BIND_TO_PORT          the port, 8080 where unset; 0 takes a free one and logs it
ACCOMPANIST_HOST                the address, 0.0.0.0 where unset: callers are outside
SAGEMAKER_MODEL_SERVER_TIMEOUT  seconds until a request is given up, 55 where unset
"""

import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from container.errors import ContainerError
from container.paths import ServingPaths, base_folder
from container.stop import SIGNALS, ignore_signals, release_signals

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from container.app import Settings

PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
HOST_VARIABLE = "ACCOMPANIST_HOST"
DEADLINE_VARIABLE = "SAGEMAKER_MODEL_SERVER_TIMEOUT"

# SageMaker sends SIGKILL 30 s after SIGTERM.
GRACE_S = 25
# Longer than callers keep idle connections: one that we close first may just be in use again.
KEEP_ALIVE_S = 75

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where a server listens."""

    host: str = "0.0.0.0"  # noqa: S104 (the platform asks from outside the container)
    port: int = 8080

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Address":
        """Reads the address.

        Raises:
            ContainerError: `bad_setting` if the port is none.
        """
        text = environ.get(PORT_VARIABLE) or str(cls.port)
        if not text.isdecimal() or int(text) > 65535:
            raise _bad_setting(PORT_VARIABLE, text, "a port, 0 to 65535")
        return cls(environ.get(HOST_VARIABLE) or cls.host, int(text))


def read_settings(environ: Mapping[str, str]) -> "Settings":
    """Reads how the application shall behave.

    Raises:
        ContainerError: `bad_setting` if a variable makes no sense.
    """
    from container.app import Settings

    model = ServingPaths(base_folder(environ)).model
    text = environ.get(DEADLINE_VARIABLE)
    if not text:
        return Settings(model_dir=model)
    with contextlib.suppress(ValueError):
        if 0 < (deadline := float(text)) <= 3600:
            return Settings(model_dir=model, deadline_s=deadline)
    raise _bad_setting(DEADLINE_VARIABLE, text, "seconds, above 0 and up to 3600")


def serve(environ: Mapping[str, str]) -> int:
    """Serves until a signal ends it.

    Returns:
        The exit code: 0 after a signal, 1 if the model cannot be loaded.

    Raises:
        ContainerError: if the environment makes no sense or the port is taken.
    """
    address = Address.from_environment(environ)
    listener = _listen(address)
    # The port is taken first: who asks early waits for the imports instead of being refused.
    import uvicorn

    from container.app import create_app

    failures: list[Exception] = []

    def give_up(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    app = create_app(read_settings(environ), on_failed=give_up)
    config = uvicorn.Config(
        _with_farewell(app, lambda: server.should_exit),
        access_log=False,
        log_config=None,
        lifespan="on",
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    for number in SIGNALS:
        signal.signal(number, stop)  # uvicorn raises the signal again when it is done
    release_signals()
    logger.info("Listening on http://%s:%d.", *listener.getsockname()[:2])
    server.run(sockets=[listener])
    ignore_signals()
    return 1 if failures else 0


def _with_farewell(app: "ASGIApp", is_ending: Callable[[], bool]) -> "ASGIApp":
    """Says with the last answer on a connection that it is the last.

    uvicorn closes the connection without a word, and a client's next request would be lost in it.
    """

    async def answer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def send_on(message: "Message") -> None:
            if message["type"] == "http.response.start" and is_ending():
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await app(scope, receive, send_on)

    return answer


def _listen(address: Address) -> socket.socket:
    try:
        listener = socket.create_server((address.host, address.port))
        # Connections inherit this; else an answer's body waits 40 ms for its head's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise ContainerError(
            "no_port",
            f"The server cannot listen on {address.host}:{address.port}: {error.strerror}.",
            f"Stop what listens there, or set {PORT_VARIABLE} to another port.",
        ) from error


def _bad_setting(name: str, text: str, wanted: str) -> ContainerError:
    return ContainerError(
        "bad_setting",
        f"The environment variable {name} must be {wanted}, not {text!r}.",
        "Set it to that, or leave it unset.",
    )
