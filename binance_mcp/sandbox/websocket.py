"""One WebSocket of the sandbox, from handshake to close.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Self

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from binance_mcp.sandbox.unanswered import break_connection

PING: Final = "binance_mcp.ping"
"""An ASGI extension: a function that sends a ping frame, which ASGI itself has no message for."""
PING_SECONDS: Final = 180.0
"""How often Binance pings."""

_LIFETIME_SECONDS: Final = 86_400.0
_CLOSING_SECONDS: Final = 10.0
_QUEUED: Final = 20_000
_GOING_AWAY: Final = 1001
_POLICY_VIOLATION: Final = 1008
_GONE: Final = (
    WebSocketDisconnect,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
)
"""What reading or writing raises when the peer is gone, over TCP and in process."""


class Connection:
    """A WebSocket that lasts a day at most, and whose sender never waits for its peer.

    Iterating gives its messages until the peer is gone. The peer is pinged if the server is able
    to. While `is_silent` returns True, nothing is sent, and what was to be sent is lost.
    """

    def __init__(
        self,
        websocket: WebSocket,
        *,
        ping_seconds: float = PING_SECONDS,
        is_silent: Callable[[], bool] = lambda: False,
    ) -> None:
        self._websocket = websocket
        self._ping_seconds = ping_seconds
        self._is_silent = is_silent
        self._queue, self._queued = anyio.create_memory_object_stream[str | bytes](_QUEUED)
        self._tasks = anyio.create_task_group()
        self._verdict: tuple[int, str] | None = None
        self._is_dropped = False

    async def run(self, converse: Callable[[], Awaitable[None]]) -> None:
        """Accept the WebSocket and `converse` until that ends or the connection is closed.

        Raises:
            ConnectionResetError: It is dropped, and the server offers no way to do so; in process,
                its client gets a close frame with code 1011 instead.

        """
        await self._websocket.accept()
        with self._queue, self._queued:
            async with self._tasks:
                self._tasks.start_soon(self._write)
                self._tasks.start_soon(self._retire)
                self._tasks.start_soon(self._ping)
                await converse()
                self._tasks.cancel_scope.cancel()
        if self._is_dropped:
            break_connection(self._websocket.scope)
        elif self._verdict and self._websocket.application_state is WebSocketState.CONNECTED:
            with anyio.move_on_after(_CLOSING_SECONDS), contextlib.suppress(*_GONE):
                await self._websocket.close(*self._verdict)

    def start(self, task: Callable[[str], Coroutine[object, object, None]], argument: str) -> None:
        """Run a task for as long as the connection lasts."""
        self._tasks.start_soon(task, argument)

    def send(self, frame: str | bytes) -> bool:
        """Queue a text or binary frame, or close the connection if the queue is full."""
        if self._is_silent():
            return False
        try:
            self._queue.send_nowait(frame)
        except anyio.WouldBlock:
            self.refuse("too slow a consumer")
            return False
        return True

    def refuse(self, reason: str) -> None:
        """Close the connection because its peer has broken a rule."""
        self.close(_POLICY_VIOLATION, reason)

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame, the first one that is asked for."""
        self._verdict = self._verdict or (code, reason)
        self._tasks.cancel_scope.cancel()

    def drop(self) -> None:
        """Break the connection, as a network does: without a close frame."""
        self._is_dropped = True
        self._tasks.cancel_scope.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            message = await self._websocket.receive()
        except _GONE:
            raise StopAsyncIteration from None
        if message["type"] == "websocket.disconnect":
            raise StopAsyncIteration
        return message.get("text") or message.get("bytes") or ""

    async def _write(self) -> None:
        with contextlib.suppress(*_GONE):
            async for frame in self._queued:
                if isinstance(frame, str):
                    await self._websocket.send_text(frame)
                else:
                    await self._websocket.send_bytes(frame)
        self._tasks.cancel_scope.cancel()

    async def _retire(self) -> None:
        await anyio.sleep(_LIFETIME_SECONDS)
        self.close(_GOING_AWAY, "24 hours are over")

    async def _ping(self) -> None:
        if ping := self._websocket.scope.get("extensions", {}).get(PING):
            while True:
                await anyio.sleep(self._ping_seconds)
                if not self._is_silent():
                    ping()
