"""What is in a journal, and what is kept of it beyond the process.

Times are seconds since the Unix epoch.
"""

from dataclasses import dataclass
from typing import Protocol

from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import Gap


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the journal."""

    sequence: int
    """Counted from 1, without holes."""
    received_at: float
    size: int
    """In bytes, as it was received."""
    event: UserEvent
    source: str | None = None
    """The request by which it was read at `received_at`; None if the stream brought it."""


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """What was open after an event: all orders and stops."""

    after: int
    """The sequence number of the event."""
    orders: tuple[tuple[str, str, str], ...]
    """Of each the symbol, the number, and how much of it was filled."""
    stops: tuple[tuple[str, str, str], ...]
    """Of each the symbol, the number, and that of the order that it became, if it did."""
    compared_until: float
    """Until when the events before had been compared with Binance's lists."""


class Store(Protocol):
    """Keeps what is written to a journal beyond the process."""

    def write(self, entry: Entry) -> None:
        """Keep an event."""

    def write_gap(self, gap: Gap) -> None:
        """Keep a gap, its end, or its repair."""

    def join_gaps(self, first: Gap, joined: Gap) -> None:
        """Keep `joined` instead of `first` and the gap after it, whose number it has."""

    def drop(self, sequence: int, dropped: Gap) -> None:
        """Forget the events up to a sequence number; `dropped` is what has been forgotten."""

    def write_open(self, known: OpenOrders) -> None:
        """Keep what is open."""

    async def kept(self) -> None:
        """Wait until what was written outlives the process, if that is possible."""


@dataclass(frozen=True)
class Past:
    """What a journal was before this process opened it."""

    journal: str
    lives: tuple[int, ...] = ()
    """By earlier life: the sequence number of the last event that was kept of it."""
    entries: tuple[Entry, ...] = ()
    gaps: tuple[Gap, ...] = ()
    dropped: Gap | None = None
    open_orders: OpenOrders | None = None
    """What was known to be open; None if it was not all there was."""
