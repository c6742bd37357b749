"""A fill of an order.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Account-Trade-List
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from binance_mcp.sandbox.trading.amounts import plain, rounded
from binance_mcp.sandbox.trading.order import Row, Side

_MAKER_RATE: Final = Decimal("0.0002")
_TAKER_RATE: Final = Decimal("0.0005")


@dataclass(frozen=True)
class Fill:
    """What is said of a fill before it is booked."""

    quantity: Decimal
    price: Decimal
    is_maker: bool
    commission: Decimal | None = None
    """In USDT; without it the rates of an ordinary account apply."""

    @property
    def fee(self) -> Decimal:
        """The commission that is booked."""
        if self.commission is not None:
            return self.commission
        rate = _MAKER_RATE if self.is_maker else _TAKER_RATE
        return rounded(self.quantity * self.price * rate)


@dataclass(frozen=True)
class Trade:
    """A fill that is booked."""

    id: int
    """Unique within its symbol."""
    order_id: int
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    is_maker: bool
    realized: Decimal
    """The profit, before the commission."""
    time: int

    @property
    def row(self) -> Row:
        """The trade as REST shows it."""
        return {
            "symbol": self.symbol,
            "id": self.id,
            "orderId": self.order_id,
            "side": self.side,
            "price": plain(self.price),
            "qty": plain(self.quantity),
            "realizedPnl": plain(self.realized),
            "quoteQty": plain(self.quantity * self.price),
            "commission": plain(self.commission),
            "commissionAsset": "USDT",
            "time": self.time,
            "positionSide": "BOTH",
            "buyer": self.side == "BUY",
            "maker": self.is_maker,
        }
