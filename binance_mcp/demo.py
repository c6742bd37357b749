"""The newcomer's first minute: a real MCP client, the server as a host starts it, the sandbox.

No account and no network are needed; everything stays on this machine.
"""

import os
import sys
from collections.abc import Callable
from itertools import groupby
from typing import Final

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.futures.sandbox.served import ServedSandbox, serving_sandbox
from binance_mcp.masking import mask_tokens
from binance_mcp.settings import Settings

Say = Callable[[str], object]

_CREATE: Final = "BinanceFuturesCreateListenKey"
_KEEPALIVE: Final = "BinanceFuturesKeepAliveListenKey"
_CLOSE: Final = "BinanceFuturesCloseListenKey"
_STATUS: Final = "BinanceFuturesGetListenKeyStatus"
_RESOURCE: Final = "binance://futures/listen-key"
_SHORT_LIFE_SECONDS: Final = 3


async def run_demo(say: Say) -> None:
    """Show a listen key's life, the limiter, and what the exchange saw of it, line by line."""
    sandbox = Sandbox()
    async with serving_sandbox(sandbox) as exchange:
        say(f"A stand-in for Binance USD-M Futures runs at {exchange.rest_url}.")
        say("The MCP server is started as a host would start it: python -m binance_mcp\n")
        async with Client(_server(exchange, BINANCE_MCP_AUTO_KEEPALIVE="false")) as client:
            await _show_tools(client, say)
            await _show_calls(client, say)
        _show_requests(sandbox, say)
    await _show_keepalive(say)


def _server(exchange: ServedSandbox, **settings: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        env={
            **os.environ,
            **{str(field.validation_alias): "" for field in Settings.model_fields.values()},
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": exchange.rest_url,
            "BINANCE_STREAM_URL": exchange.stream_url,
            "BINANCE_API_KEY": exchange.account.api_key,
            "BINANCE_API_SECRET": exchange.account.api_secret,
            "BINANCE_MCP_LOG_LEVEL": "ERROR",
            **settings,
        },
    )


async def _show_tools(client: Client, say: Say) -> None:
    say(f"1. tools/list, over MCP {client.protocol_version}:")
    for tool in (await client.list_tools()).tools:
        say(f"   {tool.name}({', '.join(tool.input_schema['properties'])})")


async def _show_calls(client: Client, say: Say) -> None:
    say(f"\n2. {_CREATE}")
    say(f"   {_text(await client.call_tool(_CREATE, {}))}")
    say(f"\n3. {_KEEPALIVE}")
    say(f"   {_text(await client.call_tool(_KEEPALIVE, {}))}")
    say("\n4. The same again and again, as fast as it goes, until the policy says no:")
    admitted, denial = await _burst(client)
    say(f"   {admitted} more calls were admitted; the next one: {_text(denial)}")
    say(f"\n5. {_CLOSE}, which has a limit of its own:")
    say(f"   {_text(await client.call_tool(_CLOSE, {}))}")


async def _burst(client: Client) -> tuple[int, CallToolResult]:
    """Return how many calls were admitted, and the denial."""
    admitted = 0
    while not (result := await client.call_tool(_KEEPALIVE, {})).is_error:
        admitted += 1
    return admitted, result


async def _show_keepalive(say: Say) -> None:
    sandbox = Sandbox(listen_key_seconds=_SHORT_LIFE_SECONDS)
    pace = {"BINANCE_MCP_KEEPALIVE_SECONDS": "1", "BINANCE_MCP_KEEPALIVE_JITTER_SECONDS": "0"}
    say(
        f"\n7. Keys that live {_SHORT_LIFE_SECONDS} seconds, kept alive by the server every second:"
    )
    async with serving_sandbox(sandbox) as exchange, Client(_server(exchange, **pace)) as client:
        async with client.listen(resource_subscriptions=[_RESOURCE]) as changes:
            await client.call_tool(_CREATE, {})
            for _ in range(2 * _SHORT_LIFE_SECONDS):
                await anext(changes)
        say(f"   {_RESOURCE} has changed {2 * _SHORT_LIFE_SECONDS} times. {_STATUS} says:")
        say(f"   {_text(await client.call_tool(_STATUS, {}))}")
    _show_counts(sandbox, say)


def _show_requests(sandbox: Sandbox, say: Say) -> None:
    say("\n6. What reached the exchange, secrets masked:")
    _show_counts(sandbox, say)
    say(f"   with the headers {', '.join(sandbox.requests[0].headers)}")


def _show_counts(sandbox: Sandbox, say: Say) -> None:
    for _, same in groupby(sandbox.requests, key=lambda sent: (sent.method, sent.status)):
        first, *more = same
        say(f"   {len(more) + 1:2} x {first.method} {first.path}?{first.query} -> {first.status}")


def _text(result: CallToolResult) -> str:
    text = " ".join(block.text for block in result.content if isinstance(block, TextContent))
    return mask_tokens(text)
