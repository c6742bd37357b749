"""The two clocks that are not `anyio.current_time()`. Both tell seconds.

Whoever needs wall time is given a `WallClock`, so that a test can give its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import anyio

WallClock = Callable[[], float]

_SLEPT: Final = 2.0
"""How much further than the other the wall clock goes before the machine must have slept."""


def wall_clock() -> float:
    """Return the seconds since the Unix epoch."""
    return datetime.now(UTC).timestamp()


class SteadyClock:
    """A clock that never goes back, and goes on while the machine sleeps.

    `anyio.current_time()` may stand still then. What it missed is seen by the wall clock, whenever
    this clock is read; a wall clock that is set forward looks the same, one that is set back
    changes nothing.
    """

    def __init__(self, wall_clock: WallClock = wall_clock) -> None:
        self._wall_clock = wall_clock
        self._missed = 0.0
        self._last: tuple[float, float] | None = None

    def now(self) -> float:
        """Return the time, on a scale of its own."""
        awake, wall = anyio.current_time(), self._wall_clock()
        if self._last is not None:
            missed = (wall - self._last[1]) - (awake - self._last[0])
            if missed > _SLEPT:
                self._missed += missed
        self._last = awake, wall
        return awake + self._missed
