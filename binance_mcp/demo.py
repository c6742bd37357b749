"""The newcomer's first minute: a real MCP client, the server as a host starts it, the sandbox.

No account and no network are needed; everything stays on this machine.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ReadResourceResult, TextContent, TextResourceContents

from binance_mcp.masking import mask_tokens
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import ServedSandbox, serving_sandbox
from binance_mcp.settings import Settings

Say = Callable[[str], object]

_CREATE: Final = "BinanceFuturesCreateListenKey"
_KEEPALIVE: Final = "BinanceFuturesKeepAliveListenKey"
_STATUS: Final = "BinanceFuturesGetListenKeyStatus"
_EVENTS: Final = "BinanceFuturesReadUserEvents"
_SNAPSHOT: Final = "BinanceFuturesGetAccountSnapshot"
_RESOURCE: Final = "binance://futures/listen-key"
_KEEPALIVES: Final = 3


async def run_demo(say: Say, entry: str) -> int:
    """Show a listen key kept alive, events, a key replaced, the account, the limiter, what next.

    `entry` is that of the server in a host's configuration. Returns the exit code.
    """
    sandbox = Sandbox()
    async with serving_sandbox(sandbox) as exchange:
        say(f"The sandbox, which stands in for Binance USD-M Futures, runs at {exchange.rest_url}.")
        say("The MCP server is started as a host starts it: python -P -m binance_mcp")
        say("(-P: without modules from the current folder).")
        say("It sends a keepalive every second here; outside of this demo, every 30 to 35 minutes.")
        async with Client(_server(exchange)) as client:
            ledger = sandbox.ledger()
            ledger.set_mark("BTCUSDT", "64100.00")
            first, second = (
                ledger.place_order("BTCUSDT", "BUY", "0.010", price)
                for price in ("64090.00", "64050.00")
            )
            await _show_keepalive(client, say)
            await _show_fill(client, partial(ledger.fill, first, price="64089.20"), say)
            ledger.fill(second, withheld=True)
            await _show_replacement(client, exchange, say)
            await _show_account(client, say)
            await _show_limiter(client, say)
        say("\n6. What the sandbox received, secrets masked:")
        _show_counts(sandbox, say)
        say(
            "\nNext: add the server to a host. For Claude Desktop, in claude_desktop_config.json:\n"
        )
        say(entry)
        say('\nWithout an account: "BINANCE_ENVIRONMENT": "sandbox" instead of the API key.')
        return 0


def _server(exchange: ServedSandbox) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-P", "-m", "binance_mcp"],
        env={
            **os.environ,
            **{str(field.validation_alias): "" for field in Settings.model_fields.values()},
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": exchange.rest_url,
            "BINANCE_STREAM_URL": exchange.stream_url,
            "BINANCE_API_KEY": exchange.account.api_key,
            "BINANCE_API_SECRET": exchange.account.api_secret,
            "BINANCE_MCP_KEEPALIVE_SECONDS": "1",
            "BINANCE_MCP_KEEPALIVE_JITTER_SECONDS": "0",
            "BINANCE_MCP_LOG_LEVEL": "ERROR",
        },
    )


async def _show_keepalive(client: Client, say: Say) -> None:
    say(f"\n1. An agent calls {_CREATE} once. From then on the server keeps the key alive:")
    async with client.listen(resource_subscriptions=[_RESOURCE]) as changes:
        _show(await client.call_tool(_CREATE, {}), say)
        for _ in range(1 + _KEEPALIVES):
            await anext(changes)
    say(f"   {_KEEPALIVES} keepalives later, {_STATUS}:")
    _show(await client.call_tool(_STATUS, {}), say)


async def _show_replacement(client: Client, exchange: ServedSandbox, say: Say) -> None:
    say("\n3. Another program of the account closes the key. The server creates a new one by")
    say("   itself, and tells each agent once, with the next result:")
    async with client.listen(resource_subscriptions=[_RESOURCE]) as changes:
        await anyio.to_thread.run_sync(_close_as_another_program, exchange)
        while not _is_replaced(await client.read_resource(_RESOURCE)):
            await anext(changes)
    _show(await client.call_tool(_STATUS, {}), say)
    say("   Another order was filled meanwhile. No event told of it, so it was read from Binance:")
    await _show_orders(client, say)


def _close_as_another_program(exchange: ServedSandbox) -> None:
    headers = {"X-MBX-APIKEY": exchange.account.api_key}
    _request(exchange, "DELETE", "/fapi/v1/listenKey", headers=headers)


def _is_replaced(result: ReadResourceResult) -> bool:
    (contents,) = result.contents
    return isinstance(contents, TextResourceContents) and "rotationCount" in contents.text


async def _show_fill(client: Client, fill: Callable[[], object], say: Say) -> None:
    say(f"\n2. An order is filled on the exchange. {_EVENTS} waits for it:")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_later, fill)
        await _show_orders(client, say)


async def _later(act: Callable[[], object]) -> None:
    await anyio.sleep(1)
    act()


async def _show_orders(client: Client, say: Say) -> None:
    orders = {"eventTypes": ["ORDER_TRADE_UPDATE"], "waitSeconds": 30}
    _show(await client.call_tool(_EVENTS, orders), say)


async def _show_account(client: Client, say: Say) -> None:
    say(f"\n4. {_SNAPSHOT}, because the server has an API secret:")
    _show(await client.call_tool(_SNAPSHOT, {}), say)


def _request(
    exchange: ServedSandbox,
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    with closing(HTTPConnection(urlsplit(exchange.rest_url).netloc)) as connection:
        connection.request(method, path, body, headers or {})
        connection.getresponse().read()


async def _show_limiter(client: Client, say: Say) -> None:
    say(f"\n5. {_KEEPALIVE} again and again, until the policy says no:")
    admitted = 0
    while not (result := await client.call_tool(_KEEPALIVE, {})).is_error:
        admitted += 1
    say(f"   {admitted} calls were admitted; the next one: {_text(result)}")


def _show_counts(sandbox: Sandbox, say: Say) -> None:
    """Show how often each request was sent, and the first of its kind as it was."""
    counts = Counter((sent.method, sent.path, sent.status) for sent in sandbox.requests)
    for (method, path, status), count in counts.items():
        say(f"   {count:3} x {method} {path} -> {status}")
    first = sandbox.requests[0]
    say(f"   The first was signed: {first.method} {first.path}?{first.query}")


def _show(result: CallToolResult, say: Say) -> None:
    for line in _text(result).splitlines():
        say(f"   {line}")


def _text(result: CallToolResult) -> str:
    text = " ".join(block.text for block in result.content if isinstance(block, TextContent))
    return mask_tokens(text)
