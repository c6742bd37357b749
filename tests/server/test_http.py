import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import anyio
import httpx2 as httpx
import pytest
from mcp import Client
from mcp.types import ElicitResult

from binance_mcp.asgi_server import serving
from binance_mcp.errors import ServingError, SettingsError
from binance_mcp.server.http import http_app, run_http
from tests.server.connections import CLOSE, CREATE, Era, Serve, denial

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real sockets, served by uvicorn


@pytest.fixture
async def url(serve: Serve) -> AsyncGenerator[str]:
    async with serving(http_app(serve()), host="127.0.0.1", port=0) as port:
        yield f"http://127.0.0.1:{port}"


async def test_tools_can_be_listed_and_called_over_http(url: str, era: Era) -> None:
    async with Client(f"{url}/mcp", mode=era) as client:
        assert len((await client.list_tools()).tools) == 4
        created = await client.call_tool(CREATE, {})
        closed = await client.call_tool(CLOSE, {})
    assert not created.is_error
    assert closed.structured_content == {
        "environment": "sandbox",
        "closed": True,
        "wasActive": True,
    }


async def test_the_61st_call_of_a_session_is_denied_and_another_session_is_not(
    url: str,
) -> None:
    async with (
        Client(f"{url}/mcp", mode="legacy") as one,
        Client(f"{url}/mcp", mode="legacy") as two,
    ):
        for _ in range(60):
            assert not (await one.call_tool(CREATE, {})).is_error
        denied = await one.call_tool(CREATE, {})
        other = await two.call_tool(CREATE, {})
    assert denied.meta is not None
    assert denied.meta["binance-mcp/denial"]["retryAfterSeconds"] > 0
    assert not other.is_error


async def test_healthz_answers_without_mcp(url: str) -> None:
    async with httpx.AsyncClient() as http:
        response = await http.get(f"{url}/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["stream"]["state"] == "no_key"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost.evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Origin": "http://localhost:6274"}, 200),
    ],
)
async def test_only_loopback_host_and_origin_headers_are_served(
    url: str, headers: dict[str, str], status: int
) -> None:
    assert (await post_initialize(url, headers)).status_code == status


async def test_a_request_body_over_one_mebibyte_is_refused(url: str) -> None:
    response = await post_initialize(url, {}, padding="x" * 2**20)
    assert response.status_code == 413


async def post_initialize(url: str, headers: dict[str, str], padding: str = "") -> httpx.Response:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": f"test{padding}", "version": "1"},
        },
    }
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient() as http:
        return await http.post(f"{url}/mcp", json=message, headers=accept | headers)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
async def test_a_host_that_other_machines_can_reach_is_refused(serve: Serve, host: str) -> None:
    with pytest.raises(SettingsError, match=r"^BINANCE_MCP_HOST: "):
        await run_http(serve(), host=host, port=0)


async def test_a_port_in_use_is_reported(serve: Serve, url: str) -> None:
    port = httpx.URL(url).port
    assert port is not None
    with pytest.raises(ServingError, match=rf"cannot listen on 127\.0\.0\.1 port {port}: "):
        await run_http(serve(), host="127.0.0.1", port=port)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
async def test_sigterm_ends_the_server_with_an_open_stream(*, ipv6: bool) -> None:
    host = "::1" if ipv6 else "127.0.0.1"
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp", "http", "--host", host, "--port", "0"],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = await anyio.to_thread.run_sync(find_url, process.stderr)
        async with Client(url) as client, client.listen(tools_list_changed=True):
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(5):
                code = await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
    assert code == 0


def find_url(lines: IO[str]) -> str:
    return next(line.split()[-1] for line in lines if "serving MCP at" in line)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is not an address")
async def test_any_loopback_address_can_be_served(serve: Serve) -> None:
    app = http_app(serve(), host="127.0.0.2")
    async with serving(app, host="127.0.0.2", port=0) as port:
        answer = await post_initialize(f"http://127.0.0.2:{port}", {})
    assert answer.status_code == 200


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_a_client_that_disconnects_while_sending_is_not_an_error(
    url: str, caplog: pytest.LogCaptureFixture, revision: str
) -> None:
    port = httpx.URL(url).port
    assert port is not None
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(
            b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Accept: application/json, text/event-stream\r\nContent-Length: 100\r\n"
            b"Mcp-Method: tools/list\r\nMCP-Protocol-Version: " + revision.encode() + b"\r\n\r\n{"
        )
        await anyio.sleep(0.1)
    await anyio.sleep(0.1)
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/healthz")).status_code == 200
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGINT", "SIGHUP"])
async def test_shutdown_answers_a_call_that_waits_for_approval_and_logs_no_error(
    tmp_path: Path, stop: str
) -> None:
    policy = tmp_path / "policy.json"
    tools = {CLOSE: {"action": "require_approval", "reason": "Think twice."}}
    policy.write_text(json.dumps({"version": "1", "default": "allow", "tools": tools}))
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp", "http", "--port", "0"],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox", "BINANCE_MCP_POLICY": str(policy)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = await anyio.to_thread.run_sync(find_url, process.stderr)
        async with waiting_clients(url) as heard:
            process.send_signal(getattr(signal, stop))
            process.send_signal(getattr(signal, stop))
            with anyio.fail_after(5):
                await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        log = process.stderr.read()
    assert process.returncode == (130 if stop == "SIGINT" else 0)
    assert sorted(heard) == ["approval_stopped", "the end of the stream"]
    assert "ERROR" not in log
    assert "Traceback" not in log


@asynccontextmanager
async def waiting_clients(url: str) -> AsyncGenerator[list[str]]:
    """Wait for changes, and for a person's answer; yield what is heard in the end."""
    heard: list[str] = []
    started = anyio.Event()

    async def think(context: object, params: object) -> ElicitResult:
        assert context
        assert params
        started.set()
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    asking = Client(url, mode="legacy", elicitation_callback=think)
    async with Client(url) as listening, asking, anyio.create_task_group() as tasks:

        async def listen() -> None:
            async with listening.listen(tools_list_changed=True) as events:
                heard.extend([str(event) async for event in events])
                heard.append("the end of the stream")

        async def close() -> None:
            heard.append(denial(await asking.call_tool(CLOSE, {}))["code"])

        tasks.start_soon(listen)
        tasks.start_soon(close)
        await started.wait()
        yield heard
