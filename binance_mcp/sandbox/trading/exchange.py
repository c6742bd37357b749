"""What the accounts of an exchange share: ids that grow, and the marks."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from binance_mcp.sandbox.trading.amounts import ZERO


class Exchange:
    """Ids count from 1. A mark is the mark price of a symbol, or else its last price."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()
        self._marks: dict[str, Decimal] = {}
        self._last_prices: dict[str, Decimal] = {}

    def next_id(self, of: Literal["order", "algo order", "transaction"]) -> int:
        """Return a new id of an order, a conditional order or an income: unique on the exchange."""
        return self._next(of)

    def next_trade_id(self, symbol: str) -> int:
        """Return a new trade id, which is unique within its symbol only."""
        return self._next(f"trade of {symbol}")

    def mark(self, symbol: str) -> Decimal:
        """Return the mark of a symbol; zero if it has neither been set nor traded."""
        return self._marks.get(symbol) or self._last_prices.get(symbol, ZERO)

    def set_marks(self, prices: Mapping[str, Decimal]) -> None:
        """Set the mark prices of some symbols."""
        self._marks.update(prices)

    def traded(self, symbol: str, price: Decimal) -> None:
        """Remember the price of a trade."""
        self._last_prices[symbol] = price

    def _next(self, kind: str) -> int:
        self._given[kind] += 1
        return self._given[kind]
