"""`python -m tests.simulation.trading.saboteur`: a process that harms the streams at random."""

from collections import Counter
from typing import Final

import anyio
import httpx2 as httpx

from tests.simulation.trading.errand import Errand

_LONGEST: Final = 8.0
"""Seconds that a trouble may last."""
_MOST_WITHHELD: Final = 6
_TROUBLES: Final = ("drop", "silence", "outage", "close", "not json", "lost key")
_WITHHELD: Final = ("withheld events",) * 2


class Saboteur:
    """What it did, and does next."""

    def __init__(self, http: httpx.AsyncClient, errand: Errand) -> None:
        self._http = http
        self._rng = errand.rng
        self._troubles = _TROUBLES + (_WITHHELD if errand.withholds else ())
        self.done: Counter[str] = Counter()

    async def step(self, left: float) -> None:
        """Make one trouble, and end it before so many seconds are over."""
        what = self._rng.choice(self._troubles)
        seconds = max(min(self._rng.uniform(0.5, _LONGEST), left), 0.1)
        self.done[what] += 1
        if what == "silence":
            await self._arm(fault="stream_silent")
            await anyio.sleep(seconds)
        elif what == "outage":
            await self._arm(fault="stream_close", seconds=seconds)
            await anyio.sleep(seconds)
        elif what == "close":
            await self._arm(fault="stream_close")
        elif what == "not json":
            await self._arm(fault="stream_not_json")
        elif what == "lost key":
            await self._http.delete("/fapi/v1/listenKey")
        elif what == "withheld events":
            count = self._rng.randint(1, _MOST_WITHHELD)
            await self._arm(fault="stream_drop_next", count=count)
        if what in {"drop", "silence"}:
            await self._http.delete("/sandbox/streams")
            await self._http.delete("/sandbox/faults")

    async def _arm(self, **fault: object) -> None:
        (await self._http.post("/sandbox/faults", json=fault)).raise_for_status()


async def main() -> None:
    """Make trouble as long as it is wanted, and say what was done."""
    errand = Errand.given()
    async with errand.http() as http:
        saboteur = Saboteur(http, errand)
        with anyio.move_on_after(errand.seconds) as time:
            while True:
                await anyio.sleep(errand.pause * errand.rng.uniform(0.2, 1.8))
                with anyio.CancelScope(shield=True):  # or silence would go on
                    await saboteur.step(time.deadline - anyio.current_time())
    errand.report(saboteur.done)


if __name__ == "__main__":
    anyio.run(main)
