"""The tools: their functions, their results, and the sentences that a model reads of them.

Names, arguments and descriptions are a contract with agents and policies written for them.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

from binance_mcp.futures.exchange import Exchange
from binance_mcp.futures.listen_key import ActiveKey
from binance_mcp.server.calls import Calls
from binance_mcp.server.status import (
    ENVIRONMENT,
    ListenKeyReport,
    Quota,
    Told,
    shown,
    status_of,
)

_CREATE: Final = (
    "Create a new USD-M Futures user data stream listen key. The listen key is valid for 60 "
    "minutes and can be used to receive account updates via WebSocket. An account has one: if "
    "it is active already, it is returned again and extended. Must be kept alive with "
    "BinanceFuturesKeepAliveListenKey, unless the result says that this happens automatically."
)
_KEEPALIVE: Final = (
    "Keepalive a USD-M Futures user data stream listen key. Extends the validity by 60 "
    "minutes. Should be called every 30-50 minutes to maintain the connection."
)
_CLOSE: Final = (
    "Close a USD-M Futures user data stream listen key. This invalidates the listen key and "
    "closes the associated WebSocket stream. The key is the account's only one: every program "
    "that receives the account's events with it stops receiving them."
)

_STATUS: Final = (
    "Tell the state of the account's listen key without asking Binance: whether it is active, when "
    "it expires, when it is kept alive next, what failed, whether it was replaced and since when "
    "events may be missing, and how many calls the policy's limits still allow."
)
KEEPALIVE_TOOL: Final = "BinanceFuturesKeepAliveListenKey"
STATUS_TOOL: Final = "BinanceFuturesGetListenKeyStatus"

RecvWindow = Annotated[
    int | None,
    Field(
        ge=1, le=60_000, description="Recv window in milliseconds; used when requests are signed."
    ),
]


KeptKey = Annotated[
    str | None,
    Field(
        description="Listen key to keep alive. If not provided, uses the account's. It is only "
        "compared with the account's, which has one at a time."
    ),
]
ClosingKey = Annotated[
    str | None,
    Field(
        description="Listen key to close. If not provided, closes the account's. It is only "
        "compared with the account's, which has one at a time."
    ),
]


class KeptListenKey(Told):
    """An active listen key."""

    environment: str = Field(description=ENVIRONMENT)
    listen_key: str = Field(description="The account's listen key: a credential, keep it secret.")
    expires_at: datetime = Field(description="When it expires, unless it is kept alive before.")
    expires_in_seconds: float = Field(description="Seconds until then.")
    automatic_keepalive: bool = Field(description="Whether this server keeps it alive by itself.")
    events_missing_since: datetime | None = Field(
        description="Since when events may be missing, if the key replaces one that was lost."
    )


class ActiveListenKey(KeptListenKey):
    """An active listen key, and the stream behind it."""

    web_socket_url: str = Field(
        description="Where the account's events arrive: as secret as the listen key."
    )


class ClosedListenKey(Told):
    """A closed listen key."""

    environment: str = Field(description=ENVIRONMENT)
    closed: bool = Field(description="True: the account has no active listen key now.")
    was_active: bool = Field(description="Whether there was an active one to close.")


class ListenKeyTools:
    """The functions behind the tools."""

    def __init__(self, calls: Calls, *, reveal: bool) -> None:
        self._calls = calls
        self._reveal = reveal

    async def create_listen_key(
        self, context: Context[Exchange], recvWindow: RecvWindow = None
    ) -> Annotated[CallToolResult, ActiveListenKey]:
        """Create the listen key, or return the active one extended."""
        exchange = context.request_context.lifespan_context
        active = await exchange.keeper.create(_seconds(recvWindow))
        kept = self._kept(exchange, active)
        result = ActiveListenKey(
            **kept.model_dump(),
            web_socket_url=exchange.environment.user_stream_url(kept.listen_key),
        )
        return _succeeded(
            f"The account's listen key on {result.environment} is active until "
            f"{result.expires_at:%H:%M:%S} UTC{_care(result)}. Events arrive at "
            f"{result.web_socket_url}",
            result,
        )

    async def keepalive_listen_key(
        self,
        context: Context[Exchange],
        listenKey: KeptKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, KeptListenKey]:
        """Extend the active listen key by 60 minutes."""
        exchange = context.request_context.lifespan_context
        active = await exchange.keeper.keepalive(listenKey, _seconds(recvWindow))
        result = self._kept(exchange, active)
        return _succeeded(
            f"The account's listen key on {result.environment} was kept alive: it is active until "
            f"{result.expires_at:%H:%M:%S} UTC{_care(result)}.",
            result,
        )

    async def close_listen_key(
        self,
        context: Context[Exchange],
        listenKey: ClosingKey = None,
        recvWindow: RecvWindow = None,
    ) -> Annotated[CallToolResult, ClosedListenKey]:
        """Close the active listen key, for every program that uses it."""
        exchange = context.request_context.lifespan_context
        was_active = await exchange.keeper.close(listenKey, _seconds(recvWindow))
        environment = exchange.environment.name
        return _succeeded(
            f"The account's listen key on {environment} is closed; its programs receive no more "
            "events."
            if was_active
            else f"The account has no active listen key on {environment}: nothing to close.",
            ClosedListenKey(environment=environment, closed=True, was_active=was_active),
        )

    async def get_listen_key_status(
        self, context: Context[Exchange]
    ) -> Annotated[CallToolResult, ListenKeyReport]:
        """Return the status, and what the caller may still do."""
        status = status_of(context.request_context.lifespan_context, reveal=self._reveal)
        report = ListenKeyReport(
            **status.model_dump(),
            remaining_quota=[Quota(**asdict(left)) for left in self._calls.remaining(context)],
            policy_problem=self._calls.policy_problem,
        )
        return _succeeded(status.sentence(), report)

    def _kept(self, exchange: Exchange, active: ActiveKey) -> KeptListenKey:
        left = active.expires_at - exchange.keeper.clock.now()
        rotations = exchange.keeper.life.rotations
        replaced = [each for each in rotations if each.at == active.extended_at]
        return KeptListenKey(
            environment=exchange.environment.name,
            listen_key=shown(active.key, reveal=self._reveal),
            expires_at=exchange.date_of(active.expires_at),
            expires_in_seconds=round(left, 3),
            automatic_keepalive=exchange.keeper.schedule is not None,
            events_missing_since=exchange.date_of(replaced[-1].missing_since) if replaced else None,
        )


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
        ),
        _tool(
            tools.get_listen_key_status,
            STATUS_TOOL,
            _STATUS,
            ToolAnnotations(read_only_hint=True, destructive_hint=False),
        ),
    ]


def _tool(
    function: Callable[..., Any], name: str, description: str, hints: ToolAnnotations
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
    )
    tool.parameters["additionalProperties"] = False
    for schema in (tool.parameters, tool.output_schema or {}):
        for titled in (schema, *schema["properties"].values()):
            titled.pop("title", None)  # the names again, in another spelling
    return tool


def _care(result: KeptListenKey) -> str:
    """Return what else a model should know of an active key."""
    care = (
        ", and kept alive automatically"
        if result.automatic_keepalive
        else "; keep it alive every 30-50 minutes with BinanceFuturesKeepAliveListenKey"
    )
    if since := result.events_missing_since:
        return (
            f"{care}; it replaces a lost one, so connect anew (BinanceFuturesCreateListenKey tells "
            f"where), and events since {since:%H:%M:%S} UTC may be missing"
        )
    return care


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _succeeded(text: str, result: BaseModel) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=result.model_dump(mode="json", by_alias=True),
    )
