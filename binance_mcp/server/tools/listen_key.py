"""The tools that ask Binance: creating, keeping alive and closing the listen key.

Names, arguments and descriptions are a contract with agents and policies written for them.
"""

from datetime import datetime
from typing import Annotated, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult
from pydantic import Field

from binance_mcp.futures.account import Account
from binance_mcp.futures.listen_key import ActiveKey
from binance_mcp.server.identity import client_of
from binance_mcp.server.tools.results import (
    Reveal,
    ToolResult,
    date_and_time,
    how_to_connect_again,
    replacement_sentences,
    shown,
    stream_url,
    succeeded,
)
from binance_mcp.server.tools.told_keys import Replacement, ToldKeys
from binance_mcp.server.tools.tool import DESTROYS, EXTENDS, make_tool

CREATE_TOOL: Final = "BinanceFuturesCreateListenKey"
KEEPALIVE_TOOL: Final = "BinanceFuturesKeepAliveListenKey"
CLOSE_TOOL: Final = "BinanceFuturesCloseListenKey"

_CREATE: Final = (
    "Create a new USD-M Futures user data stream listen key, valid for 60 minutes, to receive "
    "account updates via WebSocket. An active one is returned again, extended. "
    "Keep it alive with BinanceFuturesKeepAliveListenKey, unless automatic."
)
_KEEPALIVE: Final = (
    "Keepalive a USD-M Futures user data stream listen key. Extends the validity by 60 "
    "minutes. Should be called every 30-50 minutes to maintain the connection."
)
_CLOSE: Final = (
    "Close the USD-M Futures user data stream listen key, for every program of the account: "
    "their WebSocket streams end."
)
_CONNECT_AGAIN: Final = "Connect again with the new key."
_ASKS_THE_USER: Final = {"anthropic/requiresUserInteraction": True}
"""A host that knows this hint asks the user before each call: https://code.claude.com/docs/en/mcp"""

RecvWindow = Annotated[
    int | None,
    Field(ge=1, le=60_000, strict=True, description="Milliseconds."),
]
GivenKey = Annotated[str | None, Field(description="Default: the account's.")]


class KeptListenKey(ToolResult):
    """An active listen key."""

    environment: str
    listen_key: str
    expires_at: datetime
    expires_in_seconds: int
    automatic_keepalive: bool
    events_missing_since: datetime | None = None
    """Only if the key replaces another one."""
    web_socket_url: str | None = None


class ClosedListenKey(ToolResult):
    """A closed listen key."""

    environment: str
    closed: bool
    was_active: bool


class ListenKeyTools:
    """The functions behind the tools."""

    def __init__(self, told_keys: ToldKeys, reveal: Reveal) -> None:
        self._told_keys = told_keys
        self._reveal: Final = reveal
        self._shows: Final = reveal != "never"

    async def create_listen_key(
        self, context: Context[Account], recvWindow: RecvWindow = None
    ) -> Annotated[CallToolResult, KeptListenKey]:
        """Create the listen key, or extend and return the active one."""
        account = context.request_context.lifespan_context
        before = account.keeper.life.last
        active = await account.keeper.create(_seconds(recvWindow))
        replaced = self._replaced(context, active, before)
        result = _kept(account, active, replaced, shown=shown(active.key, is_revealed=self._shows))
        result = result.model_copy(update={"web_socket_url": stream_url(account)})
        how = _CONNECT_AGAIN if self._shows else how_to_connect_again(self._reveal)
        text = replacement_sentences(account, replaced, how) + self._created(account, result)
        return succeeded(text, result)

    async def keepalive_listen_key(
        self,
        context: Context[Account],
        listenKey: GivenKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, KeptListenKey]:
        """Extend the active listen key by 60 minutes."""
        account = context.request_context.lifespan_context
        before = account.keeper.life.last
        active = await account.keeper.keepalive(listenKey, _seconds(recvWindow))
        replaced = self._replaced(context, active, before)
        result = _kept(
            account, active, replaced, shown=shown(active.key, is_revealed=self._reveal == "always")
        )
        how = how_to_connect_again(self._reveal)
        return succeeded(
            f"{replacement_sentences(account, replaced, how)}{_active(result)} "
            f"{care_sentence(result)}",
            result,
        )

    async def close_listen_key(
        self,
        context: Context[Account],
        listenKey: GivenKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, ClosedListenKey]:
        """Close the active listen key, for every program that uses it."""
        account = context.request_context.lifespan_context
        was_active = await account.keeper.close(listenKey, _seconds(recvWindow))
        self._told_keys.forget(client_of(context))
        environment = account.environment.name
        return succeeded(
            f"The account's listen key on {environment} is closed; its programs receive no more "
            "events."
            if was_active
            else f"The account has no active listen key on {environment}: nothing to close.",
            ClosedListenKey(environment=environment, closed=True, was_active=was_active),
        )

    def _replaced(
        self, context: Context[Account], active: ActiveKey, before: ActiveKey | None
    ) -> Replacement | None:
        keeper = context.request_context.lifespan_context.keeper
        client, now = client_of(context), keeper.clock.now()
        return self._told_keys.tell(client, active, keeper.life, before, now)

    def _created(self, account: Account, result: KeptListenKey) -> str:
        """Return what a host that hands on the text only must give the model: the key as well."""
        place = (
            f" Its stream: {account.environment.stream_url}/private/ws?listenKey=<listenKey>"
            "&events=<types>"
            if result.web_socket_url
            else " Its stream is in this process only."
        )
        return (
            f"Listen key on {result.environment}: {result.listen_key}"
            f"{'' if self._shows else ' (the settings hide the rest)'}, active until "
            f"{date_and_time(result.expires_at)}. {care_sentence(result)}"
            f"{place if self._shows else ''}"
        )


def listen_key_tools(told_keys: ToldKeys, reveal: Reveal) -> list[Tool]:
    """Return the tools that ask Binance; `reveal` says which of them show the listen key."""
    tools = ListenKeyTools(told_keys, reveal)
    return [
        make_tool(tools.create_listen_key, CREATE_TOOL, _CREATE, EXTENDS),
        make_tool(tools.keepalive_listen_key, KEEPALIVE_TOOL, _KEEPALIVE, EXTENDS),
        make_tool(tools.close_listen_key, CLOSE_TOOL, _CLOSE, DESTROYS, meta=_ASKS_THE_USER),
    ]


def _active(result: KeptListenKey) -> str:
    return (
        f"The account's listen key on {result.environment} is active until "
        f"{date_and_time(result.expires_at)}, as Binance has just confirmed."
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _kept(
    account: Account, active: ActiveKey, replaced: Replacement | None, *, shown: str
) -> KeptListenKey:
    """Return the result about an active key; `shown` is the key or its mask."""
    return KeptListenKey(
        environment=account.environment.name,
        listen_key=shown,
        expires_at=account.date_of(active.expires_at),
        expires_in_seconds=round(active.expires_at - account.keeper.clock.now()),
        automatic_keepalive=account.keeper.schedule is not None,
        events_missing_since=account.date_of(replaced.missing_since) if replaced else None,
        web_socket_url=stream_url(account) if replaced else None,
    )


def care_sentence(result: KeptListenKey) -> str:
    """Return the sentence about who keeps the key alive."""
    if result.automatic_keepalive:
        return "This server keeps it alive automatically."
    return "Call BinanceFuturesKeepAliveListenKey every 30-50 minutes."
