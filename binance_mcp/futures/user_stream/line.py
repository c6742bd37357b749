"""One connection of the user data stream: a line, and what is known of it.

Times are seconds on the keeper's `SteadyClock`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import anyio

from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.url_form import UrlForm

DEAF_SECONDS: Final = 270.0
"""Binance pings every 3 minutes; a line that brings nothing for this long is deaf.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""
_SILENT_SECONDS: Final = 200.0
TRAVEL_SECONDS: Final = 1.0
"""How long before it arrives an event may have been sent: those on their way are lost with a line.
"""
_LATEST_SECONDS: Final = 300.0
"""What arrives later than this by its own time was not delayed: one of the clocks is wrong."""
LIFETIME_SECONDS: Final = 84_600.0
"""Binance ends a connection after 24 hours; half an hour earlier another one takes over."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event that arrived on a line."""

    event: UserEvent
    size: int
    at: float
    """When it arrived."""


@dataclass(eq=False)
class Line:
    """A connection for one listen key, opened by one form of the URL."""

    key: ListenKey
    form: UrlForm
    now: Callable[[], float]
    started_at: float
    opened_at: float | None = None
    heard_at: float = 0.0
    """When anything arrived last: an event, a ping, or the handshake."""
    pinged_at: float | None = None
    delivered_at: float | None = None
    """When it last brought an event."""
    delay: float = 0.0
    """How long the event that it brought last was on its way, by the event's own time."""
    held: list[Received] = field(default_factory=list[Received])
    """Events that wait until it is clear that no other line brings them earlier."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Cancelled to end it."""

    def open(self) -> None:
        """Record that it is open."""
        self.opened_at = self.heard_at = self.now()

    def hear(self, is_ping: bool) -> None:  # noqa: FBT001  # a callback
        """Record that something arrived."""
        self.heard_at = self.now()
        if is_ping:
            self.pinged_at, self.delay = self.heard_at, 0.0

    def deliver(self, event: UserEvent, wall_time: float) -> None:
        """Record that it brought an event, at a time in seconds since the Unix epoch."""
        self.delivered_at = self.now()
        delay = wall_time - (event.event_time or 0) / 1000
        self.delay = delay if 0 < delay < _LATEST_SECONDS else 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.opened_at is not None

    def is_deaf(self, now: float) -> bool:
        """Return whether it has brought nothing for so long that it cannot be working."""
        return self.is_open and now - self.heard_at > DEAF_SECONDS

    def is_silent(self, now: float) -> bool:
        """Return whether even Binance's ping is overdue, so that it may not be working."""
        return self.is_open and now - self.heard_at > _SILENT_SECONDS

    def is_old(self, now: float) -> bool:
        """Return whether another one should take over, before Binance ends it."""
        return self.opened_at is not None and now - self.opened_at > LIFETIME_SECONDS

    def forget_held(self, is_known: Callable[[UserEvent], bool]) -> bool:
        """Forget the held events that another line has brought; return whether there are any."""
        before = len(self.held)
        self.held = [each for each in self.held if not is_known(each.event)]
        return len(self.held) < before

    def received_until(self) -> float:
        """Return until when it brought everything that was sent on it."""
        return self.heard_at - self.delay - TRAVEL_SECONDS

    def quiet_since(self) -> float:
        """Return since when it has brought no event."""
        return self.delivered_at or self.opened_at or self.started_at
