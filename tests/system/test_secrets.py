"""Every path is driven with known secrets, at the most talkative log level, and searched for them.

Only the listen key may be told, and only by a tool's result.
"""

import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.faults import FAULTS
from binance_mcp.sandbox.tcp import ServedSandbox, serving_sandbox
from tests.server.connections import CLOSE, CREATE, KEEPALIVE

pytestmark = pytest.mark.anyio

STOPPING = ("http_418_-1003", "http_429_-1003")
PASSING = [name for name in FAULTS if name not in STOPPING]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # a real process and real sockets


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncGenerator[ServedSandbox]:
    async with serving_sandbox(sandbox) as served:
        yield served


def environment(served: ServedSandbox, policy: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "BINANCE_ENVIRONMENT": "sandbox",
        "BINANCE_REST_URL": served.rest_url,
        "BINANCE_STREAM_URL": served.stream_url,
        "BINANCE_API_KEY": served.account.api_key,
        "BINANCE_API_SECRET": served.account.api_secret,
        "BINANCE_TIMEOUT_SECONDS": "0.5",
        "BINANCE_MCP_LOG_LEVEL": "DEBUG",
        "BINANCE_MCP_POLICY": str(policy),
        **more,
    }


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    limit = {"counter": "creates", "window": "minute", "max": 60}
    tools = {CREATE: {"limits": [limit]}, KEEPALIVE: {}}
    path.write_text(json.dumps({"version": "1", "default": "deny", "tools": tools}))
    return path


async def drive(client: Client, sandbox: Sandbox) -> tuple[list[str], list[str]]:
    """Make every kind of call; return the listen keys there were and what failed calls said."""
    keys: list[str] = []
    failures: list[str] = []

    async def call(tool: str, arguments: dict[str, Any]) -> None:
        result = await client.call_tool(tool, arguments)
        if tool == CREATE and result.structured_content:
            keys.append(result.structured_content["listenKey"])
        else:  # the other tools mask it
            failures.append(result.model_dump_json())

    await call(CREATE, {})
    await call(KEEPALIVE, {"listenKey": keys[0]})
    await call(KEEPALIVE, {"listenKey": keys[0][::-1]})
    await call(KEEPALIVE, {keys[0]: 1})
    await call(KEEPALIVE, {"recvWindow": keys[0]})
    await call(CLOSE, {"listenKey": keys[0]})
    await call(keys[0], {})
    for fault in (*PASSING, *STOPPING):
        sandbox.arm(fault, times=1)
        await call(CREATE, {"recvWindow": 5000})
    return keys, failures


@pytest.mark.parametrize("log_format", ["plain", "json"])
async def test_no_secret_leaves_a_server_but_the_listen_key_in_a_result(
    served: ServedSandbox, sandbox: Sandbox, policy: Path, tmp_path: Path, log_format: str
) -> None:
    variables = environment(served, policy, BINANCE_MCP_LOG_FORMAT=log_format)
    log_path = tmp_path / "log"
    with log_path.open("w+", encoding="utf-8") as log:
        host = stdio_client(
            StdioServerParameters(
                command=sys.executable, args=["-m", "binance_mcp"], env=variables
            ),
            errlog=log,
        )
        async with Client(host) as client:
            keys, failures = await drive(client, sandbox)
    async with httpx.AsyncClient(base_url=served.rest_url) as http:
        requests = (await http.get("/sandbox/requests")).text
    logged = log_path.read_text(encoding="utf-8")
    assert "trying again" in logged  # it was talkative
    assert len(json.loads(requests)["requests"]) > len(PASSING)
    account = served.account
    for secret in {account.api_key, account.api_secret, *keys}:
        assert secret not in logged
        assert secret not in requests
        assert not any(secret in failure for failure in failures)
