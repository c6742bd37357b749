"""What a test of repair does to an account and its stream, and what is compared afterwards."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.user_stream.change import Change, change_of
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.store import Entry
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.futures.user_stream.conftest import everything
from tests.futures.user_stream.pinging import Network


@dataclass(frozen=True)
class Desk:
    """An account that is traded, and the repair of its journal."""

    repair: JournalRepair
    stream: UserStream
    sandbox: Sandbox
    ledger: Ledger
    network: Network

    @property
    def journal(self) -> Journal:
        return self.repair.journal

    @property
    def gap(self) -> Gap:
        """The last gap."""
        return everything(self.journal).gaps[-1]

    @property
    def repaired(self) -> Sequence[Entry]:
        """The events that were read, not received."""
        return [each for each in everything(self.journal).entries if each.source]

    def kept(self) -> list[Change]:
        """Return the changes in the journal, in its order.

        A stop is received twice as it is triggered: when that begins, and when it is done.
        """
        found: list[Change] = []
        for each in everything(self.journal).entries:
            change = change_of(each.event)
            is_second = each.event.data.get("o", {}).get("X") == "TRIGGERED" and change in found
            if change and (each.source or not is_second):
                found.append(change)
        return found

    def truth(self) -> list[Change]:
        """Return the changes of the account, each once."""
        frames = [json.dumps(dict(each.event)) for each in self.sandbox.events()]
        events = [event for event in map(parse_frame, frames) if event]
        found = [change_of(event) for event in events]
        return list(dict.fromkeys(change for change in found if change))

    def requests_since(self, count: int) -> list[str]:
        """Return the requests after the first so many."""
        return [f"{each.method} {each.path}" for each in self.sandbox.requests[count:]]

    @asynccontextmanager
    async def disconnected(self, *, seconds: float = 10) -> AsyncGenerator[None]:
        """Break the connection, let something happen, and let it be repaired."""
        self.network.is_down = True
        self.network.break_all()
        await anyio.sleep(seconds / 2)
        yield
        await anyio.sleep(seconds / 2)
        self.network.is_down = False
        await anyio.sleep(30)
