"""Serving an ASGI app on real sockets, for as long as a block lasts. The only home of uvicorn."""

import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Collection, Generator
from typing import Final

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from binance_mcp.connection_limits import HEAD_BYTES, LimitedConnection, most_connections
from binance_mcp.errors import ServingError

_BACKLOG: Final = 100
"""Connections waiting to be accepted. asyncio accepts that many in a row, so it must be small."""
_GRACE_SECONDS: Final = 2
"""How long requests under way may take to finish before they are cancelled."""
_CLOSING_SECONDS: Final = 2
"""How long their connections may then take to close."""
_MOST_HEADERS: Final = 100
_TOO_LARGE: Final = 431
_STOPPING: Final = 503
_PING_INTERVAL_SECONDS: Final = 180.0
_PONG_TIMEOUT_SECONDS: Final = 600.0


class _Server(uvicorn.Server):
    """A uvicorn server that does not handle signals, and that reports when it listens.

    uvicorn has no setting for either; both methods are those of uvicorn 0.37 and later:
    https://github.com/encode/uvicorn/blob/master/uvicorn/server.py
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.started_or_failed = anyio.Event()
        self.stopped = anyio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # newer versions of uvicorn exit if the app does not start
            self.should_exit = True
        self.started_or_failed.set()


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    http: type = LimitedConnection,
) -> AsyncGenerator[int]:
    """Serve `app` while the block runs, and yield the port; 0 picks a free one.

    WebSockets are pinged every 3 minutes and dropped without a pong for 10, as Binance does
    (https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams).
    On leaving, requests under way get 2 seconds to finish; then streams are ended, and requests
    without a response get 503. A peer's address is that of its connection: `X-Forwarded-For` is
    ignored.

    Raises:
        ServingError: The address is in use, is not this machine's, or the app did not start.

    """
    under_way = _UnderWay(app)
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            under_way,
            access_log=False,
            backlog=min(_BACKLOG, most_connections() // 2),
            h11_max_incomplete_event_size=HEAD_BYTES,
            http=http,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS + _CLOSING_SECONDS,
            ws="wsproto",
            ws_ping_interval=_PING_INTERVAL_SECONDS,
            ws_ping_timeout=_PONG_TIMEOUT_SECONDS,
        )
        server = _Server(config)

        async def serve() -> None:
            with anyio.CancelScope(shield=True):  # cancelled, it would skip its own shutdown
                await server.serve(sockets=[listener])
            server.stopped.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            try:
                await server.started_or_failed.wait()
                if server.started:
                    yield listener.getsockname()[1]
            finally:
                server.should_exit = True
                tasks.start_soon(under_way.end, server)
    if not server.started:
        raise ServingError("the server did not start; the log says why")


class _UnderWay:
    """The requests under way to an app, each of which can be ended without an error.

    uvicorn would cancel them and log an error for each.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._scopes = set[anyio.CancelScope]()
        self._ended = anyio.Event()
        self._is_ending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = _Response(send)
        if _is_too_large(scope["headers"]):
            await response.end(_TOO_LARGE)
            return
        with anyio.CancelScope() as request:
            self._scopes.add(request)
            try:
                await self._app(scope, receive, response.send)
            finally:
                self._scopes.discard(request)
                if self._is_ending and not self._scopes:
                    self._ended.set()
        if request.cancelled_caught:
            await response.end(_STOPPING)

    async def end(self, server: _Server) -> None:
        """Cancel what is still under way after 2 seconds, and disconnect clients that stall."""
        self._is_ending = True
        with anyio.move_on_after(_GRACE_SECONDS):
            if self._scopes:
                await self._ended.wait()
        for request in self._scopes:
            request.cancel()
        with anyio.move_on_after(_CLOSING_SECONDS / 4):
            await server.stopped.wait()
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # its client does not read the end of its response


class _Response:
    """A response, and how much of it has been sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_started = False
        self._has_ended = False

    async def send(self, message: Message) -> None:
        self._has_started = True
        self._has_ended = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def end(self, status: int) -> None:
        """End the response; one that has not begun has this status and no body."""
        if not self._has_started:
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            await self.send({"type": "http.response.start", "status": status, "headers": headers})
        if not self._has_ended:
            await self.send({"type": "http.response.body"})


def _is_too_large(headers: Collection[tuple[bytes, bytes]]) -> bool:
    # uvicorn limits incomplete headers only: those that arrive in one piece pass its limit.
    size = sum(len(name) + len(value) for name, value in headers)
    return size > HEAD_BYTES or len(headers) > _MOST_HEADERS


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio disables Nagle's algorithm, which costs 40 ms a response.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows it would let two programs share the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(os.name == "posix"))
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServingError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener
