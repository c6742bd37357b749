"""One reading of both clocks, which is passed to every decision of the sandbox."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """Now, on both clocks, in seconds."""

    steady: float
    """The clock that listen keys expire by: `anyio.current_time()`."""
    wall: float
    """Server time, for timestamps, minutes of request weight and bans."""

    @property
    def milliseconds(self) -> int:
        """Server time as Binance writes it."""
        return int(self.wall * 1000)


Now = Callable[[], Moment]
