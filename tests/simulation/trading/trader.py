"""`python -m tests.simulation.trading.trader`: a process that trades at random."""

import random
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import anyio
import httpx2 as httpx

from tests.simulation.trading.errand import Errand

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
_MOST_OPEN: Final = 12
"""Orders, and stops: then one of them ends before there is another."""
_SMALLEST: Final = Decimal("0.01")
_SIDES: Final = ("BUY", "SELL")


class Trader:
    """What it has open, and what it did."""

    def __init__(self, http: httpx.AsyncClient, rng: random.Random) -> None:
        self._http = http
        self._rng = rng
        self._orders: dict[int, Decimal] = {}
        """How much is left of each."""
        self._stops: dict[int, Decimal] = {}
        self.done: Counter[str] = Counter()

    async def step(self) -> None:
        """Do one thing, if it can be done."""
        actions = (
            *(self._place, self._place, self._fill, self._fill, self._fill, self._cancel),
            *(self._trade, self._trade, self._place_stop, self._place_stop, self._trigger),
            *(self._cancel_stop, self._fund),
        )
        await self._rng.choice(actions)()

    async def _do(self, what: str, route: str, **change: object) -> int:
        answer = await self._http.post(f"/sandbox/{route}", json=change)
        self.done[what] += 1
        return next(iter(answer.raise_for_status().json().values()))

    async def _place(self) -> None:
        if len(self._orders) >= _MOST_OPEN:
            await self._cancel()
        quantity = self._quantity()
        change = self._about(quantity) | {"price": self._price()}
        self._orders[await self._do("orders placed", "orders", **change)] = quantity

    async def _fill(self) -> None:
        if self._orders:
            order = self._one_of(self._orders)
            left = self._orders.pop(order)
            part = self._rng.choice((left, max(round(left / 2, 2), _SMALLEST)))
            change = {"orderId": order, "quantity": str(part), "price": self._price()}
            await self._do("fills", "fills", **change)
            if part < left:
                self._orders[order] = left - part

    async def _cancel(self) -> None:
        if self._orders:
            order = self._one_of(self._orders)
            del self._orders[order]
            status = self._rng.choice(("CANCELED", "CANCELED", "EXPIRED"))
            await self._do("orders ended", "orders", orderId=order, status=status)

    async def _trade(self) -> None:
        change = self._about(self._quantity()) | {"price": self._price()}
        await self._do("market orders", "fills", **change)

    async def _place_stop(self) -> None:
        if len(self._stops) >= _MOST_OPEN:
            await self._cancel_stop()
        quantity, price = self._quantity(), self._price()
        limit = self._rng.choice(({}, {"type": "STOP", "price": price}))
        change = self._about(quantity) | {"triggerPrice": price} | limit
        self._stops[await self._do("stops placed", "stops", **change)] = quantity

    async def _trigger(self) -> None:
        if self._stops:
            stop = self._one_of(self._stops)
            quantity = self._stops.pop(stop)
            order = await self._do("stops triggered", "stops", algoId=stop, status="TRIGGERED")
            self._orders[order] = quantity

    async def _cancel_stop(self) -> None:
        if self._stops:
            stop = self._one_of(self._stops)
            del self._stops[stop]
            await self._do("stops cancelled", "stops", algoId=stop, status="CANCELED")

    async def _fund(self) -> None:
        rate = str(Decimal(self._rng.randint(-300, 300)).scaleb(-6))
        await self._do("fundings", "funding", symbol=self._rng.choice(SYMBOLS), rate=rate)

    def _about(self, quantity: Decimal) -> dict[str, Any]:
        symbol, side = self._rng.choice(SYMBOLS), self._rng.choice(_SIDES)
        return {"symbol": symbol, "side": side, "quantity": str(quantity)}

    def _price(self) -> str:
        return str(self._rng.randint(90, 110))

    def _quantity(self) -> Decimal:
        return Decimal(self._rng.randint(1, 300)).scaleb(-2)

    def _one_of(self, open_now: Mapping[int, Decimal]) -> int:
        return self._rng.choice(list(open_now))


async def main() -> None:
    """Trade as long as it is wanted, and say what was done."""
    errand = Errand.given()
    async with errand.http() as http:
        trader = Trader(http, errand.rng)
        with anyio.move_on_after(errand.seconds):
            while True:
                await anyio.sleep(errand.pause * errand.rng.expovariate(1))
                with anyio.CancelScope(shield=True):  # nothing is done by half
                    await trader.step()
    errand.report(trader.done)


if __name__ == "__main__":
    anyio.run(main)
