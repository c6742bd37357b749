"""When to keep the listen key alive, and when to try again. Pure: time and chance are passed in.

Times are seconds on one steady clock; chances are numbers in [0, 1).
"""

from dataclasses import dataclass
from typing import Final

from binance_mcp.errors import BinanceError
from binance_mcp.futures.listen_key import ActiveKey

_FIRST_PAUSES: Final = 180
"""How many of them make an interval; likewise below."""
_LONGEST_PAUSES: Final = 15
_SLOW_PAUSES: Final = 3
_LAST_CHANCE: Final = 1 / 60
"""The share of a key's validity that is left at its last chance: a minute of 60."""


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
        Each pause is between half and one and a half of that, and begins when Binance's own wait
        is over. None skips the key's last chance: a minute before it expires, or if that wait ends
        later, when it does.
        """
        is_free_at = now + (error.retry_after or 0.0)
        at = is_free_at + self._pause(error, failures) * (0.5 + chance)
        if active is None:
            return at
        last_chance = max(active.expires_at - active.validity * _LAST_CHANCE, is_free_at)
        return last_chance if now < last_chance < min(at, active.expires_at) else at

    def _pause(self, error: BinanceError, failures: int) -> float:
        if not error.is_retryable and error.retry_after is None:
            return self.interval / _SLOW_PAUSES
        first, longest = self.interval / _FIRST_PAUSES, self.interval / _LONGEST_PAUSES
        return min(first * 2 ** min(failures - 1, 10), longest)
