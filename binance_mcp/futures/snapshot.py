"""The account as it is now, and the place in the journal from which events continue it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from binance_mcp.futures.account_reads import AccountReads, Row
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.futures.user_stream.journal import Journal

_ATTEMPTS: Final = 3
_TRAVEL_SECONDS: Final = 0.5
"""How long an event may be on its way that the lists have already."""


@dataclass(frozen=True)
class Snapshot:
    """What Binance listed. Its objects are unchanged."""

    taken_at: float
    """When the first list was answered, in seconds since the Unix epoch, by Binance's clock."""
    account: Row
    positions: Sequence[Row]
    open_orders: Sequence[Row]
    open_stops: Sequence[Row]
    cursor: Cursor
    """The end of the journal just before."""
    is_exact: bool = True
    """Whether nothing happened meanwhile; otherwise events after `cursor` may be in it already."""


async def take_snapshot(reads: AccountReads, journal: Journal, symbol: str | None) -> Snapshot:
    """Read the account; again, if events arrive meanwhile.

    Raises:
        BinanceError: It could not be read. The class says what went wrong.

    """
    for _ in range(_ATTEMPTS - 1):
        version, snapshot = journal.version, await _read(reads, journal, symbol)
        if journal.version == version:
            return snapshot
    version, snapshot = journal.version, await _read(reads, journal, symbol)
    return replace(snapshot, is_exact=journal.version == version)


async def _read(reads: AccountReads, journal: Journal, symbol: str | None) -> Snapshot:
    cursor = journal.newest(0)
    account = await reads.account()
    taken_at = reads.rest_api.server_time()
    positions = await reads.positions(symbol)
    orders, stops = await reads.open_orders(symbol), await reads.open_stops(symbol)
    await anyio.sleep(_TRAVEL_SECONDS)
    return Snapshot(taken_at, account, positions, orders, stops, cursor)
