"""Asking Binance whether the listen key is active: a stream of any key opens, and is pinged."""

from collections.abc import Callable
from typing import Final

import anyio

from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.user_stream.line import Line

_EARLIER_SECONDS: Final = 2.0
"""How long before a line opened the key may have been confirmed, if no line was lost since."""
_FIRST_PAUSE: Final = 15.0
_LONGEST_PAUSE: Final = 300.0


class Confirmation:
    """Whether Binance has confirmed the listen key of a line."""

    def __init__(self, keeper: ListenKeyKeeper) -> None:
        self._keeper = keeper
        self.needed_since = float("-inf")
        """When a line was lost: a key confirmed before may have ended while none was open."""

    def covers(self, line: Line) -> bool:
        """Return whether Binance has confirmed the key since a line opened, or shortly before."""
        active = self._keeper.life.active
        if self._keeper.schedule is None or line.opened_at is None:
            return line.is_open  # nothing is asked by itself
        since = max(line.opened_at - _EARLIER_SECONDS, self.needed_since)
        return active is not None and active.extended_at > since

    async def ask(
        self, line: Line, is_wanted: Callable[[], bool], failed: Callable[[BinanceError], None]
    ) -> None:
        """Ask until the key is confirmed, as long as that is wanted."""
        pause = _FIRST_PAUSE
        while is_wanted() and not self.covers(line):
            try:
                await self._keeper.keepalive()
            except BinanceError as error:
                failed(error)
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
