"""An HTTP client whose requests and WebSockets an app in this process answers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import httpx2 as httpx
from httpx2.websockets import ASGIWebSocketTransport
from starlette.types import ASGIApp, Receive, Scope, Send

_OPENING_SECONDS: Final = 5.0
"""How long the app may take to accept a WebSocket."""


@asynccontextmanager
async def in_process_client(base_url: str, app: ASGIApp) -> AsyncGenerator[httpx.AsyncClient]:
    """Yield the client. On leaving, everything that the app still does is ended."""
    ended = _Ended(app)
    transport = _Transport(ended, initial_receive_timeout=_OPENING_SECONDS)
    async with httpx.AsyncClient(base_url=base_url, transport=transport, timeout=None) as client:
        try:
            yield client
        finally:
            ended.end()


class _Transport(ASGIWebSocketTransport):
    """Opens WebSockets as a whole: one whose opening is cancelled is never closed by httpx2."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_websocket = request.headers.get("upgrade") == "websocket"
        with anyio.CancelScope(shield=is_websocket):
            return await super().handle_async_request(request)
        raise AssertionError(
            "unreachable"
        )  # pragma: no cover  # a scope may swallow, says its type


class _Ended:
    """An app that can be ended: httpx2 waits for its WebSockets without end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running = set[anyio.CancelScope]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.CancelScope() as running:
            self._running.add(running)
            try:
                await self._app(scope, receive, send)
            finally:
                self._running.discard(running)

    def end(self) -> None:
        """End everything that the app does."""
        for running in self._running:
            running.cancel()
