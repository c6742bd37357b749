"""Telling clients that something changed, in both protocol eras.

From 2026-07-28 on, clients listen on streams that the SDK serves; before, a connection is sent
notifications from its handshake to its end. The SDK has no public way to find those connections.
https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ToolsListChanged

_PATIENCE_SECONDS: Final = 5.0
"""How long a client may take to accept a notification before it goes without."""


class Subscribers:
    """The clients that want to hear of changes."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self._sessions: dict[int, ServerSession] = {}

    async def watch(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """See the handshakes pass, as a middleware of the server."""
        if ctx.method == "notifications/initialized":
            connection = ctx.session._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            self._sessions[id(connection)] = ctx.session
            connection.exit_stack.callback(self._sessions.pop, id(connection), None)
        return await call_next(ctx)

    async def tools_changed(self) -> None:
        """Tell every client that the list of tools is another."""
        await self.bus.publish(ToolsListChanged())
        await self._tell(ServerSession.send_tool_list_changed)

    async def _tell(self, send: Callable[[ServerSession], Awaitable[None]]) -> None:
        async def tell(session: ServerSession) -> None:
            with anyio.move_on_after(_PATIENCE_SECONDS):
                await send(session)

        async with anyio.create_task_group() as tasks:
            for session in list(self._sessions.values()):
                tasks.start_soon(tell, session)
