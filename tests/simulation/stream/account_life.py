"""What happens to the account, and to its streams, while a server receives its events."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import anyio
import httpx2 as httpx

from binance_mcp.clock import wall_clock

_BATCH: Final = 20
TROUBLES: Final = (
    "drop",
    "close the key",
    "silence",
    "close the key",
    "flood",
    "flood and drop",
    "close the key",
    "not json",
    "binary",
    "oversized",
    "close the key",
    "close",
)
_FRAMES: Final = {"not json", "binary", "oversized"}


def events(numbers: Iterator[int], milliseconds: int, many: int) -> list[dict[str, Any]]:
    """Return events of some types; no two are alike."""
    found: list[dict[str, Any]] = []
    for number in (next(numbers) for _ in range(many)):
        at = {"E": milliseconds, "T": milliseconds}
        trade = {"s": "BTCUSDT", "i": number, "S": "BUY", "x": "TRADE", "X": "FILLED", "t": number}
        balance = {"a": "USDT", "wb": f"{number}.5", "bc": "0"}
        found.append(
            [
                {"e": "ORDER_TRADE_UPDATE", **at, "o": trade | {"z": "0.010", "ap": "64089.20"}},
                {"e": "ACCOUNT_UPDATE", **at, "a": {"m": "ORDER", "B": [balance], "P": []}},
                {"e": "TRADE_LITE", **at, **trade, "l": "0.010", "L": "64089.20"},
            ][number % 3]
        )
    return found


@dataclass
class AccountLife:
    """Another program that uses the account, and a network that is no good."""

    at: Mapping[str, str]
    rng: random.Random
    troubles: list[str] = field(default_factory=list[str])
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def push(self, many: int, per_second: int) -> None:
        """Push so many events."""
        async with self._http() as http:
            pushed = 0
            while pushed < many:
                batch = events(
                    self._numbers, round(wall_clock() * 1000), min(_BATCH, many - pushed)
                )
                await http.post("/sandbox/events", json={"events": batch})
                pushed += len(batch)
                await anyio.sleep(_BATCH / per_second * self.rng.random() * 2)

    async def trouble(self, flood: int, pause: float) -> None:
        """Do one harm after the other until cancelled, and none by half."""
        async with self._http() as http:
            for each in count():
                await anyio.sleep(pause * (0.5 + self.rng.random()))
                what = TROUBLES[each % len(TROUBLES)]
                self.troubles.append(what)
                with anyio.CancelScope(shield=True):  # or silence would go on
                    await self._harm(http, what, flood)

    async def _harm(self, http: httpx.AsyncClient, what: str, flood: int) -> None:
        if what == "close the key":
            headers = {"X-MBX-APIKEY": self.at["apiKey"]}
            await http.delete("/fapi/v1/listenKey", headers=headers)
            return
        if what == "silence":
            await http.post("/sandbox/faults", json={"fault": "stream_silent"})
            await anyio.sleep(0.5)
        elif what in _FRAMES:
            fault = f"stream_{what.replace(' ', '_')}"
            await http.post("/sandbox/faults", json={"fault": fault})
        elif what == "close":
            await http.post("/sandbox/faults", json={"fault": "stream_close", "code": 1001})
        elif what.startswith("flood"):
            await http.post("/sandbox/faults", json={"fault": "stream_flood", "count": flood})
        if what in {"drop", "silence", "flood and drop"}:
            await http.delete("/sandbox/streams")
            await http.delete("/sandbox/faults")  # before the stream is opened again

    async def truth(self) -> list[dict[str, Any]]:
        """Return every event that there was."""
        async with self._http() as http:
            return (await http.get("/sandbox/events")).json()["events"]

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.at["restUrl"], trust_env=False, timeout=60)
