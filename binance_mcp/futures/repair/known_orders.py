"""The open orders and stops of the account, as the journal and Binance's lists have them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from binance_mcp.futures.account_reads import Row
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields

Order = tuple[str, str]
"""Symbol and number."""

_OPEN: Final = ("NEW", "PARTIALLY_FILLED")
_STOP_OPEN: Final = ("NEW", "TRIGGERING")


@dataclass(eq=False)
class KnownOrders:
    """What is known to be open."""

    orders: dict[Order, str] = field(default_factory=dict[Order, str])
    """How much of each has been filled."""
    stops: set[Order] = field(default_factory=set[Order])
    is_complete: bool = False
    """Whether all that is open is known; otherwise only what events told of."""

    def apply(self, event: UserEvent) -> None:
        """Take over what an event says."""
        order = Fields(event.data).part("o")
        status = order.text("X")
        if event.type == "ORDER_TRADE_UPDATE" and (number := order.number("i")):
            if status in _OPEN:
                self.orders[order.text("s"), number] = order.text("z") or "0"
            else:
                self.orders.pop((order.text("s"), number), None)
        elif event.type == "ALGO_UPDATE" and (number := order.number("aid")):
            stop = order.text("s"), number
            (self.stops.add if status in _STOP_OPEN else self.stops.discard)(stop)

    def replace(self, orders: Iterable[Row], stops: Iterable[Row]) -> None:
        """Take over what Binance lists as open: all there is."""
        self.orders = {order_of(row): Fields(row).text("executedQty") for row in orders}
        self.stops = {stop_of(row) for row in stops}
        self.is_complete = True


def order_of(row: Row) -> Order:
    """Return the symbol and the number of an order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("orderId")


def stop_of(row: Row) -> Order:
    """Return the symbol and the number of a conditional order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("algoId")
