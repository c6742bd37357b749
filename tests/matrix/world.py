"""An account that is traded, and a client of a server in front of it, on the virtual clock.

The exchange takes time to answer, and pings; the server has the tools that its credentials allow.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from mcp import Client
from mcp.server import MCPServer
from pydantic import SecretStr

from binance_mcp.futures.account import Account
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.server.tools.catalogue import all_tools
from tests.futures.user_stream.documented_events import documented
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.server.connections import CREATE, succeeded
from tests.simulation.storm.machine import Machine

BTC, ETH = "BTCUSDT", "ETHUSDT"


@dataclass
class World:
    """The account as it is, and what has happened to it while it was asked about."""

    sandbox: Sandbox
    ledger: Ledger
    network: Network
    client: Client
    can_sign: bool
    order: int = 0
    """A limit order in ETHUSDT, which is filled."""
    stop: int = 0
    """A conditional order in BTCUSDT, which is triggered and closes the position."""
    new_order: int = 0
    """An order that is placed, and stays open."""
    happened_at: float = 0.0
    """When all of that happened: seconds since the Unix epoch."""
    tools: set[str] = field(default_factory=set[str])

    def prepare(self) -> None:
        """Give the account a position, an order and a stop."""
        self.ledger.set_mark(BTC, 100)
        self.ledger.set_mark(ETH, 50)
        self.ledger.trade(BTC, "BUY", 1, 100)
        self.order = self.ledger.place_order(ETH, "BUY", 2, 50)
        self.stop = self.ledger.place_stop(BTC, "SELL", 1, 90)

    async def create_key(self) -> None:
        """Create the listen key, or extend it."""
        succeeded(await self.client.call_tool(CREATE, {}))

    async def connect(self) -> None:
        """Create the listen key, and receive events until the first ping has come."""
        await self.create_key()
        await anyio.sleep(5)
        self.prepare()
        await anyio.sleep(200)

    def happen(self) -> None:
        """Let everything happen that the questions are about."""
        self.happened_at = self.ledger.time / 1000
        self.ledger.fill(self.order)
        self.ledger.fill(self.ledger.trigger_stop(self.stop), price=90)
        self.new_order = self.ledger.place_order(ETH, "BUY", 1, 40)
        self.ledger.fund(ETH, "0.0001")
        if not self.ledger.withholds:
            self.sandbox.push(documented("MARGIN_CALL", E=self.ledger.time))

    @property
    def changes(self) -> set[int]:
        """The ids of the orders and stops that changed."""
        return {self.order, self.stop, self.new_order}


@asynccontextmanager
async def world(*, can_sign: bool) -> AsyncGenerator[World]:
    """Yield a world without a listen key. With `can_sign`, gaps are repaired."""
    machine, network, journal = Machine(), Network(), Journal()
    sandbox = Sandbox(wall_clock=machine.wall_clock, steady_clock=machine.now)
    keys = sandbox.new_account()
    signer = hmac_signer(keys.api_secret) if can_sign else None
    async with pinging_client(sandbox, network) as http, anyio.create_task_group() as tasks:
        rest_api = RestApi(
            http,
            Credentials(SecretStr(keys.api_key), signer),
            RequestWeight(2400),
            wall_clock=machine.wall_clock,
            rng=lambda: 0.5,
        )
        keeper = ListenKeyKeeper(rest_api, Schedule(), rng=lambda: 0.5)
        environment = ENVIRONMENTS["sandbox"]
        stream = UserStream(keeper, http, environment, journal, machine.wall_clock, rng=lambda: 0.5)
        keeper.listeners.append(stream.wake)
        reads = AccountReads(rest_api, ReadBudget(2400)) if can_sign else None
        tasks.start_soon(keeper.run)
        tasks.start_soon(stream.run)
        if reads:
            tasks.start_soon(JournalRepair(reads, journal, machine.wall_clock).run)
        account = Account(environment, keeper, stream, machine.wall_clock, reads)
        async with Client(_server(account)) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            ledger = sandbox.ledger(keys.api_key)
            yield World(sandbox, ledger, network, client, can_sign, tools=listed)
        tasks.cancel_scope.cancel()


def _server(account: Account) -> MCPServer[Account]:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncGenerator[Account]:
        yield account

    tools = all_tools(reads=account.reads is not None)
    return MCPServer("questions", tools=tools, lifespan=lifespan)
