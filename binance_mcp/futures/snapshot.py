"""The account as it is now, and the place in the journal from which events continue it.

Times are seconds since the Unix epoch, by Binance's clock.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import anyio

from binance_mcp.futures.account_reads import AccountReads, Row
from binance_mcp.futures.binance_error import BinanceError, MissingSecretError, TimedOutError
from binance_mcp.futures.margin import is_zero
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.futures.user_stream.status import StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream

_SETTLING_SECONDS: Final = 0.5
"""How long an event and the lists that have it already may be apart, whichever is first."""
_PATIENCE: Final = 10.0
"""How long each list may have to wait for the budget of reads."""
_LONGEST_SECONDS: Final = 50.0
"""Hosts give up a call after 60 seconds."""


@dataclass(frozen=True)
class Snapshot:
    """What Binance listed. Its objects are unchanged."""

    since: float
    """When the first list was asked for."""
    until: float
    """When the last one was answered."""
    account: Row
    positions: Sequence[Row]
    """Those with an amount; Binance also lists symbols with open orders only."""
    open_orders: Sequence[Row]
    open_stops: Sequence[Row]
    cursor: Cursor
    """The end of the journal just before. What has ended by then is not told after it."""
    is_followed: bool
    """Whether events were received all the time, as far as is known."""
    has_changed: bool
    """Whether an event or a gap came up meanwhile: what follows `cursor` may be in it already."""
    awaits_repair: bool
    """Whether what was missed before is still being read: that follows `cursor`, too."""

    @property
    def is_exact(self) -> bool:
        """Whether the events and gaps after `cursor` are what happened after it."""
        return self.is_followed and not self.has_changed and not self.awaits_repair


async def take_snapshot(
    reads: AccountReads | None, stream: UserStream, symbol: str | None
) -> Snapshot:
    """Read the account; once more, if something happens meanwhile.

    Raises:
        MissingSecretError: Requests cannot be signed.
        BinanceError: It could not be read. The class says what went wrong.

    """
    if reads is None:
        raise MissingSecretError("no API secret or private key is configured")
    reads = replace(reads, patience=_PATIENCE)  # within the same budget
    found = None
    with anyio.move_on_after(_LONGEST_SECONDS):
        found = await _read(reads, stream, symbol)
        if found.has_changed:
            with suppress(BinanceError):
                found = await _read(reads, stream, symbol)
    if found is None:
        raise TimedOutError(f"the account could not be read within {_LONGEST_SECONDS:.0f} s")
    return found


async def _read(reads: AccountReads, stream: UserStream, symbol: str | None) -> Snapshot:
    api, journal = reads.rest_api, stream.journal
    version, is_followed = journal.version, _is_followed(stream)
    end = journal.read(journal.newest(0), is_wanted=lambda _: True, most=1, most_bytes=1)
    settling = _SETTLING_SECONDS if is_followed else 0.0
    await anyio.sleep(settling)
    since = api.wall_clock()
    orders = await reads.open_orders(symbol)  # what costs most is refused first
    stops = await reads.open_stops(symbol)
    account, positions = await reads.account(), await reads.positions(symbol)
    until = api.wall_clock()
    await anyio.sleep(settling)
    ahead = api.clock_offset or 0.0  # known since the first answer
    return Snapshot(
        since=since + ahead,
        until=until + ahead,
        account=account,
        positions=[each for each in positions if not is_zero(each.get("positionAmt"))],
        open_orders=orders,
        open_stops=stops,
        cursor=end.next,
        is_followed=is_followed and _is_followed(stream),
        has_changed=journal.version != version,
        awaits_repair=any(gap.until is not None for gap in end.gaps if gap.number > end.next.gap),
    )


def _is_followed(stream: UserStream) -> bool:
    status = StreamStatus.of(stream)
    return status.covered_since is not None and status.silent_since is None
