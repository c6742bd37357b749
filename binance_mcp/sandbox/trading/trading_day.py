"""A seeded day of an account: what a trader and a market might do."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from binance_mcp.sandbox.trading.amounts import ZERO
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.sandbox.trading.order import Order

SECONDS: Final = 86_400
FUNDING_SECONDS: Final = 28_800
_CENTS: Final = 2
_SIDES: Final = ("BUY", "SELL")


def trading_day(
    rng: Random, ledger: Ledger, symbols: Sequence[str], *, seconds: int = SECONDS, steps: int = 500
) -> Iterator[float]:
    """Give the seconds to wait before each change, and make it when the next one is asked for.

    There are about `steps` changes in `seconds`: orders, partial fills, market orders, cancelled,
    expired and conditional orders, and whenever 8 hours of server time are over, funding. Whoever
    iterates decides how time passes: the changes are made at the time that the ledger has then.
    """
    day = _Day(rng, ledger, symbols)
    start = ledger.time / 1000
    first = FUNDING_SECONDS - start % FUNDING_SECONDS
    fundings = [first + FUNDING_SECONDS * n for n in range(int(seconds // FUNDING_SECONDS) + 1)]
    plan: list[tuple[float, Callable[[], None]]] = [
        *((rng.uniform(0, seconds), day.step) for _ in range(steps)),
        *((at, day.fund) for at in fundings if at < seconds),
    ]
    past = 0.0
    for at, change in sorted(plan, key=lambda each: each[0]):
        yield at - past
        past = at
        change()


class _Day:
    """Where the prices are, and what is done next."""

    def __init__(self, rng: Random, ledger: Ledger, symbols: Sequence[str]) -> None:
        self._rng = rng
        self._ledger = ledger
        self._symbols = symbols
        self._prices = {symbol: self._cents(rng.uniform(10, 1000)) for symbol in symbols}
        self._actions: Sequence[Callable[[str], object]] = (
            *(self._place, self._place, self._place, self._fill, self._fill, self._fill),
            *(self._trade, self._cancel, self._expire, self._place_stop, self._end_stop),
        )

    def step(self) -> None:
        """Move the price of a symbol, and do one thing in it, if it can be done."""
        symbol = self._rng.choice(self._symbols)
        moved = float(self._prices[symbol]) * self._rng.uniform(0.998, 1.002)
        self._prices[symbol] = self._cents(moved)
        self._ledger.set_mark(symbol, self._prices[symbol])
        self._rng.choice(self._actions)(symbol)

    def fund(self) -> None:
        """Book the funding fee of every symbol."""
        for symbol in self._symbols:
            self._ledger.fund(symbol, Decimal(self._rng.randint(-300, 300)).scaleb(-6))

    def _place(self, symbol: str) -> None:
        side = self._rng.choice(_SIDES)
        away = self._rng.uniform(0.99, 1.0) if side == "BUY" else self._rng.uniform(1.0, 1.01)
        price = self._cents(float(self._prices[symbol]) * away)
        self._ledger.place_order(symbol, side, self._quantity(), price)

    def _trade(self, symbol: str) -> None:
        side = self._rng.choice(_SIDES)
        self._ledger.trade(symbol, side, self._quantity(), self._prices[symbol])

    def _fill(self, symbol: str) -> None:
        for order in self._one_of_the_open(symbol):
            part = self._cents(float(order.remaining) * self._rng.uniform(0.2, 0.8))
            is_whole = part == ZERO or self._rng.random() < 0.5  # noqa: PLR2004  # every other
            self._ledger.fill(order.id, None if is_whole else part)

    def _cancel(self, symbol: str) -> None:
        for order in self._one_of_the_open(symbol):
            self._ledger.cancel(order.id)

    def _expire(self, symbol: str) -> None:
        for order in self._one_of_the_open(symbol):
            self._ledger.expire(order.id)

    def _place_stop(self, symbol: str) -> None:
        side = self._rng.choice(_SIDES)
        away = 1.01 if side == "BUY" else 0.99
        trigger = self._cents(float(self._prices[symbol]) * away)
        price = self._rng.choice((None, trigger))
        self._ledger.place_stop(symbol, side, self._quantity(), trigger, price)

    def _end_stop(self, symbol: str) -> None:
        stops = [each for each in self._ledger.book.open_stops if each.symbol == symbol]
        for stop in self._rng.sample(stops, min(1, len(stops))):
            if self._rng.random() < 0.3:  # noqa: PLR2004  # most are triggered
                self._ledger.cancel_stop(stop.id)
            else:
                self._ledger.trigger_stop(stop.id)

    def _one_of_the_open(self, symbol: str) -> Sequence[Order]:
        orders = [each for each in self._ledger.book.open_orders if each.symbol == symbol]
        return self._rng.sample(orders, min(1, len(orders)))

    def _quantity(self) -> Decimal:
        return Decimal(self._rng.randint(1, 500)).scaleb(-2)

    def _cents(self, amount: float) -> Decimal:
        return round(Decimal(amount), _CENTS)
