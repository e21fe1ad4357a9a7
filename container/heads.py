"""Refuses requests whose head is too long, or says two things about the length of the body.

Of a body with `Transfer-Encoding` and `Content-Length`, the servers in front of this one may read
another part than this one does: what is left over would be taken for a request of its own.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from container.faults import error_response

MAX_HEAD_BYTES = 16 * 2**10


class HeadCheck:
    """Middleware that lets pass only requests with a reasonable head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is to be refused, and passes on everything else."""
        app = self._app
        if scope["type"] == "http":
            headers: list[tuple[bytes, bytes]] = scope["headers"]
            names = {name for name, _ in headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                app = error_response(
                    400,
                    "bad_http",
                    "The request has a Content-Length and a Transfer-Encoding.",
                    "Send one of them.",
                    {"Connection": "close"},
                )
            elif sum(len(name) + len(value) for name, value in headers) > MAX_HEAD_BYTES:
                app = error_response(
                    431,
                    "long_head",
                    f"The headers are longer than {MAX_HEAD_BYTES} bytes.",
                    "Send fewer or shorter ones.",
                    {"Connection": "close"},
                )
        await app(scope, receive, send)
