"""A server whose exchange is a sandbox in process, and clients of it in both protocol eras."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest
from mcp import Client

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.server.app import ListenKeyServer, create_server
from binance_mcp.settings import Settings
from tests.server.connections import Connect, Era, Hide, Serve

EPOCH = 1_795_000_000.0
"""Wall time at the start of the virtual clock, which may be anything."""


def virtual_wall_clock() -> float:
    return EPOCH + anyio.current_time()


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    return cast("Era", request.param)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(wall_clock=virtual_wall_clock)


@pytest.fixture
def account(sandbox: Sandbox) -> AccountKeys:
    return sandbox.new_account()


@pytest.fixture
def serve(sandbox: Sandbox, account: AccountKeys) -> Serve:
    """Create a server with the account's API key and these settings, by default without events.

    Their WebSockets would be among the requests that most tests count.
    """

    def create(**settings: object) -> ListenKeyServer:
        defaults = {"api_key": account.api_key, "environment": "sandbox", "user_events": False}
        values = defaults | settings
        return create_server(
            Settings(**values),  # pyright: ignore[reportArgumentType]  # validated just here
            sandbox=sandbox,
            wall_clock=virtual_wall_clock,
        )

    return create


@pytest.fixture
def connect(serve: Serve, era: Era) -> Connect:
    """Connect a client, in one of the eras, to a server of its own with these settings."""

    @asynccontextmanager
    async def connected(**settings: object) -> AsyncGenerator[Client]:
        async with Client(serve(**settings), mode=era) as client:
            yield client

    return connected


@pytest.fixture
def hide(tmp_path: Path) -> Hide:
    """Write a policy that hides these tools."""
    path = tmp_path / "policy.json"

    def write(*tools: str) -> Path:
        path.write_text(json.dumps({"version": "1", "default": "allow", "hide": tools}))
        return path

    return write
