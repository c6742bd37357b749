"""How long sessions over HTTP may be idle. Protocol revisions with a handshake have sessions.

The SDK refuses new sessions while too many are open: a thousand abandoned ones would lock every
client with a handshake out for half an hour. Here the longest idle session is closed to make room,
and a session that was never used after its handshake is closed early.
"""

from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from binance_mcp.server.identity import SESSION_HEADER
from binance_mcp.server.sdk import allow_idle, close_session, open_sessions

MOST: Final = 1000
"""Sessions that may be open at once."""
SPARE: Final = 100
"""More that may be open for as long as it takes to close others: many may open at once."""
UNUSED_SECONDS: Final = 120.0
"""How long a session may be idle that was not used since its handshake."""
_USED_SECONDS: Final = 1800.0
"""How long a used session may be idle."""
_HANDSHAKE: Final = ("initialize", "notifications/initialized")


class Sessions:
    """The open sessions of a server."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager
        self._open = open_sessions(manager)

    def making_room(self, app: ASGIApp) -> ASGIApp:
        """Return the app with room for one more session: the longest idle one is closed."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and len(self._open) >= MOST:
                await self._close_longest_idle(Request(scope))
            await app(scope, receive, send)

        return serve

    async def note_use(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Let a session be idle for longer, because it is used. A middleware."""
        request: object = ctx.request
        if isinstance(request, Request) and ctx.method not in _HANDSHAKE:
            session = self._open.get(request.headers.get(SESSION_HEADER, ""))
            if session:
                allow_idle(session, _USED_SECONDS)
        return await call_next(ctx)

    async def _close_longest_idle(self, request: Request) -> None:
        if request.method != "POST" or SESSION_HEADER in request.headers:
            return
        idle = {
            each.idle_scope.deadline: (name, each)
            for name, each in self._open.items()
            if each.idle_scope and each.idle_scope.deadline < float("inf")
        }
        if idle:
            name, session = idle[min(idle)]
            await close_session(self._manager, name, session)
