"""The wall clock, which only people and Binance read. Schedules use `anyio.current_time()`.

Both are seconds. Whoever needs wall time is given a `WallClock`, so a test can give its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime

WallClock = Callable[[], float]


def wall_clock() -> float:
    """Return the seconds since the Unix epoch."""
    return datetime.now(UTC).timestamp()
