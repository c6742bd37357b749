"""A sandbox with an account, and a REST API that reaches it in process on the virtual clock."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import anyio
import pytest
from pydantic import SecretStr

from binance_mcp.clock import WallClock
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.rest_api import RestApi, http_client
from binance_mcp.futures.sandbox.account import Account, new_account
from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.futures.weight import RequestWeight

START_OF_A_MINUTE: Final = 1_700_000_040.0


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("BINANCE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def empty_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand where there is no `.env`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server_clock() -> WallClock:
    return lambda: START_OF_A_MINUTE + anyio.current_time()


@pytest.fixture
def sandbox(server_clock: WallClock) -> Sandbox:
    return Sandbox(wall_clock=server_clock)


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return new_account(sandbox)


@pytest.fixture
async def rest_api(
    sandbox: Sandbox, account: Account, server_clock: WallClock
) -> AsyncGenerator[RestApi]:
    async with http_client("http://sandbox.invalid", app=sandbox) as http:
        yield RestApi(
            http,
            Credentials(SecretStr(account.api_key)),
            RequestWeight(2400),
            wall_clock=server_clock,
            rng=lambda: 0.5,
        )
