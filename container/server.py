"""The server's process: a port, signals and an exit code around the application.

The environment sets it up:

SAGEMAKER_BIND_TO_PORT          the port, 8080 where unset; 0 takes a free one and logs it
ACCOMPANIST_HOST                the address, 0.0.0.0 where unset: callers are outside
SAGEMAKER_MODEL_SERVER_TIMEOUT  seconds until a request is given up; where unset 55, in batch
                                transform 590
SAGEMAKER_MAX_PAYLOAD_IN_MB     larger bodies are refused, 25 where unset or 0
SAGEMAKER_BATCH                 `true` in batch transform
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
from container.memory import give_large_blocks_back
from container.paths import ServingPaths, base_folder
from container.stop import SIGNALS, ignore_signals, leave_threads_behind, release_signals

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from container.app import Settings
    from inference.arranger import Arranger

PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
HOST_VARIABLE = "ACCOMPANIST_HOST"
DEADLINE_VARIABLE = "SAGEMAKER_MODEL_SERVER_TIMEOUT"
PAYLOAD_VARIABLE = "SAGEMAKER_MAX_PAYLOAD_IN_MB"
BATCH_VARIABLE = "SAGEMAKER_BATCH"

BATCH_DEADLINE_S = 590.0  # SageMaker waits for 600, unless InvocationsTimeoutInSeconds is set

# SageMaker sends SIGKILL 30 s after SIGTERM. Requests have the first part of them, and then the
# model has the second to notice that nobody waits for it any more.
GRACE_S = 23
LEAVE_S = 3
HOPELESS_GRACE_S = 1  # without a model, nothing that was begun can be answered
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

    batch = environ.get(BATCH_VARIABLE, "").lower() == "true"
    deadline = BATCH_DEADLINE_S if batch else Settings.deadline_s
    megabytes = _number(environ, PAYLOAD_VARIABLE, "megabytes, 0 to 100", 0, 100, 0)
    return Settings(
        model_dir=ServingPaths(base_folder(environ)).model,
        max_body_bytes=int(megabytes * 2**20) or Settings.max_body_bytes,
        deadline_s=_number(
            environ, DEADLINE_VARIABLE, "seconds, above 0 and up to 3600", 1e-3, 3600, deadline
        ),
    )


def _number(
    environ: Mapping[str, str], name: str, wanted: str, low: float, high: float, default: float
) -> float:
    text = environ.get(name)
    if not text:
        return default
    with contextlib.suppress(ValueError):
        if low <= (number := float(text)) <= high:
            return number
    raise _bad_setting(name, text, wanted)


def serve(environ: Mapping[str, str], load: "Callable[[Settings], Arranger] | None" = None) -> int:
    """Serves until a signal ends it.

    Args:
        environ: sets it up, see above.
        load: makes the arranger; None for `container.app.load_arranger`.

    Returns:
        The exit code: 0 after a signal, 1 if the model cannot be loaded.

    Raises:
        ContainerError: if the environment makes no sense or the port is taken.
    """
    address = Address.from_environment(environ)
    give_large_blocks_back()
    listener = _listen(address)
    # The port is taken first: who asks early waits for the imports instead of being refused.
    import uvicorn

    from container.app import create_app, load_arranger
    from container.connection import Connection

    settings = read_settings(environ)
    failures: list[Exception] = []

    def give_up(error: Exception) -> None:
        failures.append(error)
        config.timeout_graceful_shutdown = HOPELESS_GRACE_S
        server.should_exit = True

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    app = create_app(settings, load=load or load_arranger, on_failed=give_up)
    config = uvicorn.Config(
        _with_farewell(app, lambda: server.should_exit),
        access_log=False,
        log_config=None,
        lifespan="on",
        loop="asyncio",
        http=Connection,
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    for number in SIGNALS:
        signal.signal(number, stop)  # uvicorn raises the signal again when it is done
    release_signals()
    logger.info("Listening on http://%s:%d.", *listener.getsockname()[:2])
    logger.info(
        "A request may have %g MB and is answered within %g s; %d may wait.",
        settings.max_body_bytes / 2**20,
        settings.deadline_s,
        settings.queue_limit,
    )
    server.run(sockets=[listener])
    ignore_signals()
    code = 1 if failures else 0
    leave_threads_behind(code, LEAVE_S)
    return code


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
