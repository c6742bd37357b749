"""What happened to the account in a span of time, read from Binance's lists.

Of the orders that are known, it is also what happened before, which may be known as well.
Times are Binance's, in seconds since the Unix epoch.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from binance_mcp.futures.account_reads import KEPT_SECONDS, AccountReads, Row
from binance_mcp.futures.binance_error import BinanceError, ParameterError, UnexpectedAnswerError
from binance_mcp.futures.repair.found_events import ended, fills, placed, stop_changes
from binance_mcp.futures.repair.known_orders import (
    OPEN,
    STOP_OPEN,
    KnownOrders,
    Order,
    order_of,
    quantity,
    stop_of,
)
from binance_mcp.futures.repair.listing import Listing
from binance_mcp.futures.user_stream.change import ENDS
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields

_DAY: Final = 86_400.0
_LOOK_BACK: Final = 6 * _DAY
"""How long before the span orders may have been placed whose end is found without knowing them."""
_CANCELLED_KEPT: Final = 3 * _DAY
"""How long after they were placed Binance lists orders that were cancelled without a fill.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/All-Orders
"""
_OPEN_ORDERS: Final = "GET /fapi/v1/openOrders"
_OPEN_STOPS: Final = "GET /fapi/v1/openAlgoOrders"
_ORDERS: Final = "GET /fapi/v1/allOrders"
_ORDER: Final = "GET /fapi/v1/order"
_STOPS: Final = "GET /fapi/v1/allAlgoOrders"
_STOP: Final = "GET /fapi/v1/algoOrder"
_TRADES: Final = "GET /fapi/v1/userTrades"
_MOST_SINGLE: Final = 40
"""Orders, or symbols, that are asked for one by one."""
_AN_ORDER: Final = "order"
_A_STOP: Final = "conditional order"
_NO_SUCH_ORDER: Final = -2013


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
    all_orders: bool = True
    """Whether open orders of all symbols are listed; for those that are known it costs little."""
    all_stops: bool = True
    """Whether open conditional orders of all symbols are listed."""
    known_at: float | None = None
    """When `known` was last compared with what was open."""
    doubts: list[str] = field(default_factory=list[str], init=False)
    """What may be missing all the same."""
    lost: list[str] = field(default_factory=list[str], init=False)
    """What has happened, but cannot be read."""
    _gone: dict[str, set[Order]] = field(
        default_factory=lambda: {_AN_ORDER: set(), _A_STOP: set()}, init=False
    )
    """What is not listed any more."""
    _orders: Listing = field(default_factory=lambda: Listing(order_of), init=False)
    _stops: Listing = field(default_factory=lambda: Listing(stop_of), init=False)
    _trades: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]], init=False)
    _earned: set[str] | None = field(default=None, init=False)

    @property
    def problem(self) -> str | None:
        """What may be missing, in words; None if it is nothing."""
        return "; ".join((*self.lost, *self.doubts)) or None

    async def answer(self) -> list[FoundEvent]:
        """Return what Binance lists of that time, in its order.

        Raises:
            BinanceError: It could not be asked. The class says what went wrong.

        """
        now = self.reads.rest_api.server_time()
        self._doubt(now)
        await self._list_open()
        traded = set(self.active)
        if not self.known.is_complete:
            traded |= await self._earning(now)
        await self._list_orders(now, traded)
        for symbol in sorted(traded | self.touched()):
            await self._list_trades(symbol, now)
        await self._list_stops(now)
        found = (*self._order_changes(), *self._fills(), *self._stop_changes())
        return sorted(found, key=_place)

    def take_over(self) -> None:
        """Let `known` be what was open at the end of the span; what came later is told of later."""
        orders, stops = self._orders.rows.values(), self._stops.rows.values()
        self.known.forget(self._gone[_AN_ORDER], self._gone[_A_STOP])
        self.known.take_over(orders, stops, self.until)

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

    def _first_placed(self, now: float) -> float:
        """Return since when orders may have been placed that are not known."""
        first = self._first(now)
        return first if self.known.is_complete else max(first - _LOOK_BACK, now - KEPT_SECONDS)

    async def _list_open(self) -> None:
        for symbol in self._listed_symbols(all_of_them=self.all_orders):
            self._orders.add(await self.reads.open_orders(symbol), _OPEN_ORDERS)
        for symbol in self._listed_symbols(all_of_them=self.all_stops):
            self._stops.add(await self.reads.open_stops(symbol), _OPEN_STOPS)

    def _listed_symbols(self, *, all_of_them: bool) -> Sequence[str | None]:
        symbols = sorted({*self.active, *self.known.symbols})
        return (None,) if all_of_them or len(symbols) >= _MOST_SINGLE else symbols

    async def _earning(self, now: float) -> set[str]:
        """Return the symbols that cost or earned something. It is asked once: it weighs much."""
        if self._earned is None:
            income = await self.reads.income(self._first(now), self.until)
            self._earned = {Fields(row).text("symbol") for row in income} - {""}
        return self._earned

    async def _list_orders(self, now: float, traded: Collection[str]) -> None:
        first = self._first_placed(now)
        try:
            rows = await self.reads.orders(first, self.until)
        except ParameterError:  # whether the symbol may be left out is uncertain
            self.doubts.append("orders placed and ended unfilled in other symbols are not found")
            if not self.all_orders:
                self._orders.add(await self.reads.open_orders(), _OPEN_ORDERS)
            listed = {symbol for symbol, _ in self._orders.rows}
            symbols = {*traded, *self.known.symbols, *listed, *await self._earning(now)}
            rows = [
                row
                for symbol in sorted(symbols)
                for row in await self.reads.orders(first, self.until, symbol)
            ]
        self._orders.add(rows, _ORDERS)
        await self._ask_for_each(self.known.orders.keys() - self._orders.rows.keys())

    async def _ask_for_each(self, orders: Iterable[Order]) -> None:
        async def ask(order: Order) -> None:
            self._orders.add([await self.reads.order(*order)], _ORDER)

        await self._ask(orders, ask, _AN_ORDER)

    async def _ask(
        self, orders: Iterable[Order], ask: Callable[[Order], Awaitable[None]], what: str
    ) -> None:
        wanted = sorted(orders)
        if (left := len(wanted) - _MOST_SINGLE) > 0:
            self.lost.append(f"{left} {what}s were not looked up, because they are too many")
        for order in wanted[:_MOST_SINGLE]:
            try:
                await ask(order)
            except BinanceError as error:
                if error.code != _NO_SUCH_ORDER:
                    raise
                symbol, number = order
                after = f" after {_date(self.known_at)}" if self.known_at else ""
                self.lost.append(
                    f"how {what} {number} of {symbol} ended{after} is not listed any more"
                )
                self._gone[what].add(order)

    def touched(self) -> set[str]:
        """Return the symbols of orders that were filled, in the span or before, without a word."""
        return {
            order[0] for order, row in self._orders.rows.items() if self._is_touched(order, row)
        }

    def _is_touched(self, order: Order, row: Row) -> bool:
        filled, known = quantity(row.get("executedQty")), self.known.orders.get(order)
        is_late = int(Fields(row).number("updateTime") or 0) >= self.since * 1000
        is_other = filled != known if known is not None else self._is_unheard(order, row)
        return bool(filled) and (is_late or is_other)

    async def _list_trades(self, symbol: str, now: float) -> None:
        """List the fills up to now: those after the span tell what was filled of an order in it."""
        until = max(self.until, self.reads.rest_api.server_time())
        self._trades[symbol] = await self.reads.trades(self._first(now), until, symbol)
        numbers = {Fields(trade).number("orderId") for trade in self._trades[symbol]}
        orders = {(symbol, number) for number in numbers if number}
        await self._ask_for_each(orders - self._orders.rows.keys())

    async def _list_stops(self, now: float) -> None:
        """List the conditional orders of each symbol that is known to have, or have had, one."""
        open_now = {symbol for symbol, _ in self._stops.rows}
        symbols = {*self.active, *self.known.stop_symbols, *open_now}
        for (symbol, _), row in self._orders.rows.items():
            if Fields(row).text("origType") != Fields(row).text("type"):
                symbols.add(symbol)
        try:
            for symbol in sorted(symbols):
                rows = await self.reads.stops(self._first_placed(now), self.until, symbol)
                self._stops.add(rows, _STOPS)
        except (ParameterError, UnexpectedAnswerError):
            self.doubts.append("conditional orders placed and ended in that time are not found")

        async def ask(stop: Order) -> None:
            self._stops.add([await self.reads.stop(stop[1])], _STOP)

        known = self.known.stops.items()
        unlisted = {stop for stop, order in known if not self._is_listed(stop, order)}
        await self._ask(unlisted, ask, _A_STOP)

    def _is_listed(self, stop: Order, order: str) -> bool:
        """Return whether it is known how a stop is: listed, or triggered and its order open."""
        row = self._orders.rows.get((stop[0], order), {})
        return stop in self._stops.rows or Fields(row).text("status") in OPEN

    def _order_changes(self) -> Iterator[FoundEvent]:
        for order, row in self._orders.rows.items():
            source, was_open = self._orders.sources[order], order in self.known.orders
            if self._is_inside(row.get("time"), whenever=self._is_unheard(order, row)):
                yield FoundEvent(placed(row), source)
            is_ended = row.get("status") in ENDS
            if is_ended and self._is_inside(row.get("updateTime"), whenever=was_open):
                yield FoundEvent(ended(row), source)

    def _stop_changes(self) -> Iterator[FoundEvent]:
        for stop, row in self._stops.rows.items():
            source, was_open = self._stops.sources[stop], stop in self.known.stops
            first, *later = stop_changes(row)
            is_open = Fields(row).text("algoStatus") in STOP_OPEN
            is_unheard = is_open and not was_open and self.known.is_complete
            if self._is_inside(first.event_time, whenever=is_unheard):
                yield FoundEvent(first, source)
            for event in later:
                if self._is_inside(event.event_time, whenever=was_open or is_unheard):
                    yield FoundEvent(event, source)

    def _is_unheard(self, order: Order, row: Row) -> bool:
        """Return whether an order is open although all that is open should be known."""
        is_open = Fields(row).text("status") in OPEN
        return is_open and order not in self.known.orders and self.known.is_complete

    def _fills(self) -> Iterator[FoundEvent]:
        for symbol, trades in self._trades.items():
            rows = {n: row for (its, n), row in self._orders.rows.items() if its == symbol}
            for event in fills(trades, rows):
                if self._is_inside(event.event_time):
                    yield FoundEvent(event, _TRADES)

    def _is_inside(self, at: object, *, whenever: bool = False) -> bool:
        """Return whether something happened in the span, or at any time before its end."""
        since = 0.0 if whenever else self.since
        return isinstance(at, int) and since * 1000 <= at <= self.until * 1000


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S UTC}"


def _place(found: FoundEvent) -> tuple[int, int, str]:
    """Return where an event belongs: by time, and in one millisecond by what it says."""
    steps = {"NEW": 0, "TRADE": 1}
    order = Fields(found.event.data).part("o")
    step = steps.get(order.text("x"), 2)
    return found.event.event_time or 0, step, order.number("t").zfill(20)
