from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2 as httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from binance_mcp.server.http import http_app
from tests.server.connections import CREATE, KEEPALIVE, Era, Serve, denial

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # the SDK's HTTP client leaves generators to the collector, which trio reports


@pytest.fixture
async def app(serve: Serve) -> AsyncGenerator[Starlette]:
    app = http_app(serve())
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def caller(
    app: ASGIApp, era: Era, address: str = "127.0.0.1", **headers: str
) -> AsyncGenerator[Client]:
    transport = httpx.ASGITransport(app, client=(address, 50_000))
    async with (
        httpx.AsyncClient(transport=transport, headers=headers, timeout=None) as http,
        Client(
            streamable_http_client("http://127.0.0.1/mcp", http_client=http), mode=era
        ) as client,
    ):
        yield client


async def calls_admitted(client: Client, tool: str, tries: int = 61) -> int:
    results = [await client.call_tool(tool, {}) for _ in range(tries)]
    return sum(not denial(result) for result in results)


async def test_a_session_is_limited_by_itself(app: Starlette) -> None:
    async with caller(app, "legacy") as one, caller(app, "legacy") as other:
        assert await calls_admitted(one, CREATE) == 60
        assert await calls_admitted(other, CREATE) == 60


async def test_a_grant_is_limited_over_all_of_its_sessions_and_tools(app: Starlette) -> None:
    admitted = 0
    for _ in range(3):
        async with caller(app, "legacy") as client:
            admitted += await calls_admitted(client, CREATE)
            admitted += await calls_admitted(client, KEEPALIVE)
    assert admitted == 240


async def test_without_sessions_the_address_is_limited(app: Starlette) -> None:
    async with caller(app, "auto", "10.0.0.1") as one, caller(app, "auto", "10.0.0.1") as same:
        assert await calls_admitted(one, CREATE) == 60
        assert await calls_admitted(same, CREATE) == 0
    async with caller(app, "auto", "10.0.0.2") as other:
        assert await calls_admitted(other, CREATE) == 60


@pytest.mark.parametrize("header", ["Mcp-Session-Id", "X-Forwarded-For", "Forwarded", "User-Agent"])
async def test_a_header_does_not_make_another_caller(app: Starlette, header: str) -> None:
    admitted = 0
    for value in ("1.1.1.1", "2.2.2.2"):
        async with caller(app, "auto", **{header: value}) as client:
            admitted += await calls_admitted(client, CREATE, tries=31)
    assert admitted == 60


async def test_a_session_that_the_server_did_not_open_is_no_session(app: Starlette) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        response = await http.post(
            "/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
            headers={
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
                "Mcp-Session-Id": "0" * 32,
            },
        )
    assert response.status_code == 404


async def test_a_peer_without_an_address_is_a_caller_too(app: Starlette) -> None:
    async def without_address(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": None}, receive, send)

    async with caller(without_address, "auto") as client:
        assert await calls_admitted(client, CREATE) == 60


async def test_all_addresses_of_this_machine_are_one_caller(app: Starlette) -> None:
    admitted = 0
    for address in ("127.0.0.1", "127.0.0.2", "127.255.0.3", "::1", "::ffff:127.0.0.4"):
        async with caller(app, "auto", address) as client:
            admitted += await calls_admitted(client, CREATE)
    assert admitted == 60
