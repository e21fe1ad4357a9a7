"""The HTTP routes: what SageMaker asks of a model container, and a page to try it in a browser.

GET, POST  /ping                   200 once the model has answered a first melody, 503 before, and
                                   if the model no longer comes back from a request
POST       /invocations            music in, accompanied music out
GET        /execution-parameters   how batch transform should send
GET        /                       the page
GET        /melodies               the built-in melodies, for the page
"""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from container import media
from container.answers import Answer, Question
from container.body import Room, Share, read_body, wait_for_disconnect
from container.faults import RequestError, error_response
from container.heads import HeadCheck
from container.parameters import read_attributes
from container.responses import ATTRIBUTES, INFERENCE_ID, dump, printable
from container.static_page import load_page
from container.worker import Worker
from inference.arranger import Arranger
from inference.errors import ModelError
from inference.options import Options
from inference.predictor import Predictor
from music.errors import MusicError
from music.melodies import MELODIES, melody
from music.midi import write_midi

logger = logging.getLogger(__name__)

MAX_PAYLOAD_MB = 6  # of batch transform, and what InvokeEndpoint passes on
MAX_INFERENCE_ID = 64  # characters


@dataclass(frozen=True)
class Settings:
    """How a server behaves.

    Attributes:
        model_dir: an unpacked model artifact; it is only read.
        max_body_bytes: larger bodies are refused.
        max_held_bytes: of all bodies together that are being read or waiting for their answer.
        upload_s: seconds for a body to arrive, if the deadline is not shorter.
        deadline_s: seconds from a request's head to its answer; SageMaker waits for 60.
        stuck_s: seconds that one turn of a request may take beyond the deadline; after more of them
            /ping asks for another instance.
        queue_limit: requests that may be waiting or worked on at a time.
        threads: the model computes with; None takes what affinity and control group grant.
    """

    model_dir: Path
    max_body_bytes: int = 25 * 2**20
    max_held_bytes: int = 200 * 2**20
    upload_s: float = 55.0
    deadline_s: float = 55.0
    stuck_s: float = 120.0
    queue_limit: int = 64
    threads: int | None = None


def load_arranger(settings: Settings) -> Arranger:
    """Loads the model and accompanies a first melody, so that no caller waits for first-time work.

    Raises:
        ModelError: if the model folder cannot be used.
    """
    arranger = Arranger(Predictor(settings.model_dir, settings.threads))
    write_midi(arranger.arrange(melody("twinkle"), Options()).song)
    return arranger


