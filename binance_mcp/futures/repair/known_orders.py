"""The open orders and stops of the account, as the journal and Binance's lists have them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from binance_mcp.futures.account_reads import Row
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields

Order = tuple[str, str]
"""Symbol and number."""

OPEN: Final = ("NEW", "PARTIALLY_FILLED")
STOP_OPEN: Final = ("NEW", "TRIGGERING", "TRIGGERED")


@dataclass(eq=False)
class KnownOrders:
    """What is known to be open."""

    orders: dict[Order, str] = field(default_factory=dict[Order, str])
    """How much of each has been filled."""
    stops: set[Order] = field(default_factory=set[Order])
    """One that was triggered has not ended before its order has."""
    is_complete: bool = False
    """Whether all that is open is known; otherwise only what events told of."""
    stop_symbols: set[str] = field(default_factory=set[str])
    """The symbols of the stops that were ever seen: those of one can only be listed together."""

    def apply(self, event: UserEvent) -> None:
        """Take over what an event says."""
        order = Fields(event.data).part("o")
        status = order.text("X")
        if event.type == "ORDER_TRADE_UPDATE" and (number := order.number("i")):
            if status in OPEN:
                self.orders[order.text("s"), number] = order.text("z") or "0"
            else:
                self.orders.pop((order.text("s"), number), None)
        elif event.type == "ALGO_UPDATE" and (number := order.number("aid")):
            stop = order.text("s"), number
            self.stop_symbols.add(stop[0])
            (self.stops.add if status in STOP_OPEN else self.stops.discard)(stop)

    @property
    def symbols(self) -> set[str]:
        """The symbols in which something is open."""
        return {symbol for symbol, _ in (*self.orders, *self.stops)}

    def replace(self, orders: Iterable[Row], stops: Iterable[Row]) -> None:
        """Take over what is open: all there is."""
        self.orders = {order_of(row): Fields(row).text("executedQty") for row in orders}
        self.stops = {stop_of(row) for row in stops}
        self.stop_symbols |= {symbol for symbol, _ in self.stops}
        self.is_complete = True


def order_of(row: Row) -> Order:
    """Return the symbol and the number of an order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("orderId")


def stop_of(row: Row) -> Order:
    """Return the symbol and the number of a conditional order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("algoId")
