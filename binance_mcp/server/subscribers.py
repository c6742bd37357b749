"""Notifying clients of changes, in both protocol eras.

From 2026-07-28 on, clients listen on streams that the SDK serves; before, a connection is sent
notifications from its handshake to its end.
https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
"""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, TypeAlias, cast

import anyio
from anyio.abc import TaskGroup
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from binance_mcp.server.sdk import announce_tool_changes, connection_of

_Notification: TypeAlias = Callable[[ServerSession], Awaitable[None]]

_PATIENCE_SECONDS: Final = 5.0
"""How long a client may take to accept a notification before it is dropped."""
_MOST_QUEUED: Final = 100
_LONGEST_URI: Final = 200


class _Bus(InMemorySubscriptionBus):
    """The SDK's bus with a count of its listeners."""

    listeners = 0

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        unsubscribe = super().subscribe(listener)
        self.listeners += 1

        @cache  # it may be called twice
        def leave() -> None:
            unsubscribe()
            self.listeners -= 1

        return leave


class Subscribers:
    """The clients to notify of changes. `is_readable` returns whether a resource exists."""

    def __init__(self, is_readable: Callable[[str], bool]) -> None:
        self.bus = _Bus()
        self._is_readable = is_readable
        self._clients: dict[int, _Client] = {}
        self._watchers: dict[str, dict[int, _Client]] = {}
        self._tasks: TaskGroup

    def attach(self, server: Server[Any]) -> None:
        """Serve subscriptions, and announce them in the handshake."""
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        server.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe
        )
        announce_tool_changes(server)

    async def watch(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Remember clients after their handshake, and check what others listen to. A middleware.

        The SDK acknowledges every URI in `subscriptions/listen`, and keeps it.
        """
        if ctx.method == "notifications/initialized":
            _remember(self._clients, ctx.session)
        if ctx.method == "subscriptions/listen":
            for uri in _listened_to(ctx.params):
                self._check(uri)
        return await call_next(ctx)

    async def _subscribe(
        self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        self._check(params.uri)
        _remember(self._watchers.setdefault(params.uri, {}), ctx.session)
        return EmptyResult()

    async def _unsubscribe(
        self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._check(params.uri)
        self._watchers.get(params.uri, {}).pop(id(connection_of(ctx.session)), None)
        return EmptyResult()

    def _check(self, uri: str) -> None:
        if not self._is_readable(uri):
            told = uri[:_LONGEST_URI]
            raise MCPError(INVALID_PARAMS, f"Unknown resource: {told}", {"uri": told})

    def are_there(self, uri: str) -> bool:
        """Return whether there may be subscribers of a resource."""
        return bool(self.bus.listeners or self._watchers.get(uri))

    async def tools_changed(self) -> None:
        """Notify every client that the list of tools has changed."""
        await self.bus.publish(ToolsListChanged())
        self._notify(self._clients, ServerSession.send_tool_list_changed)

    async def others_changed(self) -> None:
        """Notify listeners that the lists of resources and of prompts have changed."""
        await self.bus.publish(ResourcesListChanged())
        await self.bus.publish(PromptsListChanged())

    async def resource_updated(self, uri: str) -> None:
        """Notify the subscribers of a resource that it has changed, if it is readable."""
        if not self._is_readable(uri):
            return
        await self.bus.publish(ResourceUpdated(uri=uri))
        self._notify(self._watchers.get(uri, {}), lambda client: client.send_resource_updated(uri))

    def _notify(self, clients: Mapping[int, "_Client"], notification: _Notification) -> None:
        for client in clients.values():
            client.notify(self._tasks, notification)

    @asynccontextmanager
    async def notifying(self) -> AsyncGenerator[None]:
        """Send notifications while the block runs."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            yield
            tasks.cancel_scope.cancel()


class _Client:
    """A connection and its queue of notifications: a client that stalls delays no other."""

    def __init__(self, session: ServerSession) -> None:
        self._session = session
        self._queue: deque[_Notification] = deque(maxlen=_MOST_QUEUED)
        self._is_sending = False

    def notify(self, tasks: TaskGroup, notification: _Notification) -> None:
        """Queue a notification; if there are too many, the oldest is dropped."""
        self._queue.append(notification)
        if not self._is_sending:
            self._is_sending = True
            tasks.start_soon(self._send)

    async def _send(self) -> None:
        while self._queue:
            with anyio.move_on_after(_PATIENCE_SECONDS):
                await self._queue.popleft()(self._session)
        self._is_sending = False


def _listened_to(params: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the URIs in a request; whatever else is wrong with it, the SDK refuses."""
    notifications = _object((params or {}).get("notifications"))
    uris = notifications.get("resourceSubscriptions")
    listed = cast("list[object]", uris) if isinstance(uris, list) else []
    yield from (uri for uri in listed if isinstance(uri, str))


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _remember(clients: dict[int, _Client], session: ServerSession) -> None:
    """Keep a client for as long as its connection lasts."""
    connection = connection_of(session)
    if id(connection) not in clients:
        clients[id(connection)] = _Client(session)
        connection.exit_stack.callback(clients.pop, id(connection), None)
