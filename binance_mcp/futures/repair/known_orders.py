"""The open orders and stops of the account, as the journal and Binance's lists have them. Pure."""

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from binance_mcp.futures.account_reads import Row
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields
from binance_mcp.futures.user_stream.store import OpenOrders

Order = tuple[str, str]
"""Symbol and number."""

OPEN: Final = ("NEW", "PARTIALLY_FILLED")
STOP_OPEN: Final = ("NEW", "TRIGGERING", "TRIGGERED")
_ENDS_KEPT: Final = 10_000
"""Ends that are remembered, for what is read about a time before them."""
_ORDER: Final = "order"
_STOP: Final = "stop"
_NOTHING: Final = Decimal(0)
_QUANTITY: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


@dataclass(eq=False)
class KnownOrders:
    """What is known to be open. Events may be applied in any order, and more than once."""

    orders: dict[Order, Decimal] = field(default_factory=dict[Order, Decimal])
    """How much of each has been filled."""
    stops: dict[Order, str] = field(default_factory=dict[Order, str])
    """The number of the order that each became; empty until it is triggered.

    One that was triggered has not ended before its order has.
    """
    is_complete: bool = False
    """Whether all that is open is known; otherwise only what events told of."""
    stop_symbols: set[str] = field(default_factory=set[str])
    """The symbols of the stops that were ever seen: those of one can only be listed together."""
    _ended: OrderedDict[tuple[str, Order], None] = field(
        default_factory=OrderedDict[tuple[str, Order], None], init=False
    )

    def apply(self, event: UserEvent) -> None:
        """Take over what an event says."""
        order = Fields(event.data).part("o")
        symbol, status = order.text("s"), order.text("X")
        if event.type == "ORDER_TRADE_UPDATE" and (number := order.number("i")):
            if status in OPEN:
                self._open((symbol, number), order.data.get("z"))
            else:
                self._end((symbol, number))
        elif event.type == "ALGO_UPDATE" and (number := order.number("aid")):
            if status in STOP_OPEN:
                self._open_stop((symbol, number), order.text("ai"))
            elif status != "FINISHED" or self.stops.get((symbol, number)) != "":
                self._end_stop((symbol, number))  # otherwise it is not known how it was triggered

    @property
    def symbols(self) -> set[str]:
        """The symbols in which something is open."""
        return {symbol for symbol, _ in (*self.orders, *self.stops)}

    def take_over(self, orders: Iterable[Row], stops: Iterable[Row], until: float) -> None:
        """Take over what is listed of orders and stops.

        What ended after `until`, in seconds since the Unix epoch, is left open. If not all was
        known that is open, all that is listed as open becomes known.
        """
        for row in orders:
            self._take_order(row, until)
        for row in stops:
            self._take_stop(row, until)

    def forget(self, orders: Iterable[Order], stops: Iterable[Order]) -> None:
        """Forget what cannot be read any more."""
        for order in orders:
            self._end(order)
        for stop in stops:
            self._end_stop(stop)

    def clear(self) -> None:
        """Know nothing to be open any more."""
        self.orders.clear()
        self.stops.clear()
        self.is_complete = False

    def restore(self, past: OpenOrders) -> None:
        """Know what was open, which is all there was."""
        self.orders = {(symbol, number): Decimal(filled) for symbol, number, filled in past.orders}
        self.stops = {(symbol, number): order for symbol, number, order in past.stops}
        self.stop_symbols |= {symbol for symbol, _ in self.stops}
        self.is_complete = True

    def as_of(self, sequence: int, compared_until: float) -> OpenOrders:
        """Return what is open after an event."""
        orders = tuple((*order, f"{filled:f}") for order, filled in self.orders.items())
        stops = tuple((*stop, order) for stop, order in self.stops.items())
        return OpenOrders(sequence, orders, stops, compared_until)

    def _take_order(self, row: Row, until: float) -> None:
        order = order_of(row)
        if Fields(row).text("status") not in OPEN:
            if _is_before(row, until):
                self._end(order)
        elif order in self.orders or not self.is_complete:
            self._open(order, row.get("executedQty"))

    def _take_stop(self, row: Row, until: float) -> None:
        if Fields(row).text("algoStatus") not in STOP_OPEN:
            if _is_before(row, until):
                self._end_stop(stop_of(row))
        elif stop_of(row) in self.stops or not self.is_complete:
            self._open_stop(stop_of(row), Fields(row).text("actualOrderId"))

    def _open(self, order: Order, filled: object) -> None:
        if (_ORDER, order) not in self._ended:
            known = self.orders.get(order, _NOTHING)
            self.orders[order] = max(known, quantity(filled) or _NOTHING)

    def _end(self, order: Order) -> None:
        self.orders.pop(order, None)
        self._note(_ORDER, order)

    def _open_stop(self, stop: Order, order: str) -> None:
        self.stop_symbols.add(stop[0])
        if (_STOP, stop) not in self._ended:
            self.stops[stop] = order or self.stops.get(stop, "")

    def _end_stop(self, stop: Order) -> None:
        self.stop_symbols.add(stop[0])
        self.stops.pop(stop, None)
        self._note(_STOP, stop)

    def _note(self, kind: str, order: Order) -> None:
        self._ended[kind, order] = None
        if len(self._ended) > _ENDS_KEPT:
            self._ended.popitem(last=False)


def order_of(row: Row) -> Order:
    """Return the symbol and the number of an order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("orderId")


def stop_of(row: Row) -> Order:
    """Return the symbol and the number of a conditional order in a list of Binance's."""
    return Fields(row).text("symbol"), Fields(row).number("algoId")


def quantity(value: object) -> Decimal | None:
    """Return a quantity as Binance writes it; None if it is none."""
    return Decimal(value) if isinstance(value, str) and _QUANTITY.fullmatch(value) else None


def _is_before(row: Row, until: float) -> bool:
    return int(Fields(row).number("updateTime") or 0) <= until * 1000
