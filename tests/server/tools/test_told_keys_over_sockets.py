"""A rotation is told once to every caller, over real sockets and pipes, by an exchange that takes
time to answer.
"""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2 as httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult

from binance_mcp.asgi_server import serving
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import ServedSandbox, serving_sandbox
from binance_mcp.server.app import create_server
from binance_mcp.server.http import http_app
from binance_mcp.settings import Settings
from tests.server.connections import CREATE, KEEPALIVE, READ, STATUS, Era, succeeded, text

pytestmark = pytest.mark.anyio

NEXT = pytest.mark.parametrize("tool", [CREATE, KEEPALIVE, STATUS])
ROTATED = "The listen key was replaced: "


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def exchange() -> AsyncGenerator[ServedSandbox]:
    async with serving_sandbox(Sandbox()) as served:
        yield served


async def close_by_another_program(exchange: ServedSandbox) -> None:
    headers = {"X-MBX-APIKEY": exchange.account.api_key}
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"{exchange.rest_url}/fapi/v1/listenKey"
        assert (await http.delete(url, headers=headers)).status_code == 200


def is_told(result: CallToolResult) -> bool:
    assert ("eventsMissingSince" in succeeded(result)) == text(result).startswith(ROTATED)
    return text(result).startswith(ROTATED)


@NEXT
async def test_every_session_over_http_is_told_of_a_rotation_once(
    exchange: ServedSandbox, tool: str
) -> None:
    settings = Settings(
        api_key=exchange.account.api_key,  # pyright: ignore[reportArgumentType]
        environment="sandbox",
        rest_url=exchange.rest_url,
        stream_url=exchange.stream_url,
    )
    app = http_app(create_server(settings))
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(app, host="127.0.0.1", port=0))
        url = f"http://127.0.0.1:{port}/mcp"
        eras: tuple[Era, ...] = ("legacy", "legacy", "auto", "auto")
        clients = [await stack.enter_async_context(Client(url, mode=era)) for era in eras]
        before = [await client.call_tool(CREATE, {}) for client in clients]
        await close_by_another_program(exchange)
        rotating = await clients[0].call_tool(CREATE if tool == STATUS else tool, {})
        first = [await client.call_tool(tool, {}) for client in clients[1:]]
        again = [await client.call_tool(tool, {}) for client in clients]
        read = [await client.call_tool(READ, {}) for client in clients]
    assert not any(map(is_told, before))
    assert {text(result).count("the listen key was lost and replaced") for result in read} == {1}
    assert all(map(is_told, [rotating, *first]))
    assert not any(map(is_told, again))


@NEXT
async def test_over_stdio_a_rotation_that_happened_by_itself_is_told_once(
    exchange: ServedSandbox, tool: str, tmp_path: Path
) -> None:
    host = StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        cwd=tmp_path,
        env={
            **os.environ,
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": exchange.rest_url,
            "BINANCE_STREAM_URL": exchange.stream_url,
            "BINANCE_API_KEY": exchange.account.api_key,
            "BINANCE_MCP_KEEPALIVE_SECONDS": "1",
            "BINANCE_MCP_KEEPALIVE_JITTER_SECONDS": "0",
        },
    )
    uri = "binance://futures/listen-key"
    async with Client(host) as client, client.listen(resource_subscriptions=[uri]) as changes:
        created = await client.call_tool(CREATE, {})
        await anext(changes)
        await close_by_another_program(exchange)
        for _ in ("lost", "replaced"):
            await anext(changes)
        results = [await client.call_tool(tool, {}) for _ in range(2)]
    assert [is_told(result) for result in (created, *results)] == [False, True, False]
