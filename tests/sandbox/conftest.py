"""A sandbox with one account, alice's, and a client of hers that reaches it in process."""

from collections.abc import AsyncGenerator

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import ASGIWebSocketTransport

from binance_mcp.sandbox.app import ANSWER_SECONDS, Sandbox

START_OF_A_MINUTE = 1_700_000_040.0


@pytest.fixture
def answer_seconds() -> float:
    return ANSWER_SECONDS


@pytest.fixture
def sandbox(answer_seconds: float) -> Sandbox:
    sandbox = Sandbox(
        answer_seconds=answer_seconds,
        wall_clock=lambda: START_OF_A_MINUTE + anyio.current_time(),
    )
    sandbox.add_account("alice", api_secret="secret of alice")
    return sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=ASGIWebSocketTransport(sandbox),
        base_url="http://sandbox",
        headers={"X-MBX-APIKEY": "alice"},
    ) as client:
        yield client
