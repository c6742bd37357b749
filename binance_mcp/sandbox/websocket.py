"""One WebSocket of the sandbox, from handshake to close.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Self

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

_LIFETIME_SECONDS: Final = 86_400.0
_CLOSING_SECONDS: Final = 10.0
_QUEUED: Final = 1_000
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

    Iterating gives its messages until the peer is gone.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._queue, self._queued = anyio.create_memory_object_stream[str](_QUEUED)
        self._tasks = anyio.create_task_group()
        self._verdict: tuple[int, str] | None = None

    async def run(self, converse: Callable[[], Awaitable[None]]) -> None:
        """Accept the WebSocket and `converse` until that ends or the connection is closed."""
        await self._websocket.accept()
        with self._queue, self._queued:
            async with self._tasks:
                self._tasks.start_soon(self._write)
                self._tasks.start_soon(self._retire)
                await converse()
                self._tasks.cancel_scope.cancel()
        if self._verdict and self._websocket.application_state is WebSocketState.CONNECTED:
            with anyio.move_on_after(_CLOSING_SECONDS), contextlib.suppress(*_GONE):
                await self._websocket.close(*self._verdict)

    def start(self, task: Callable[[str], Coroutine[object, object, None]], argument: str) -> None:
        """Run a task for as long as the connection lasts."""
        self._tasks.start_soon(task, argument)

    def send(self, text: str) -> bool:
        """Queue a message, or close the connection if the queue is full."""
        try:
            self._queue.send_nowait(text)
        except anyio.WouldBlock:
            self.refuse("too slow a consumer")
            return False
        return True

    def refuse(self, reason: str) -> None:
        """Close the connection because its peer has broken a rule."""
        self._close(_POLICY_VIOLATION, reason)

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
            async for text in self._queued:
                await self._websocket.send_text(text)
        self._tasks.cancel_scope.cancel()

    async def _retire(self) -> None:
        await anyio.sleep(_LIFETIME_SECONDS)
        self._close(_GOING_AWAY, "24 hours are over")

    def _close(self, code: int, reason: str) -> None:
        self._verdict = self._verdict or (code, reason)
        self._tasks.cancel_scope.cancel()
