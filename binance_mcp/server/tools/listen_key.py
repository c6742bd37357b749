"""The tools: their functions, their results, and the sentences that a model reads of them.

Names, arguments and descriptions are a contract with agents and policies written for them.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from binance_mcp.futures.exchange import Exchange
from binance_mcp.futures.listen_key import ActiveKey
from binance_mcp.server.callers import caller_of
from binance_mcp.server.calls import Calls
from binance_mcp.server.results import (
    ClosedListenKey,
    KeptListenKey,
    care_sentence,
    date_and_time,
    kept,
    replacement_sentences,
    shown,
    stream_url,
    succeeded,
)
from binance_mcp.server.slim_schema import slim
from binance_mcp.server.status import ListenKeyStatus, report, sentences
from binance_mcp.server.told_keys import Replacement, ToldKeys

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
_STATUS: Final = (
    "Tell the state of the account's listen key without asking Binance: when Binance last "
    "confirmed it, expiry, next keepalive, failures, rotations and since when events may be "
    "missing, and how many calls the policy still allows."
)
_FIRST_WITH_DATA: Final = "2025-06-18"
"""https://modelcontextprotocol.io/specification/2025-06-18/changelog"""
_ASKS_A_PERSON: Final = {"anthropic/requiresUserInteraction": True}
"""A host that knows the hint asks a person before each call: https://code.claude.com/docs/en/mcp"""
KEEPALIVE_TOOL: Final = "BinanceFuturesKeepAliveListenKey"
STATUS_TOOL: Final = "BinanceFuturesGetListenKeyStatus"

RecvWindow = Annotated[
    int | None,
    Field(ge=1, le=60_000, strict=True, description="Milliseconds."),
]
GivenKey = Annotated[str | None, Field(description="Default: the account's.")]
Detail = Annotated[
    bool,
    Field(strict=True, description="Tell also all rotations and quotas."),
]


class ListenKeyTools:
    """The functions behind the tools."""

    def __init__(self, calls: Calls, *, reveal: bool) -> None:
        self._calls = calls
        self._reveal = reveal
        self._told_keys = ToldKeys()

    async def create_listen_key(
        self, context: Context[Exchange], recvWindow: RecvWindow = None
    ) -> Annotated[CallToolResult, KeptListenKey]:
        """Create the listen key, or return the active one extended."""
        exchange = context.request_context.lifespan_context
        before = exchange.keeper.life.last
        active = await exchange.keeper.create(_seconds(recvWindow))
        replaced = self._replaced(context, active, before)
        key = shown(active.key, reveal=self._reveal)
        result = kept(exchange, active, replaced, shown=key)
        result = result.model_copy(update={"web_socket_url": stream_url(exchange)})
        place = "" if _has_data(context) else f" Listen key: {key}. URL: {result.web_socket_url}."
        return succeeded(
            f"{replacement_sentences(exchange, replaced)}{_active(result)} {care_sentence(result)}"
            f" Events arrive at webSocketUrl, with listenKey in the place of <listenKey>.{place}",
            result,
        )

    async def keepalive_listen_key(
        self,
        context: Context[Exchange],
        listenKey: GivenKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, KeptListenKey]:
        """Extend the active listen key by 60 minutes."""
        exchange = context.request_context.lifespan_context
        before = exchange.keeper.life.last
        active = await exchange.keeper.keepalive(listenKey, _seconds(recvWindow))
        replaced = self._replaced(context, active, before)
        result = kept(exchange, active, replaced, shown=str(active.key))
        return succeeded(
            f"{replacement_sentences(exchange, replaced)}{_active(result)} {care_sentence(result)}",
            result,
        )

    async def close_listen_key(
        self,
        context: Context[Exchange],
        listenKey: GivenKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, ClosedListenKey]:
        """Close the active listen key, for every program that uses it."""
        exchange = context.request_context.lifespan_context
        was_active = await exchange.keeper.close(listenKey, _seconds(recvWindow))
        self._told_keys.forget(caller_of(context))
        environment = exchange.environment.name
        return succeeded(
            f"The account's listen key on {environment} is closed; its programs receive no more "
            "events."
            if was_active
            else f"The account has no active listen key on {environment}: nothing to close.",
            ClosedListenKey(environment=environment, closed=True, was_active=was_active),
        )

    async def get_listen_key_status(
        self,
        context: Context[Exchange],
        detail: Detail = False,  # noqa: FBT002  # an argument of the tool has a name
    ) -> Annotated[CallToolResult, ListenKeyStatus]:
        """Return the status, and what the caller may still do."""
        exchange = context.request_context.lifespan_context
        active = exchange.keeper.life.active
        replaced = active and self._replaced(context, active, None)
        status = report(
            exchange,
            replaced,
            self._calls.remaining(context),
            self._calls.policy_problem,
            detail=detail,
        )
        return succeeded(f"{replacement_sentences(exchange, replaced)}{sentences(status)}", status)

    def _replaced(
        self, context: Context[Exchange], active: ActiveKey, before: ActiveKey | None
    ) -> Replacement | None:
        life = context.request_context.lifespan_context.keeper.life
        return self._told_keys.tell(caller_of(context), active, life, before)


def listen_key_tools(calls: Calls, *, reveal: bool = True) -> list[Tool]:
    """Return the tools, in the order in which they are listed."""
    tools = ListenKeyTools(calls, reveal=reveal)
    changes = ToolAnnotations(read_only_hint=False, destructive_hint=False)
    return [
        _tool(tools.create_listen_key, "BinanceFuturesCreateListenKey", _CREATE, changes),
        _tool(tools.keepalive_listen_key, KEEPALIVE_TOOL, _KEEPALIVE, changes),
        _tool(
            tools.close_listen_key,
            "BinanceFuturesCloseListenKey",
            _CLOSE,
            ToolAnnotations(read_only_hint=False, destructive_hint=True),
            _ASKS_A_PERSON,
        ),
        _tool(
            tools.get_listen_key_status,
            STATUS_TOOL,
            _STATUS,
            ToolAnnotations(read_only_hint=True, destructive_hint=False),
        ),
    ]


def _tool(
    function: Callable[..., Any],
    name: str,
    description: str,
    hints: ToolAnnotations,
    meta: dict[str, Any] | None = None,
) -> Tool:
    """Return a tool that, repeated, has no further effect, and that refuses unknown arguments."""
    hints = hints.model_copy(
        update={"idempotent_hint": True, "open_world_hint": not hints.read_only_hint}
    )
    tool = Tool.from_function(
        function,
        name=name,
        title=function.__name__.replace("_", " ").capitalize(),
        description=description,
        annotations=hints,
        meta=meta,
    )
    tool.fn_metadata = _AsSent(
        arg_model=tool.fn_metadata.arg_model,
        output_model=tool.fn_metadata.output_model,
        output_schema=slim(tool.fn_metadata.output_schema or {}),
    )
    tool.parameters = slim(tool.parameters) | {"additionalProperties": False}
    return tool


class _AsSent(FuncMetadata):
    """Takes arguments as they were sent; null is as good as absent.

    The SDK reads text as JSON where a parameter may be something else than text, so that the
    listen key "null" would be none at all.
    """

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}


def _active(result: KeptListenKey) -> str:
    return (
        f"The account's listen key on {result.environment} is active until "
        f"{date_and_time(result.expires_at)}, as Binance has just confirmed."
    )


def _has_data(context: Context[Exchange]) -> bool:
    """Return whether the client's revision of MCP has structured content beside the text."""
    return (context.protocol_version or "") >= _FIRST_WITH_DATA


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
