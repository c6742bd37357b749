"""A position in one-way mode, cross margin."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from binance_mcp.sandbox.trading.amounts import ZERO, rounded


@dataclass(frozen=True)
class Position:
    """A position as it stands. A short one has a negative amount."""

    symbol: str
    amount: Decimal = ZERO
    cost: Decimal = ZERO
    """The amount at its entry price, with the amount's sign."""
    realized: Decimal = ZERO
    """All profit that was ever realised on the symbol, before commissions."""
    paid: Decimal = ZERO
    """Commissions less realised profit since it was opened."""
    updated: int = 0

    @property
    def entry_price(self) -> Decimal:
        """The average price that it was opened at; zero if there is none."""
        return self.cost / self.amount if self.amount else ZERO

    @property
    def breakeven_price(self) -> Decimal:
        """The price at which closing it costs nothing, but for the last commission."""
        return (self.cost + self.paid) / self.amount if self.amount else ZERO

    def unrealized(self, mark: Decimal) -> Decimal:
        """Return the profit that it has at a mark."""
        return rounded(self.amount * mark - self.cost)

    def after_trade(self, change: Decimal, price: Decimal, commission: Decimal, time: int) -> Self:
        """Return the position after a trade that changes its amount."""
        closed = self._closed_by(change)
        opened = change + closed
        traded = replace(self, amount=self.amount + change, updated=time)
        released = self.cost * closed / self.amount if self.amount else ZERO
        realized = rounded(closed * price - released)
        traded = replace(traded, realized=self.realized + realized)
        if closed == self.amount:  # nothing of it is left: what is opened is a new one
            return replace(traded, cost=opened * price, paid=commission)
        return replace(
            traded,
            cost=self.cost - released + opened * price,
            paid=self.paid + commission - realized,
        )

    def _closed_by(self, change: Decimal) -> Decimal:
        """Return which part of the amount a change closes, with the amount's sign."""
        if self.amount * change >= 0:
            return ZERO
        return max(self.amount, -change) if self.amount < 0 else min(self.amount, -change)
