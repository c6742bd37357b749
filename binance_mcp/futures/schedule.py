"""When to send the next keepalive, and when to retry. Pure: time and chance are passed in.

Times are seconds on a `SteadyClock`; chances are random numbers in [0, 1).
"""

from dataclasses import dataclass
from typing import Final

from binance_mcp.futures.binance_error import BinanceError, TooManyRequestsError
from binance_mcp.futures.listen_key import ActiveKey

_FIRST_PAUSES: Final = 180
"""The interval divided by the first pause; the next two likewise."""
_LONGEST_PAUSES: Final = 15
_SLOW_PAUSES: Final = 3
_LAST_MINUTE: Final = 1 / 60
"""The last minute as a share of a key's validity of 60."""
_LAST_PAUSES: Final = 12
"""The last minute divided by its pauses."""
_SHORTEST_PAUSE: Final = 2.0
"""In seconds, so that a short interval does not make retries a burden."""
_ROUNDING: Final = 0.001
"""In seconds: the sum of a time and a wait may be rounded down."""


@dataclass(frozen=True)
class Schedule:
    """When automatic keepalives are due, in seconds."""

    interval: float = 1800.0
    jitter: float = 300.0
    """Maximum random delay of a keepalive, so that programs do not all call at once."""

    def next_keepalive(self, active: ActiveKey, chance: float) -> float:
        """Return when the next keepalive of a key that was just extended is due."""
        return active.extended_at + self.interval + self.jitter * chance

    def next_retry(
        self,
        active: ActiveKey | None,
        error: BinanceError,
        failures: int,
        now: float,
        chance: float,
    ) -> float:
        """Return when to retry after this many failures in a row, of which `error` is the last.

        A retryable error is retried after 10 s (a 180th of the interval), then after twice that
        each time, up to 2 minutes; any other error about every 10 minutes. Each pause is random,
        between 50 % and 150 % of that, and at least 2 s. After a 429 or 418 it begins when
        Binance's wait is over; no other error delays the keepalive.

        Whatever the error, the key's last minute begins with an attempt and has one about every
        5 s, or as soon as Binance's wait is over.
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
    """Return the wait that Binance demands with a 429 or 418; other waits are only hints."""
    return error.retry_after if isinstance(error, TooManyRequestsError) else None
