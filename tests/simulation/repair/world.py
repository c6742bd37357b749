"""An account that is traded, and processes of ours that follow it, one after another."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import anyio
from pydantic import SecretStr

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.http_client import HttpClient, http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.change import Change, change_of
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.http_messages import compact_json
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.simulation.repair.exchange import NotedExchange
from tests.simulation.repair.notes import Notes
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.span import Span

_URL: Final = "http://sandbox.invalid"


@dataclass(frozen=True)
class Happened:
    """A change of the account."""

    at: float
    order: Mapping[str, Any]
    """The order, or the stop, after it."""


@dataclass
class Truth:
    """What happened to the account, as the exchange has it."""

    sandbox: Sandbox
    changes: dict[Change, Happened] = field(default_factory=dict[Change, Happened])
    events: int = 0

    def note(self) -> int:
        """Note what happened since the last time; return how many changes there were."""
        before = len(self.changes)
        for recorded in self.sandbox.events(after=self.events):
            self.events = recorded.sequence
            event = parse_frame(compact_json(recorded.event))
            if event and (change := change_of(event)):
                self.changes[change] = Happened(recorded.time / 1000, event.data["o"])
        return len(self.changes) - before


@dataclass
class World:
    """All there is, whoever runs."""

    rng: Random
    path: Path
    machine: Machine = field(default_factory=Machine)
    network: Network = field(default_factory=Network)
    notes: Notes = field(default_factory=Notes)
    lives: list[Span] = field(default_factory=list[Span])
    """When a process of ours ran, since the Unix epoch."""
    sandbox: Sandbox = field(init=False)
    account: AccountKeys = field(init=False)
    exchange: NotedExchange = field(init=False)
    truth: Truth = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(
            answer_seconds=0,  # its exchange takes time, and at random
            wall_clock=self.machine.wall_clock,
            steady_clock=self.machine.now,
        )
        self.account = self.sandbox.new_account()
        self.exchange = NotedExchange(self.sandbox, self.rng, self.machine.wall_clock)
        self.truth = Truth(self.sandbox)

    @property
    def ledger(self) -> Ledger:
        return self.sandbox.ledger(self.account.api_key)

    @asynccontextmanager
    async def process(self) -> AsyncGenerator[Journal]:
        """Run a process of ours, whose events are in the file."""
        began_at, heard_until = self.machine.wall_clock(), None
        file = self.notes.file = EventsFile(self.path, "account")
        journal = Journal(past=file.open(), store=self.notes)
        async with (
            http_client(_URL, app=self.exchange) as http,
            pinging_client(self.sandbox, self.network) as streams,
            anyio.create_task_group() as tasks,
        ):
            keeper = ListenKeyKeeper(self._rest_api(http), Schedule(), rng=self.rng.random)
            stream = self._stream(keeper, streams, journal)
            reads = AccountReads(keeper.rest_api, ReadBudget(2400))
            repair = JournalRepair(reads, journal, self.machine.wall_clock)
            for each in (keeper, stream, repair):
                tasks.start_soon(each.run)
            await keeper.create()
            yield journal
            heard_until = stream.heard_until()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope() as scope:  # it writes all at its end, because time is short
            scope.cancel()
            await file.run(lambda: heard_until)
        self.lives.append(Span(began_at, self.machine.wall_clock()))

    def _rest_api(self, http: HttpClient) -> RestApi:
        signer = hmac_signer(self.account.api_secret)
        return RestApi(
            http,
            Credentials(SecretStr(self.account.api_key), signer),
            RequestWeight(2400),
            wall_clock=self.machine.wall_clock,
            rng=self.rng.random,
        )

    def _stream(self, keeper: ListenKeyKeeper, streams: HttpClient, journal: Journal) -> UserStream:
        stream = UserStream(
            keeper,
            streams,
            ENVIRONMENTS["sandbox"],
            journal,
            self.machine.wall_clock,
            rng=self.rng.random,
        )
        keeper.listeners.append(stream.wake)
        return stream
