"""What happened to the account in a span of time, read from Binance's lists.

Times are Binance's, in seconds since the Unix epoch.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from binance_mcp.errors import ParameterError
from binance_mcp.futures.account_reads import KEPT_SECONDS, AccountReads, Row
from binance_mcp.futures.repair.found_events import ended, fills, placed, stop_changed
from binance_mcp.futures.repair.known_orders import KnownOrders, Order, order_of, stop_of
from binance_mcp.futures.user_stream.change import ENDS
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields

_DAY: Final = 86_400.0
_LOOK_BACK: Final = 6 * _DAY
"""How long before the span orders may have been placed whose end is found without knowing them."""
_CANCELLED_KEPT: Final = 3 * _DAY
"""How long Binance lists orders that were cancelled without a fill.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/All-Orders
"""
_ORDERS: Final = "GET /fapi/v1/allOrders"
_ORDER: Final = "GET /fapi/v1/order"
_TRADES: Final = "GET /fapi/v1/userTrades"
_STOPS: Final = "GET /fapi/v1/openAlgoOrders"
_MOST_SINGLE_ORDERS: Final = 40


@dataclass(frozen=True)
class FoundEvent:
    """An event made of what a request listed."""

    event: UserEvent
    source: str


@dataclass(eq=False)
class Inquiry:
    """Asks about the time from `since` to `until`. `known` are the orders open at its beginning."""

    reads: AccountReads
    since: float
    until: float
    known: KnownOrders
    active: Collection[str] = ()
    """Symbols that may have been traded."""
    doubts: list[str] = field(default_factory=list[str], init=False)
    """What may be missing all the same."""
    open_orders: list[Row] = field(default_factory=list[Row], init=False)
    open_stops: list[Row] = field(default_factory=list[Row], init=False)
    """What is open now."""
    _orders: dict[Order, Row] = field(default_factory=dict[Order, Row], init=False)
    _sources: dict[Order, str] = field(default_factory=dict[Order, str], init=False)

    async def answer(self) -> list[FoundEvent]:
        """Return what Binance lists of that time, in its order.

        Raises:
            BinanceError: It could not be asked. The class says what went wrong.

        """
        now = self.reads.rest_api.server_time()
        self._doubt(now)
        self.open_orders = await self.reads.open_orders()
        self.open_stops = await self.reads.open_stops()
        symbols = set(self.active)
        if not self.known.is_complete:
            income = await self.reads.income(self._first(now), self.until)
            symbols |= {Fields(row).text("symbol") for row in income} - {""}
        await self._list_orders(now, symbols)
        await self._ask_for_each(self._gone())
        symbols |= {symbol for symbol, _ in self._touched()}
        found = self._changes()
        for symbol in sorted(symbols):
            found += await self._fills(symbol, now)
        return sorted(found, key=_place)

    def _doubt(self, now: float) -> None:
        if now - self.since > KEPT_SECONDS:
            self.doubts.append("Binance lists nothing that is older than 90 days")
        elif now - self.since > _CANCELLED_KEPT:
            self.doubts.append(
                "Binance does not list orders that were cancelled unfilled over 3 days ago"
            )
        if not self.known.is_complete:
            self.doubts.append(
                "orders placed more than 6 days earlier and ended without a fill are not found"
            )

    def _first(self, now: float) -> float:
        return max(self.since, now - KEPT_SECONDS)

    async def _list_orders(self, now: float, symbols: Iterable[str]) -> None:
        first = self._first(now)
        if not self.known.is_complete:
            first = max(first - _LOOK_BACK, now - KEPT_SECONDS)
        try:
            rows = await self.reads.orders(first, self.until)
        except ParameterError:  # whether the symbol may be left out is uncertain
            known = {symbol for symbol, _ in self.known.orders}
            listed = {Fields(row).text("symbol") for row in self.open_orders}
            income = await self.reads.income(self._first(now), self.until)
            traded = {Fields(row).text("symbol") for row in income} - {""}
            self.doubts.append("orders that were placed and cancelled in other symbols")
            rows = [
                row
                for symbol in sorted({*symbols, *known, *listed, *traded})
                for row in await self.reads.orders(first, self.until, symbol)
            ]
        self._note(rows, _ORDERS)

    def _note(self, rows: Iterable[Row], source: str) -> None:
        for row in rows:
            self._orders[order_of(row)] = row
            self._sources[order_of(row)] = source

    def _gone(self) -> list[Order]:
        """Return the orders that were open, and neither are nor have been listed."""
        is_open = {order_of(row) for row in self.open_orders}
        return [each for each in self.known.orders if each not in is_open | self._orders.keys()]

    async def _ask_for_each(self, orders: Collection[Order]) -> None:
        if len(orders) > _MOST_SINGLE_ORDERS:
            self.doubts.append(f"{len(orders) - _MOST_SINGLE_ORDERS} orders were not looked up")
        for symbol, number in list(orders)[:_MOST_SINGLE_ORDERS]:
            self._note([await self.reads.order(symbol, number)], _ORDER)

    def _touched(self) -> list[Order]:
        """Return the orders that may have been filled in the span."""
        now = {order_of(row): row for row in (*self._orders.values(), *self.open_orders)}
        return [
            order
            for order, row in now.items()
            if Fields(row).text("executedQty") != self.known.orders.get(order, "")
            and not Fields(row).is_zero("executedQty")
            and (row.get("updateTime") or 0) >= self.since * 1000
        ]

    def _changes(self) -> list[FoundEvent]:
        """Return which orders and stops were placed, and which orders ended, in the span."""
        found: list[FoundEvent] = []
        for row in self.open_orders:
            self._orders.setdefault(order_of(row), row)
        for order, row in self._orders.items():
            source = self._sources.get(order, "GET /fapi/v1/openOrders")
            if self._is_inside(row.get("time")):
                found.append(FoundEvent(placed(row), source))
            if row.get("status") in ENDS and self._is_inside(row.get("updateTime")):
                found.append(FoundEvent(ended(row), source))
        for row in self.open_stops:
            at = row.get("createTime")
            if isinstance(at, int) and self._is_inside(at):
                found.append(FoundEvent(stop_changed(row, at), _STOPS))
        if gone := self.known.stops - {stop_of(row) for row in self.open_stops}:
            self.doubts.append(f"how {len(gone)} conditional orders ended is not known")
        return found

    async def _fills(self, symbol: str, now: float) -> list[FoundEvent]:
        trades = await self.reads.trades(self._first(now), self.until, symbol)
        numbers = {Fields(trade).number("orderId") for trade in trades}
        await self._ask_for_each(
            [(symbol, each) for each in numbers if (symbol, each) not in self._orders]
        )
        orders: Mapping[str, Row] = {
            number: row for (its, number), row in self._orders.items() if its == symbol
        }
        until = math.ceil(self.until * 1000)
        return [FoundEvent(event, _TRADES) for event in fills(trades, orders, until)]

    def _is_inside(self, at: object) -> bool:
        return isinstance(at, int) and self.since * 1000 <= at <= self.until * 1000


def _place(found: FoundEvent) -> tuple[int, int, str]:
    """Return where an event belongs: by time, and in one millisecond by what it says."""
    steps = {"NEW": 0, "TRADE": 1}
    order = Fields(found.event.data).part("o")
    step = steps.get(order.text("x"), 2)
    return found.event.event_time or 0, step, order.number("t").zfill(20)
