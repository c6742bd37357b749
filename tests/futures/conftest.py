"""A sandbox with an account, a REST API that reaches it in process, and a keeper at work.

All of it is on the virtual clock of a machine that can sleep.
"""

import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from binance_mcp.clock import WallClock
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.simulation.storm.machine import Machine


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
def machine() -> Machine:
    return Machine()


@pytest.fixture
def server_clock(machine: Machine) -> WallClock:
    return machine.wall_clock


@pytest.fixture
def sandbox(machine: Machine) -> Sandbox:
    return Sandbox(wall_clock=machine.wall_clock, steady_clock=machine.now)


@pytest.fixture
def sent(sandbox: Sandbox) -> Callable[[], list[str]]:
    """Return what was sent, and the status of each answer."""
    return lambda: [f"{each.method} {each.status or 'lost'}" for each in sandbox.requests]


@pytest.fixture
def account(sandbox: Sandbox) -> AccountKeys:
    return sandbox.new_account()


@pytest.fixture
async def rest_api(
    sandbox: Sandbox, account: AccountKeys, server_clock: WallClock
) -> AsyncGenerator[RestApi]:
    async with http_client("http://sandbox.invalid", app=sandbox) as http:
        yield RestApi(
            http,
            Credentials(SecretStr(account.api_key)),
            RequestWeight(2400),
            wall_clock=server_clock,
            rng=lambda: 0.5,
        )


@pytest.fixture
async def signed_api(rest_api: RestApi, account: AccountKeys) -> RestApi:
    """Return a REST API that signs, and so can read the account."""
    signer = hmac_signer(account.api_secret)
    return replace(rest_api, credentials=replace(rest_api.credentials, signer=signer))


@pytest.fixture
def reads(signed_api: RestApi) -> AccountReads:
    return AccountReads(signed_api, ReadBudget(2400))


@pytest.fixture
def ledger(sandbox: Sandbox, account: AccountKeys) -> Ledger:
    """Return the account's ledger: what is changed in it is pushed, and listed."""
    return sandbox.ledger(account.api_key)


@pytest.fixture
async def keeper_at_work(rest_api: RestApi) -> AsyncGenerator[ListenKeyKeeper]:
    """Keep alive what a test creates: after 1950 seconds, unless something comes between."""
    keeper = ListenKeyKeeper(rest_api, Schedule(), rng=lambda: 0.5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        yield keeper
        tasks.cancel_scope.cancel()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
async def stream(
    keeper_at_work: ListenKeyKeeper,
    sandbox: Sandbox,
    journal: Journal,
    machine: Machine,
    network: Network,
) -> AsyncGenerator[UserStream]:
    """Yield a stream that runs."""
    async with pinging_client(sandbox, network) as http, anyio.create_task_group() as tasks:
        found = UserStream(
            keeper_at_work,
            http,
            ENVIRONMENTS["sandbox"],
            journal,
            machine.wall_clock,
            rng=lambda: 0.5,
        )
        keeper_at_work.listeners.append(found.wake)
        tasks.start_soon(found.run)
        yield found
        tasks.cancel_scope.cancel()
