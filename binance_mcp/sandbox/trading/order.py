"""An order of an account.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/All-Orders
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, Self

from binance_mcp.sandbox.trading.amounts import ZERO, plain

Side = Literal["BUY", "SELL"]
OrderType = Literal["LIMIT", "MARKET"]
StopType = Literal["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTX"]
End = Literal["CANCELED", "EXPIRED"]
Status = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"]
Row = Mapping[str, object]
"""A row of an answer of REST."""

DAY: Final = 86_400_000
"""Milliseconds."""
_OPEN: Final = ("NEW", "PARTIALLY_FILLED")
_REMEMBERED: Final = 90 * DAY
_REMEMBERED_UNFILLED: Final = 3 * DAY


def is_remembered(created: int, time: int, *, ended_unfilled: bool) -> bool:
    """Return whether Binance still shows an order, conditional ones included."""
    return time - created <= (_REMEMBERED_UNFILLED if ended_unfilled else _REMEMBERED)


@dataclass(frozen=True)
class Order:
    """An order as it stands. Times are in milliseconds."""

    id: int
    client_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal
    """The limit; zero for a market order."""
    time: int
    updated: int
    time_in_force: TimeInForce = "GTC"
    reduce_only: bool = False
    original_type: OrderType | StopType | None = None
    """The type of the conditional order that it was."""
    stop_price: Decimal = ZERO
    status: Status = "NEW"
    filled: Decimal = ZERO
    quote: Decimal = ZERO
    """The sum of the prices of what is filled."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return self.status in _OPEN

    @property
    def remaining(self) -> Decimal:
        """What is not filled."""
        return self.quantity - self.filled

    @property
    def average(self) -> Decimal:
        """The average price of what is filled; zero if nothing is."""
        return self.quote / self.filled if self.filled else ZERO

    def signed(self, amount: Decimal) -> Decimal:
        """Return how an amount of it changes the position."""
        return amount if self.side == "BUY" else -amount

    def is_found(self, time: int) -> bool:
        """Return whether Binance still shows it: unfilled ones for 3 days, others for 90."""
        ended_unfilled = not self.is_open and not self.filled
        return is_remembered(self.time, time, ended_unfilled=ended_unfilled)

    def after_fill(self, quantity: Decimal, price: Decimal, time: int) -> Self:
        """Return the order after a fill."""
        status: Status = "FILLED" if quantity == self.remaining else "PARTIALLY_FILLED"
        return replace(
            self,
            status=status,
            filled=self.filled + quantity,
            quote=self.quote + quantity * price,
            updated=time,
        )

    def after_end(self, status: End, time: int) -> Self:
        """Return the order after it was cancelled or has expired."""
        return replace(self, status=status, updated=time)

    @property
    def row(self) -> Row:
        """The order as REST shows it."""
        return {
            "orderId": self.id,
            "symbol": self.symbol,
            "status": self.status,
            "clientOrderId": self.client_id,
            "price": plain(self.price),
            "avgPrice": plain(self.average),
            "origQty": plain(self.quantity),
            "executedQty": plain(self.filled),
            "cumQuote": plain(self.quote),
            "timeInForce": self.time_in_force,
            "type": self.type,
            "reduceOnly": self.reduce_only,
            "closePosition": False,
            "side": self.side,
            "positionSide": "BOTH",
            "stopPrice": plain(self.stop_price),
            "workingType": "CONTRACT_PRICE",
            "priceProtect": False,
            "origType": self.original_type or self.type,
            "priceMatch": "NONE",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "goodTillDate": 0,
            "time": self.time,
            "updateTime": self.updated,
        }
