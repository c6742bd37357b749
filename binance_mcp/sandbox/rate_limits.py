"""Request weight by IP address and calendar minute, and bans for exceeding it. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from binance_mcp.sandbox.error_answers import TOO_MANY_REQUESTS, WEIGHT_LIMIT, banned
from binance_mcp.sandbox.http_messages import RefusedError

_PATIENCE: Final = 50
"""Weight beyond the limit that is answered with 429; more is a ban."""
FIRST_BAN_SECONDS: Final = 120.0
_LONGEST_BAN_SECONDS: Final = 3 * 86_400.0
_REMEMBERED: Final = 10_000
"""Number of IP addresses; the least recent one is forgotten."""


@dataclass
class _Usage:
    minute: int = 0
    used: int = 0
    bans: int = 0
    banned_until: float = 0.0


class RateLimits:
    """Weight used by each IP address. Times are seconds of server time."""

    def __init__(self) -> None:
        self._usages: OrderedDict[str, _Usage] = OrderedDict()

    def count(self, ip: str, now: float, weight: int = 1) -> int:
        """Count a request, unless `ip` is banned; return the weight used in this minute."""
        usage = self._usage(ip)
        if now < usage.banned_until:
            return usage.used
        minute = int(now // 60)
        if usage.minute != minute:
            usage.minute, usage.used = minute, 0
        usage.used += weight
        if usage.used > WEIGHT_LIMIT + _PATIENCE:
            seconds = min(FIRST_BAN_SECONDS * 2**usage.bans, _LONGEST_BAN_SECONDS)
            usage.bans, usage.banned_until = usage.bans + 1, now + seconds
        return usage.used

    def check(self, ip: str, now: float) -> None:
        """Check that a counted request is within the limit.

        Raises:
            RefusedError: 429 beyond the limit, 418 during a ban.

        """
        usage = self._usage(ip)
        if now < usage.banned_until:
            raise RefusedError(banned(usage.banned_until))
        if usage.used > WEIGHT_LIMIT:
            raise RefusedError(TOO_MANY_REQUESTS)

    def _usage(self, ip: str) -> _Usage:
        usage = self._usages.setdefault(ip, _Usage())
        self._usages.move_to_end(ip)
        if len(self._usages) > _REMEMBERED:
            self._usages.popitem(last=False)
        return usage
