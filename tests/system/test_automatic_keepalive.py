"""Keys that live four seconds, over real sockets and processes, with a real client."""

import json
import os
import subprocess
import sys
from collections.abc import Generator

import anyio
import httpx2 as httpx
import pytest
from mcp import Client, StdioServerParameters

from tests.server.connections import CREATE, STATUS, succeeded

pytestmark = pytest.mark.anyio

URI = "binance://futures/listen-key"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def served() -> Generator[dict[str, str]]:
    command = [sys.executable, "-m", "binance_mcp", "sandbox", "--listen-key-seconds", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


async def test_a_listen_key_is_kept_alive_beyond_its_validity_and_replaced_when_lost(
    served: dict[str, str],
) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        env=os.environ
        | {
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": served["restUrl"],
            "BINANCE_API_KEY": served["apiKey"],
            "BINANCE_MCP_KEEPALIVE_SECONDS": "1",
            "BINANCE_MCP_KEEPALIVE_JITTER_SECONDS": "0",
        },
    )
    async with (
        httpx.AsyncClient(headers={"X-MBX-APIKEY": served["apiKey"]}) as another_program,
        Client(server) as client,
        client.listen(resource_subscriptions=[URI]) as changes,
    ):
        created = succeeded(await client.call_tool(CREATE, {}))
        with anyio.fail_after(30):
            for _ in range(6):  # the creation, and five seconds of keepalives
                await anext(changes)
            kept = succeeded(await client.call_tool(STATUS, {"detail": True}))
            await another_program.delete(f"{served['restUrl']}/fapi/v1/listenKey")
            healed = kept
            while "rotationCount" not in healed:
                await anext(changes)
                healed = succeeded(await client.call_tool(STATUS, {"detail": True}))
    masked = f"{created['listenKey'][:4]}…"
    assert (kept["state"], kept["listenKey"]) == ("active", masked)
    assert kept.keys().isdisjoint({"rotationCount", "consecutiveFailures"})
    assert (healed["state"], healed["rotationCount"]) == ("active", 1)
    assert healed["listenKey"] != masked
