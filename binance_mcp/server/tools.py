"""The tools: their functions, their results, and the sentences that a model reads of them.

Names, arguments and descriptions are a contract with agents and policies written for them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from binance_mcp.futures.exchange import Exchange
from binance_mcp.futures.listen_key import ActiveKey

_CREATE: Final = (
    "Create a new USD-M Futures user data stream listen key. The listen key is valid for 60 "
    "minutes and can be used to receive account updates via WebSocket. An account has one: if "
    "it is active already, it is returned again and extended. Must be kept alive with "
    "BinanceFuturesKeepAliveListenKey."
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

RecvWindow = Annotated[
    int | None,
    Field(
        ge=1, le=60_000, description="Recv window in milliseconds; used when requests are signed."
    ),
]


class _Result(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    environment: str = Field(description="Where the account is: mainnet, demo or sandbox.")


class ActiveListenKey(_Result):
    """An active listen key."""

    listen_key: str = Field(description="The account's listen key: a credential, keep it secret.")
    expires_at: datetime = Field(description="When it expires, unless it is kept alive before.")
    expires_in_seconds: float = Field(description="Seconds until then.")
    web_socket_url: str = Field(
        description="Where the account's events arrive: as secret as the listen key."
    )


class ClosedListenKey(_Result):
    """A closed listen key."""

    closed: bool = Field(description="True: the account has no active listen key now.")
    was_active: bool = Field(description="Whether there was an active one to close.")


async def create_listen_key(
    context: Context[Exchange], recvWindow: RecvWindow = None
) -> Annotated[CallToolResult, ActiveListenKey]:
    """Create the listen key, or return the active one extended."""
    exchange = context.request_context.lifespan_context
    active = await exchange.keeper.create(_seconds(recvWindow))
    result = _active(exchange, active)
    return _succeeded(
        f"The account's listen key on {result.environment} is active until "
        f"{result.expires_at:%H:%M:%S} UTC; keep it alive every 30-50 minutes with "
        f"BinanceFuturesKeepAliveListenKey. Events arrive at {result.web_socket_url}",
        result,
    )


async def keepalive_listen_key(
    context: Context[Exchange],
    listenKey: Annotated[
        str | None,
        Field(
            description="Listen key to keep alive. If not provided, uses the account's. It is only "
            "compared with the account's, which has one at a time."
        ),
    ] = None,
    recvWindow: RecvWindow = None,
) -> Annotated[CallToolResult, ActiveListenKey]:
    """Extend the active listen key by 60 minutes."""
    exchange = context.request_context.lifespan_context
    active = await exchange.keeper.keepalive(listenKey, _seconds(recvWindow))
    result = _active(exchange, active)
    return _succeeded(
        f"The account's listen key on {result.environment} was kept alive: it is active until "
        f"{result.expires_at:%H:%M:%S} UTC. Keep it alive again in 30-50 minutes.",
        result,
    )


async def close_listen_key(
    context: Context[Exchange],
    listenKey: Annotated[
        str | None,
        Field(
            description="Listen key to close. If not provided, closes the account's. It is only "
            "compared with the account's, which has one at a time."
        ),
    ] = None,
    recvWindow: RecvWindow = None,
) -> Annotated[CallToolResult, ClosedListenKey]:
    """Close the active listen key, for every program that uses it."""
    exchange = context.request_context.lifespan_context
    was_active = await exchange.keeper.close(listenKey, _seconds(recvWindow))
    environment = exchange.environment.name
    return _succeeded(
        f"The account's listen key on {environment} is closed; its programs receive no more events."
        if was_active
        else f"The account has no active listen key on {environment}: there was nothing to close.",
        ClosedListenKey(environment=environment, closed=True, was_active=was_active),
    )


def listen_key_tools() -> list[Tool]:
    """Return the tools, in the order in which they are listed."""
    return [
        _tool(create_listen_key, "BinanceFuturesCreateListenKey", _CREATE),
        _tool(keepalive_listen_key, "BinanceFuturesKeepAliveListenKey", _KEEPALIVE),
        _tool(close_listen_key, "BinanceFuturesCloseListenKey", _CLOSE, destructive=True),
    ]


def _tool(
    function: Callable[..., Any], name: str, description: str, *, destructive: bool = False
) -> Tool:
    """Return a tool that, repeated, has no further effect, and that refuses unknown arguments."""
    tool = Tool.from_function(
        function,
        name=name,
        title=function.__name__.replace("_", " ").capitalize(),
        description=description,
        annotations=ToolAnnotations(
            read_only_hint=False,
            destructive_hint=destructive,
            idempotent_hint=True,
            open_world_hint=True,
        ),
    )
    tool.parameters["additionalProperties"] = False
    for schema in (tool.parameters, tool.output_schema or {}):
        for titled in (schema, *schema["properties"].values()):
            titled.pop("title", None)  # the names again, in another spelling
    return tool


def _active(exchange: Exchange, active: ActiveKey) -> ActiveListenKey:
    left = active.expires_at - anyio.current_time()
    return ActiveListenKey(
        environment=exchange.environment.name,
        listen_key=active.key.get_secret_value(),
        expires_at=datetime.fromtimestamp(round(exchange.wall_clock() + left), UTC),
        expires_in_seconds=round(left, 3),
        web_socket_url=exchange.environment.user_stream_url(active.key),
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _succeeded(text: str, result: BaseModel) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=result.model_dump(mode="json", by_alias=True),
    )
