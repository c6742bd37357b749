"""Limits of a server's connections: how many there may be, and how long one may send nothing.

uvicorn has no such limits (https://www.uvicorn.org/settings/#resource-limits). Silent connections
would use up the file descriptors of the process, and asyncio logs every connection that it then
cannot accept.
"""

import asyncio  # noqa: TID251  # for the types of what uvicorn hands to a protocol
import sys
from typing import Final, cast

from h11 import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from binance_mcp.connection import CONNECTION, Connection

HEAD_BYTES: Final = 16 * 1024
"""Most bytes of a request's first line and headers together."""
_MOST_CONNECTIONS: Final = 512
_FILES_OF_ITS_OWN: Final = 32
"""File descriptors for everything else: standard streams, event loop, policy, audit, Binance."""
_SECONDS_TO_SEND: Final = 15.0
_SECONDS_TO_READ: Final = 15.0
_HEAD: Final = "head"
_BODY: Final = "body"
_END_OF_HEAD: Final = b"\r\n\r\n"
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


def file_limit() -> int:
    """Return how many files this process may have open."""
    if sys.platform == "win32":  # pragma: no cover  # only one of the branches exists on a system
        return 8192  # https://learn.microsoft.com/en-us/cpp/c-runtime-library/reference/setmaxstdio
    import resource  # noqa: PLC0415  # Windows has no such module

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_connections() -> int:
    """Return how many connections one server may have: half of the remaining files, at most 512."""
    return max(4, min(_MOST_CONNECTIONS, (file_limit() - _FILES_OF_ITS_OWN) // 2))


class LimitedConnection(H11Protocol):
    """A connection that is closed if a request is not sent within 15 seconds.

    Head and body have that time each. When there are too many connections, the one that has waited
    longest for its client is closed; if none is waiting, the new one. A client that does not read
    for 15 seconds what was sent to it is disconnected.
    """

    waits_since: float = 0.0
    """When it began to wait for its client, in seconds on the loop's clock, if it is waiting."""
    timer: asyncio.TimerHandle | None = None
    """Closes it when the time is over."""
    waits_for: str = ""
    """What it waits for: a head, or a body."""
    stall: asyncio.TimerHandle | None = None
    """Closes it if its client does not read for so long."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: Connection()}  # copied into each scope
        self._watch()
        if len(self.connections) > most_connections():
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read what the client sends, but no head that is too large: h11 would take long for it."""
        is_large = len(data) > HEAD_BYTES and _END_OF_HEAD not in data[:HEAD_BYTES]
        if is_large and self._expects() == _HEAD:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        super().data_received(data)
        if self.transport.get_protocol() is self:  # it is not a WebSocket by now
            self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for another request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.app_state[CONNECTION].is_open = False
        self._wait_for_nothing()
        self._stop_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to read what was sent."""
        super().pause_writing()
        self._watch_reading(sys.maxsize)

    def resume_writing(self) -> None:
        """Go on, because the client reads."""
        super().resume_writing()
        self._stop_stall()

    def handle_websocket_upgrade(self, event: Request) -> None:
        """Hand the connection over to the WebSocket, which has its own limits."""
        self._wait_for_nothing()
        super().handle_websocket_upgrade(event)

    def _watch(self) -> None:
        waits_for = self._expects()
        if waits_for != self.waits_for:
            self._wait_for_nothing()
        if waits_for and self.timer is None:
            self.waits_for = waits_for
            self.waits_since = float(self.loop.time())
            self.timer = self.loop.call_later(_SECONDS_TO_SEND, self._give_up)

    def _give_up(self) -> None:
        """Close the connection, unless its client still reads the last response."""
        if self.stall:
            self.timer = self.loop.call_later(_SECONDS_TO_SEND, self._give_up)
        else:
            self.transport.abort()

    def _expects(self) -> str:
        """Return what it is the client's turn to send: a head, a body, or nothing."""
        cycle = cast("object | None", self.cycle)  # uvicorn's type says that it is never None
        if cycle is None or self.cycle.response_complete:
            return _HEAD
        return _BODY if self.cycle.more_body else ""

    def _wait_for_nothing(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None
        self.waits_for = ""

    def _watch_reading(self, before: int) -> None:
        """Close the connection if its client has read nothing since `before` bytes were unread."""
        unread = self.transport.get_write_buffer_size()
        if unread >= before:
            self.transport.abort()
        else:
            self.stall = self.loop.call_later(_SECONDS_TO_READ, self._watch_reading, unread)

    def _stop_stall(self) -> None:
        if self.stall:
            self.stall.cancel()
            self.stall = None

    def _make_room(self) -> None:
        everybody = cast("set[object]", self.connections)
        waiting = [each for each in everybody if isinstance(each, LimitedConnection) and each.timer]
        oldest = min(waiting, key=_since) if len(waiting) > 1 else self
        self.connections.discard(oldest)  # now: others may connect before it is closed
        oldest.transport.abort()


def _since(connection: LimitedConnection) -> float:
    return connection.waits_since
