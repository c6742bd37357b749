"""A machine on a virtual clock, which can sleep. Time that passed is told in seconds."""

from typing import Final

import anyio

START_OF_A_MINUTE: Final = 1_700_000_040.0


class Machine:
    """Has the two clocks of a machine, and the true time.

    While it sleeps, `anyio.current_time()` stands still, like Linux's monotonic clock.
    """

    def __init__(self) -> None:
        self._slept = 0.0
        self._is_asleep = False

    def now(self) -> float:
        """Return the true time, which began with the virtual clock's."""
        return anyio.current_time() + self._slept

    def wall_clock(self) -> float:
        return START_OF_A_MINUTE + self.now()

    async def until(self, at: float) -> None:
        """Let the time pass; asleep, nothing that runs on the machine takes part in it."""
        left = max(at - self.now(), 0.0)
        if self._is_asleep:
            self._slept += left
        else:
            await anyio.sleep(left)

    def fall_asleep(self) -> None:
        self._is_asleep = True

    def wake_up(self) -> None:
        self._is_asleep = False

    async def sleep(self, seconds: float) -> None:
        """Sleep from now on for a time."""
        self.fall_asleep()
        await self.until(self.now() + seconds)
        self.wake_up()
