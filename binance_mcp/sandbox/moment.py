"""One reading of both clocks, which every decision of the sandbox is given."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """Now, on both clocks, in seconds."""

    steady: float
    """What listen keys live by; runs with `anyio.current_time()`."""
    wall: float
    """Server time: what timestamps, minutes of request weight and bans are counted in."""

    @property
    def milliseconds(self) -> int:
        """Server time as Binance writes it."""
        return int(self.wall * 1000)


Now = Callable[[], Moment]
