"""How much request weight reads may use, so that a keepalive is never late. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from collections import deque
from typing import Final

_MINUTE: Final = 60.0
_SHARE: Final = 0.25
"""The share of an IP address's request weight that reads may use in any minute."""
_MOST_USED: Final = 0.6
"""The share of it, used by whatever program, above which nothing is read in that minute."""


class ReadBudget:
    """Says how long a read has to wait. Times are in seconds, on any one clock."""

    def __init__(self, limit: int) -> None:
        self._most = limit * _SHARE
        self._most_used = limit * _MOST_USED
        self._spent: deque[tuple[float, int]] = deque()

    def wait(self, cost: int, *, used: int, now: float, server_time: float) -> float:
        """Return the seconds after which a read of some weight may be sent.

        `used` is the weight that is known to be used in the minute of `server_time`.
        """
        while self._spent and self._spent[0][0] <= now - _MINUTE:
            self._spent.popleft()
        if used + cost > self._most_used:
            return _MINUTE - server_time % _MINUTE
        left, wait = self._most - sum(weight for _, weight in self._spent), 0.0
        for at, weight in self._spent:
            if left >= cost:
                break
            left, wait = left + weight, at + _MINUTE - now
        return wait

    def spend(self, cost: int, now: float) -> None:
        """Count a read."""
        self._spent.append((now, cost))
