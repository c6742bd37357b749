"""The clocks beside `anyio.current_time()`, in seconds.

What needs wall time is handed a `WallClock`, so that tests can hand in their own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import anyio

WallClock = Callable[[], float]

_SLEPT: Final = 2.0
"""Seconds by which the wall clock gets ahead before the machine must have been suspended."""


def wall_clock() -> float:
    """Return the seconds since the Unix epoch."""
    return datetime.now(UTC).timestamp()


class SteadyClock:
    """A monotonic clock that also counts the time while the machine is suspended.

    `anyio.current_time()` may stand still then (CLOCK_MONOTONIC on Linux does). Whenever this clock
    is read, the missing time is taken from the wall clock. A wall clock that is set forward looks
    the same; one that is set back changes nothing.
    """

    def __init__(self, wall_clock: WallClock = wall_clock) -> None:
        self._wall_clock = wall_clock
        self._missed = 0.0
        self._last: tuple[float, float] | None = None

    def now(self) -> float:
        """Return the time in seconds since an arbitrary moment."""
        awake, wall = anyio.current_time(), self._wall_clock()
        if self._last is not None:
            missed = (wall - self._last[1]) - (awake - self._last[0])
            if missed > _SLEPT:
                self._missed += missed
        self._last = awake, wall
        return awake + self._missed


class SuspensionDetector:
    """Notices that this machine was suspended. The times passed in are a `SteadyClock`'s."""

    def __init__(self, now: float) -> None:
        self._missed = now - anyio.current_time()

    def was_suspended(self, now: float) -> bool:
        """Return whether it was since the last call."""
        before, self._missed = self._missed, now - anyio.current_time()
        return self._missed - before > _SLEPT
