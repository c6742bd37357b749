"""A repair at work: a stream of the sandbox, and an account that trades on it.

The exchange takes time to answer. All of it is on a virtual clock.
"""

from collections.abc import AsyncGenerator

import anyio
import pytest
from pydantic import SecretStr

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.futures.repair.desk import Desk
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.simulation.storm.machine import Machine


@pytest.fixture
async def rest_api(
    sandbox: Sandbox, account: AccountKeys, machine: Machine, network: Network
) -> AsyncGenerator[RestApi]:
    """Yield a REST API whose requests are signed."""
    credentials = Credentials(SecretStr(account.api_key), signer=hmac_signer(account.api_secret))
    async with pinging_client(sandbox, network) as http:
        yield RestApi(
            http,
            credentials,
            RequestWeight(2400),
            wall_clock=machine.wall_clock,
            rng=lambda: 0.5,
        )


@pytest.fixture
def reads(rest_api: RestApi) -> AccountReads:
    return AccountReads(rest_api, ReadBudget(2400))


@pytest.fixture
def ledger(sandbox: Sandbox, account: AccountKeys) -> Ledger:
    return sandbox.ledger(account.api_key)


@pytest.fixture
async def desk(  # noqa: PLR0913, PLR0917  # its parts
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    reads: AccountReads,
    journal: Journal,
    machine: Machine,
    network: Network,
    sandbox: Sandbox,
    ledger: Ledger,
) -> AsyncGenerator[Desk]:
    """Yield a repair that runs, connected for a minute."""
    repair = JournalRepair(reads, journal, machine.wall_clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(repair.run)
        await keeper_at_work.create()
        await anyio.sleep(60)
        yield Desk(repair, stream, sandbox, ledger, network)
        tasks.cancel_scope.cancel()
