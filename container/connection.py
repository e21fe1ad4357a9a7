"""One HTTP connection: uvicorn's, with bounds for clients that dawdle and answers for broken ones.

uvicorn gives a client as long as it likes to send the head of a request or to read an answer, takes
connections until there are no file descriptors, and tells broken HTTP in plain text. Here a client
that owes us something has some seconds for it, and when there are too many connections the one that
has been quiet longest makes room, so that /ping gets through.
"""

import asyncio
import sys

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from container.faults import error_response

MAX_CONNECTIONS = 512
# Seconds for what a client has begun: the head of a request, the rest of a body that has been
# answered already, and the reading of an answer.
HEAD_S = 10
REST_S = 10
READING_S = 30
MAX_SMALL_CHUNKS = 10_000
SMALL_CHUNK_BYTES = 256
MAX_UNREAD_BYTES = 200 * 2**20  # of all answers together


class _Reader(h11.Connection):
    """HTTP/1.1 that is refused if its body comes crumb by crumb, as megabytes of chunks of a byte.

    Each chunk keeps the event loop from all others, as kilobytes in one piece would.
    """

    _chunks = 0
    _bytes = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._bytes += len(event.data)
            if self._chunks > MAX_SMALL_CHUNKS + self._bytes // SMALL_CHUNK_BYTES:
                raise h11.RemoteProtocolError("The body comes in too many small chunks")
        return event


class Connection(H11Protocol):
    """A connection that does not wait for ever."""

    _quiet_since = 0.0
    _debt: str | None = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for a first request as long as for a further one."""
        super().connection_made(transport)
        self.conn = _Reader(h11.SERVER)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self._quiet_since = self.loop.time()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops all waiting."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._wait_for(None)

    def data_received(self, data: bytes) -> None:
        """Reads on, and waits for what is still missing."""
        super().data_received(data)
        self._wait_for(self._missing())

    def on_response_complete(self) -> None:
        """Waits until the answer has been read."""
        super().on_response_complete()
        self._quiet_since = self.loop.time()
        self._drop_unread_answers()
        self._wait_for(self._missing())

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, unless an answer is on its way; called while handling it."""
        cycle = self.cycle
        is_answered = cycle is not None and cycle.response_started
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # the application's answer would be a second one
            cycle.message_event.set()
        if is_answered and self.conn.our_state is not h11.IDLE:
            self.transport.close()
            return
        error = sys.exc_info()[1]
        status = getattr(error, "error_status_hint", 400)
        self._refuse(status, "bad_http", f"{msg} {error}.", "Send well-formed HTTP/1.1.")

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: clients written in Java offer HTTP/2 to everyone."""

    @property
    def _owes_body(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY

    @property
    def _is_at_work(self) -> bool:
        """Whether a request has come whole and not been answered."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not self._owes_body

    def _missing(self) -> str | None:
        """What the client owes us, but for the body of a request: the application sees to it."""
        if self.transport.get_write_buffer_size():
            return "reading"
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        if self._owes_body:
            return "rest"
        return "head" if self.conn.trailing_data[0] else None

    def _wait_for(self, debt: str | None) -> None:
        """Gives the client time for what it owes; what it owed before keeps its own time."""
        if debt == self._debt:
            return
        if self._patience is not None:
            self._patience.cancel()
        self._debt, self._patience = debt, None
        if debt is not None:
            seconds = {"head": HEAD_S, "rest": REST_S, "reading": READING_S}[debt]
            self._patience = self.loop.call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        debt, now = self._debt, self._missing()
        self._debt = self._patience = None
        if now != debt:  # an answer is read without any event that would tell us
            self._wait_for(now)
        elif now == "head" and not self.transport.is_closing():
            message = f"The head of the request did not arrive within {HEAD_S} s."
            self._refuse(408, "slow_head", message, "Send it at once.")
        else:
            self.transport.abort()

    def _refuse(self, status: int, code: str, message: str, hint: str) -> None:
        answer = error_response(status, code, message, hint)
        headers = [*answer.raw_headers, (b"connection", b"close")]
        response = h11.Response(
            status_code=status, headers=headers, reason=STATUS_PHRASES.get(status, b"")
        )
        for event in (response, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _make_room(self) -> None:
        """Closes the connection that has been quiet longest if there are too many."""
        if len(self.connections) > MAX_CONNECTIONS:
            quiet = [c for c in self._others() if not c._is_at_work]
            oldest = min(quiet, key=lambda c: c._quiet_since, default=self)
            oldest.transport.abort()

    def _drop_unread_answers(self) -> None:
        """Closes the connections with the longest unread answers if they take too much memory."""
        unread = {c: c.transport.get_write_buffer_size() for c in (self, *self._others())}
        total = sum(unread.values())
        for connection, size in sorted(unread.items(), key=lambda item: -item[1]):
            if total <= MAX_UNREAD_BYTES:
                break
            connection.transport.abort()
            total -= size

    def _others(self) -> list["Connection"]:
        return [
            c
            for c in self.connections
            if isinstance(c, Connection) and c is not self and not c.transport.is_closing()
        ]
