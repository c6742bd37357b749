from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import httpx2 as httpx
import pytest

from binance_mcp.server import http as http_module
from binance_mcp.server import http_sessions as sessions
from binance_mcp.server.http import http_app
from tests.server.connections import Serve

pytestmark = pytest.mark.anyio

BASE: Final = "http://127.0.0.1"
HEADERS: Final = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def served(serve: Serve) -> AsyncGenerator[httpx.AsyncClient]:
    app = http_app(serve())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=BASE, headers=HEADERS) as http,
    ):
        yield http


async def opened(http: httpx.AsyncClient) -> str:
    """Open a session and return its id."""
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    response = await http.post("/mcp", json=message)
    assert response.status_code == 200
    name = response.headers["mcp-session-id"]
    done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await http.post("/mcp", json=done, headers={"mcp-session-id": name})
    return name


async def is_open(http: httpx.AsyncClient, name: str) -> bool:
    message = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    response = await http.post("/mcp", json=message, headers={"mcp-session-id": name})
    assert response.status_code in (200, 404)
    return response.status_code == 200


async def test_the_session_that_is_idle_longest_makes_room_for_a_new_one(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST", 3)
    monkeypatch.setattr(http_module, "MOST", 3)
    monkeypatch.setattr(http_module, "SPARE", 0)
    async with served(serve) as http:
        first, second, third = [await opened(http) for _ in range(3)]
        assert await is_open(http, first)
        fourth = await opened(http)
        assert [await is_open(http, name) for name in (first, second, third, fourth)] == [
            *(True, False, True, True)
        ]


async def test_sessions_that_open_at_the_same_moment_are_not_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sessions, "MOST", 3)
    monkeypatch.setattr(http_module, "MOST", 3)
    async with served(serve) as http:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(opened, http)
        assert await is_open(http, await opened(http))
    assert "Refusing" not in caplog.text


async def test_where_every_session_is_in_use_a_new_one_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST", 1)
    monkeypatch.setattr(http_module, "MOST", 1)
    monkeypatch.setattr(http_module, "SPARE", 0)
    async with served(serve) as http, anyio.create_task_group() as tasks:
        name = await opened(http)
        tasks.start_soon(lambda: http.get("/mcp", headers={"mcp-session-id": name}))
        await anyio.wait_all_tasks_blocked()
        response = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert response.status_code == 503
        tasks.cancel_scope.cancel()


async def test_a_session_that_was_never_used_goes_early_and_one_that_was_stays(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "UNUSED_SECONDS", 0.3)
    async with served(serve) as http:
        used, unused = [await opened(http) for _ in range(2)]
        assert await is_open(http, used)
        await anyio.sleep(0.5)
        assert [await is_open(http, name) for name in (used, unused)] == [True, False]
