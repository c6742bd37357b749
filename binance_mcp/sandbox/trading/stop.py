"""A conditional order, which Binance keeps in its Algo Service until it is triggered.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Current-All-Algo-Open-Orders
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Query-Algo-Order
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, Self

from binance_mcp.sandbox.trading.amounts import ZERO, plain
from binance_mcp.sandbox.trading.order import Order, Row, Side, StopType, is_remembered

StopStatus = Literal["NEW", "CANCELED", "EXPIRED", "TRIGGERING", "TRIGGERED", "FINISHED"]

_ENDED_UNTRIGGERED: Final = ("CANCELED", "EXPIRED")


@dataclass(frozen=True)
class Stop:
    """A conditional order as it stands. Times are in milliseconds."""

    id: int
    client_id: str
    symbol: str
    side: Side
    type: StopType
    quantity: Decimal
    trigger_price: Decimal
    price: Decimal
    """The limit of its order; zero for a market order."""
    time: int
    updated: int
    reduce_only: bool = False
    status: StopStatus = "NEW"
    triggered: int = 0
    """When it was triggered; 0 before."""
    order: Order | None = None
    """Its order, since it was triggered."""

    def after(self, status: StopStatus, time: int) -> Self:
        """Return the conditional order after a change of its status."""
        return replace(self, status=status, updated=time)

    def is_found(self, time: int) -> bool:
        """Return whether Binance still shows it: cancelled ones for 3 days, others for 90."""
        ended_unfilled = self.status in _ENDED_UNTRIGGERED and not self.actual_quantity
        return is_remembered(self.time, time, ended_unfilled=ended_unfilled)

    def order_with_id(self, order_id: int, time: int) -> Order:
        """Return the order that it becomes when it is triggered."""
        return Order(
            id=order_id,
            client_id=self.client_id,
            symbol=self.symbol,
            side=self.side,
            type="LIMIT" if self.price else "MARKET",
            quantity=self.quantity,
            price=self.price,
            time=time,
            updated=time,
            reduce_only=self.reduce_only,
            original_type=self.type,
            stop_price=self.trigger_price,
        )

    @property
    def actual_order_id(self) -> str:
        """The id of its order; empty before it is triggered."""
        return str(self.order.id) if self.order else ""

    @property
    def actual_price(self) -> Decimal:
        """The average price of its order."""
        return self.order.average if self.order else ZERO

    @property
    def actual_quantity(self) -> Decimal:
        """What is filled of its order."""
        return self.order.filled if self.order else ZERO

    @property
    def row(self) -> Row:
        """The conditional order as REST shows it in a list."""
        return {
            **self._members,
            "tpTriggerPrice": "0",
            "tpPrice": "0",
            "slTriggerPrice": "0",
            "slPrice": "0",
        }

    @property
    def single_row(self) -> Row:
        """The conditional order as REST shows it alone: with the type and the fill of its order."""
        kind = {"actualType": self.order.type} if self.order else {}
        fill = {"actualQty": plain(self.actual_quantity)} if self.actual_quantity else {}
        return {**self._members, **kind, **fill}

    @property
    def _members(self) -> Row:
        return {
            "algoId": self.id,
            "clientAlgoId": self.client_id,
            "algoType": "CONDITIONAL",
            "orderType": self.type,
            "symbol": self.symbol,
            "side": self.side,
            "positionSide": "BOTH",
            "timeInForce": "GTC",
            "quantity": plain(self.quantity),
            "algoStatus": self.status,
            "actualOrderId": self.actual_order_id,
            "actualPrice": plain(self.actual_price),
            "triggerPrice": plain(self.trigger_price),
            "price": plain(self.price),
            "icebergQuantity": None,
            "tpOrderType": "",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": "CONTRACT_PRICE",
            "priceMatch": "NONE",
            "closePosition": False,
            "priceProtect": False,
            "reduceOnly": self.reduce_only,
            "createTime": self.time,
            "updateTime": self.updated,
            "triggerTime": self.triggered,
            "goodTillDate": 0,
        }
