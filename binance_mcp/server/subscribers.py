"""Telling clients that something changed, in both protocol eras.

From 2026-07-28 on, clients listen on streams that the SDK serves; before, a connection is sent
notifications from its handshake to its end. The SDK has no public way to find those connections.
https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from typing import Any, Final

import anyio
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

_PATIENCE_SECONDS: Final = 5.0
"""How long a client may take to accept a notification before it goes without."""


class _Bus(InMemorySubscriptionBus):
    """The SDK's bus, which knows how many listen."""

    listeners = 0

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        unsubscribe = super().subscribe(listener)
        self.listeners += 1

        @cache  # it may be called again
        def leave() -> None:
            unsubscribe()
            self.listeners -= 1

        return leave


class Subscribers:
    """The clients that want to hear of changes."""

    def __init__(self) -> None:
        self.bus = _Bus()
        self._sessions: dict[int, ServerSession] = {}
        self._watchers: dict[str, dict[int, ServerSession]] = defaultdict(dict)

    def attach(self, server: Server[Any]) -> None:
        """Serve the subscriptions of connections, and say so in the handshake."""
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe
        )
        # The SDK has no other way to say which lists change.
        server.create_initialization_options = partial(  # pyright: ignore[reportAttributeAccessIssue]
            server.create_initialization_options, NotificationOptions(tools_changed=True)
        )

    async def watch(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """See the handshakes pass, as a middleware of the server."""
        if ctx.method == "notifications/initialized":
            _remember(self._sessions, ctx.session)
        return await call_next(ctx)

    async def _subscribe(
        self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        _remember(self._watchers[params.uri], ctx.session)
        return EmptyResult()

    async def _unsubscribe(
        self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._watchers[params.uri].pop(id(_connection(ctx.session)), None)
        return EmptyResult()

    def are_there(self, uri: str) -> bool:
        """Return whether anybody may want to know that a resource has changed."""
        return bool(self.bus.listeners or self._watchers[uri])

    async def tools_changed(self) -> None:
        """Tell every client that the list of tools is another."""
        await self.bus.publish(ToolsListChanged())
        await self._tell(self._sessions, ServerSession.send_tool_list_changed)

    async def resource_updated(self, uri: str) -> None:
        """Tell every client that wants to know that a resource is another."""
        await self.bus.publish(ResourceUpdated(uri=uri))
        await self._tell(self._watchers[uri], lambda session: session.send_resource_updated(uri))

    async def _tell(
        self,
        sessions: Mapping[int, ServerSession],
        send: Callable[[ServerSession], Awaitable[None]],
    ) -> None:
        async def tell(session: ServerSession) -> None:
            with anyio.move_on_after(_PATIENCE_SECONDS):
                await send(session)

        async with anyio.create_task_group() as tasks:
            for session in list(sessions.values()):
                tasks.start_soon(tell, session)


def _remember(sessions: dict[int, ServerSession], session: ServerSession) -> None:
    """Add a session for as long as its connection lasts."""
    connection = _connection(session)
    if id(connection) not in sessions:
        sessions[id(connection)] = session
        connection.exit_stack.callback(sessions.pop, id(connection), None)


def _connection(session: ServerSession) -> Connection:
    return session._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
