"""A user data stream of the sandbox at work, on the virtual clock."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import anyio
import pytest

from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.user_stream.journal import Journal, Page
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.simulation.storm.machine import Machine

Push = Callable[[dict[str, Any]], int]


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


@pytest.fixture
def push(sandbox: Sandbox, account: AccountKeys, machine: Machine) -> Push:
    """Push an event, made now, to the account's streams."""

    def push(event: dict[str, Any]) -> int:
        made_now = event | {"E": round(machine.wall_clock() * 1000)}
        return sandbox.push(made_now, api_key=account.api_key)

    return push


def everything(journal: Journal) -> Page:
    """Return what a first reader of a journal gets."""
    return journal.read(journal.oldest, is_wanted=lambda _: True, most=100_000, most_bytes=2**40)