def create_app(
    settings: Settings,
    *,
    load: Callable[[Settings], Arranger] = load_arranger,
    on_failed: Callable[[Exception], None] | None = None,
) -> Starlette:
    """Makes the application; the model is loaded beside the event loop once it starts.

    Args:
        settings: how the server behaves.
        load: makes the arranger.
        on_failed: is called in the event loop if `load` raises, for a process that should end then.
            Without it /ping goes on answering 503.
    """
    service = _Service(settings, load)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(service.load(on_failed))
        try:
            yield
        finally:
            loading.cancel()
            service.worker.close()

    app = Starlette(
        routes=[
            Route("/ping", service.ping, methods=["GET", "POST"]),
            Route("/invocations", service.invocations, methods=["POST"]),
            Route("/execution-parameters", service.execution_parameters),
            Route("/", service.page),
            Route("/melodies", service.melodies),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
        middleware=[Middleware(HeadCheck)],
    )
    app.router.redirect_slashes = False  # where to would be the caller's word
    return app


class _Service:
    """The routes, and what they share."""

    def __init__(self, settings: Settings, load: Callable[[Settings], Arranger]) -> None:
        self.settings = settings
        self.worker = Worker(lambda: load(settings), queue_limit=settings.queue_limit)
        self._room = Room(settings.max_held_bytes)
        self._page, self._page_headers = load_page()
        self._melodies: bytes | None = None

    async def load(self, on_failed: Callable[[Exception], None] | None) -> None:
        try:
            await self.worker.load()
        except Exception as error:
            if isinstance(error, ModelError):
                logger.error("%s", error)
            else:
                logger.exception("The model cannot be loaded.")
            if on_failed is not None:
                on_failed(error)

    # The routes are what the module's docstring says.

    async def ping(self, _: Request) -> Response:
        stuck = self.worker.is_stuck(self.settings.deadline_s + self.settings.stuck_s)
        return Response(status_code=200 if self.worker.is_ready and not stuck else 503)

    async def execution_parameters(self, _: Request) -> Response:
        # One record a request, so that each answer has its own deadline.
        parameters = {
            "MaxConcurrentTransforms": max(1, min(self.settings.queue_limit, 4)),
            "BatchStrategy": "SINGLE_RECORD",
            "MaxPayloadInMB": min(MAX_PAYLOAD_MB, max(1, self.settings.max_body_bytes >> 20)),
        }
        return Response(dump(parameters), media_type=media.JSON)

    async def page(self, _: Request) -> Response:
        return Response(self._page, headers=self._page_headers, media_type="text/html")

    async def melodies(self, _: Request) -> Response:
        if self._melodies is None:
            self._melodies = dump(
                [
                    {
                        "name": name,
                        "title": tune.title,
                        "midi": base64.b64encode(write_midi(melody(name))).decode("ascii"),
                    }
                    for name, tune in MELODIES.items()
                ]
            )
        return Response(self._melodies, media_type=media.JSON)

    async def invocations(self, request: Request) -> Response:
        start = asyncio.get_running_loop().time()
        try:
            with self._room.share() as share:
                question = await self._read(request, share, start)
                answer = await self._work(request, question, start + self.settings.deadline_s)
        except RequestError as error:
            response = error_response(
                error.status, error.code, error.message, error.hint, error.headers
            )
        except MusicError as error:
            response = error_response(400, error.code, error.message, error.hint)
        except ClientDisconnect:
            response = Response(status_code=400)  # nobody reads it
        except asyncio.CancelledError:  # the server ends, and this was not answered in time
            response = error_response(
                503,
                "stopping",
                "The server is being stopped.",
                "Send the request again, to another instance.",
                {"Retry-After": "1"},
            )
        except Exception:
            logger.exception("A request failed.")
            response = error_response(
                500,
                "internal",
                "The server failed to answer; the fault is its own.",
                "Send the request again; if it fails again, report what the server's log says.",
            )
        else:
            response = Response(answer.body, media_type=answer.media_type)
            response.headers[ATTRIBUTES] = answer.attributes
        identity = request.headers.get(INFERENCE_ID)
        if identity is not None:
            response.headers[INFERENCE_ID] = printable(identity)[:MAX_INFERENCE_ID]
        took_ms = 1000 * (asyncio.get_running_loop().time() - start)
        length = len(response.body)
        logger.info("/invocations: %d, %d bytes, %.0f ms.", response.status_code, length, took_ms)
        return response

    async def _read(self, request: Request, share: Share, start: float) -> Question:
        """Reads a request and refuses what cannot be answered whatever the body says."""
        body = await read_body(
            request,
            self.settings.max_body_bytes,
            start + min(self.settings.upload_s, self.settings.deadline_s),
            share=share,
            fault=self.worker.refusal(),
        )
        if not body.strip():
            raise RequestError(
                400, "empty_body", "The body is empty.", "Send a melody, e.g. a .mid file."
            )
        content_type = request.headers.get("content-type")
        kind = media.body_type(content_type, body)
        if kind is None:
            raise RequestError(
                415,
                "unsupported_media_type",
                f"Bodies of type `{(content_type or 'unknown')[:100]}` are not understood.",
                f"Send {', '.join(media.ANSWERS)}, and say so in Content-Type.",
            )
        accept = ", ".join(request.headers.getlist("accept"))
        if media.choose_answer(accept, media.ANSWERS[kind]) is None:
            raise RequestError(
                406,
                "not_acceptable",
                f"{kind} cannot be answered with `{accept[:100]}`.",
                f"Accept {', '.join(media.ANSWERS[kind])}.",
            )
        return Question(body, kind, accept, read_attributes(request.headers.get(ATTRIBUTES)))

    async def _work(self, request: Request, question: Question, deadline: float) -> Answer:
        """Answers, unless the deadline passes or the client goes away before that."""
        within_s = deadline - asyncio.get_running_loop().time()
        work = asyncio.ensure_future(
            self.worker.run(question.answer, size=len(question.body), within_s=within_s)
        )
        gone = asyncio.ensure_future(wait_for_disconnect(request))
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise RequestError(
                504,
                "deadline",
                f"The answer was not ready within {self.settings.deadline_s:g} s.",
                "Send a shorter melody or fewer takes, or raise the server's deadline.",
            ) from error
        finally:
            gone.cancel()
            if not work.done():
                work.cancel()
                await asyncio.wait((work,))  # given up before anybody is told so
        if work.cancelled():
            raise ClientDisconnect
        try:
            return work.result()
        finally:
            del work  # an error that holds this frame, which holds the error, would hold the body


async def _http_error(request: Request, error: Exception) -> Response:
    """Answers what Starlette refuses: unknown routes and methods."""
    if not isinstance(error, HTTPException):
        raise error
    codes = {404: "not_found", 405: "method_not_allowed"}
    return error_response(
        error.status_code,
        codes.get(error.status_code, "refused"),
        f"{request.method} {request.scope['path'][:100]} is refused: {error.detail}.",
        "Send GET /ping or POST /invocations.",
        error.headers,
    )
