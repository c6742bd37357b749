"""When to keep the listen key alive, and when to try again. Pure: time and chance are passed in.

Times are seconds on one steady clock; chances are numbers in [0, 1).
"""

from dataclasses import dataclass
from typing import Final

from binance_mcp.errors import BinanceError, TooManyRequestsError
from binance_mcp.futures.listen_key import ActiveKey

_FIRST_PAUSES: Final = 180
"""How many of them make an interval; likewise below."""
_LONGEST_PAUSES: Final = 15
_SLOW_PAUSES: Final = 3
_LAST_MINUTE: Final = 1 / 60
"""The share of a key's validity that is left in its last minute: of 60."""
_LAST_PAUSES: Final = 12
"""How many of them make the last minute."""
_SHORTEST_PAUSE: Final = 2.0
"""Seconds: no interval is so short that retries become a burden."""
_ROUNDING: Final = 0.001
"""Seconds: a wait and the time that it is added to may make a little less than its end."""


@dataclass(frozen=True)
class Schedule:
    """The rhythm of automatic keepalives."""

    interval: float = 1800.0
    jitter: float = 300.0
    """A keepalive comes up to so much later than the interval, so that programs spread out."""

    def next_keepalive(self, active: ActiveKey, chance: float) -> float:
        """Return when a key that was just extended is to be kept alive."""
        return active.extended_at + self.interval + self.jitter * chance

    def next_retry(
        self,
        active: ActiveKey | None,
        error: BinanceError,
        failures: int,
        now: float,
        chance: float,
    ) -> float:
        """Return when to try again after so many failures, of which `error` is the last.

        What may pass is retried on a ladder: after 10 s (a 180th of the interval), then after
        twice that each time, up to 2 minutes; what will hardly pass by itself, every 10 minutes.
        Each pause is between half and one and a half of that, and at least 2 s. After a 429 or 418
        it begins when Binance's wait is over; no other error silences the keepalive.

        None skips the key's last minute: it begins with an attempt, and has one about every 5 s,
        or when Binance's wait is over.
        """
        is_free_at = now + (_wait(error) or 0.0)
        spread = 0.5 + chance
        at = is_free_at + max(self._pause(error, failures) * spread, _SHORTEST_PAUSE)
        if active is None or now >= active.expires_at:
            return at
        last_minute = active.validity * _LAST_MINUTE
        pause = max(last_minute / _LAST_PAUSES * spread, _SHORTEST_PAUSE)
        begins = active.expires_at - last_minute
        soon = max(begins if now < begins else now + pause, is_free_at + _ROUNDING)
        return min(at, soon) if is_free_at < active.expires_at else at

    def _pause(self, error: BinanceError, failures: int) -> float:
        if not error.is_retryable and _wait(error) is None:
            return self.interval / _SLOW_PAUSES
        first, longest = self.interval / _FIRST_PAUSES, self.interval / _LONGEST_PAUSES
        return min(first * 2 ** min(failures - 1, 10), longest)


def _wait(error: BinanceError) -> float | None:
    """Return the wait that Binance demands; with any other error, a wait is a hint."""
    return error.retry_after if isinstance(error, TooManyRequestsError) else None
