"""What clients are notified of: the listen key, events, and what the policy shows them."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.server.prompts.menu import NEEDED
from binance_mcp.server.resources import LISTEN_KEY_URI, TOOL_OF, USER_EVENTS_URI
from binance_mcp.server.subscribers import Subscribers
from binance_mcp.server.tool_calls import ToolCalls

_POLICY_CHECK_SECONDS: Final = 1.0
_TOGETHER_SECONDS: Final = 0.5
"""Events that arrive within this time are one change."""
_MOST_WAITING: Final = 1000
"""Changes of the key that may wait to be published; any further ones are part of the last."""


class Changes:
    """Notifies the subscribers of changes while `watching`."""

    def __init__(self, subscribers: Subscribers, calls: ToolCalls, tools: Collection[str]) -> None:
        self._subscribers = subscribers
        self._calls = calls
        self._tools = tools
        self._send, self._receive = anyio.create_memory_object_stream[None](_MOST_WAITING)

    def listen_key_changed(self) -> None:
        """Publish that the listen key has changed, if there are subscribers."""
        if self._subscribers.are_there(LISTEN_KEY_URI):
            with suppress(anyio.WouldBlock, anyio.ClosedResourceError):  # closed: the server stops
                self._send.send_nowait(None)

    @asynccontextmanager
    async def watching(self, journal: Journal) -> AsyncGenerator[None]:
        """Watch the policy and the events, and publish every change while the block runs."""
        with self._send, self._receive:
            async with self._subscribers.notifying(), anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch_policy)
                tasks.start_soon(self._publish)
                tasks.start_soon(self._publish_events, journal)
                yield
                tasks.cancel_scope.cancel()

    async def _publish(self) -> None:
        async for _ in self._receive:
            await self._subscribers.resource_updated(LISTEN_KEY_URI)

    async def _publish_events(self, journal: Journal) -> None:
        published = journal.version
        while True:
            if journal.version == published:
                await journal.changes()
            published = journal.version
            await self._subscribers.resource_updated(USER_EVENTS_URI)
            await anyio.sleep(_TOGETHER_SECONDS)

    async def _watch_policy(self) -> None:
        shown = self._shown()
        while True:
            await anyio.sleep(_POLICY_CHECK_SECONDS)
            self._calls.refresh_policy()
            if (now_shown := self._shown()) != shown:
                has_others = any(
                    (tool in shown) != (tool in now_shown)
                    for tool in (*TOOL_OF.values(), *NEEDED.values())
                )
                shown = now_shown
                await self._subscribers.tools_changed()
                if has_others:
                    await self._subscribers.others_changed()

    def _shown(self) -> list[str]:
        return [name for name in self._tools if not self._calls.is_hidden(name)]
