"""The routes under /fapi that show an account. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/All-Orders
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Query-All-Algo-Orders
https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import localcontext
from typing import Final, TypeVar

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import authenticate_signed
from binance_mcp.sandbox.error_answers import answer
from binance_mcp.sandbox.http_messages import (
    Answer,
    Handler,
    RefusedError,
    Request,
    Routes,
)
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.trading import account_report
from binance_mcp.sandbox.trading.amounts import EXACT
from binance_mcp.sandbox.trading.book import Book
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.trading.order import DAY, Order, Row
from binance_mcp.sandbox.trading.query import MOST, WEEK, Query
from binance_mcp.sandbox.trading.stop import Stop

ALL_ORDERS: Final = "/fapi/v1/allOrders"
_ALL_STOPS: Final = "/fapi/v1/allAlgoOrders"
_TRADES_REMEMBERED: Final = 90 * DAY
_NO_SUCH_ORDER: Final = answer(400, -2013, "Order does not exist.")
_BAD_COMBINATION: Final = answer(400, -1128, "Combination of optional parameters invalid.")

_Read = Callable[[Book, Query, int], Row | Sequence[Row]]
_AnyOrder = TypeVar("_AnyOrder", Order, Stop)


class Reads:
    """The routes that show an account. Each needs an API key and a signature."""

    def __init__(self, accounts: Accounts, ledgers: Ledgers) -> None:
        self._accounts = accounts
        self._ledgers = ledgers
        self.routes: Routes = {path: {"GET": self._route(read)} for path, read in _READS.items()}

    def _route(self, read: _Read) -> Handler:
        def show(request: Request, now: Moment) -> Answer:
            account = authenticate_signed(request, self._accounts, now)
            book = self._ledgers.of(account).book
            with localcontext(EXACT):
                return Answer(200, read(book, Query(request), now.milliseconds))

        return show


def weight(request: Request) -> int:
    """Return the weight of a request to any route under /fapi."""
    if request.path in _COSTLY_WITHOUT_SYMBOL and Query(request).text("symbol") is None:
        return _COSTLY_WITHOUT_SYMBOL[request.path]
    return _WEIGHTS.get(request.path, 1)


def _open_orders(book: Book, query: Query, _now: int) -> Sequence[Row]:
    symbol = query.text("symbol")
    return [order.row for order in book.open_orders if symbol in (None, order.symbol)]


def _open_stops(book: Book, query: Query, _now: int) -> Sequence[Row]:
    symbol, algo_id = query.text("symbol"), query.number("algoId")
    return [
        stop.row
        for stop in book.open_stops
        if symbol in (None, stop.symbol) and algo_id in (None, stop.id)
    ]


def _all_orders(book: Book, query: Query, now: int) -> Sequence[Row]:
    return [order.row for order in _all(book.orders, query, now, "orderId")]


def _all_stops(book: Book, query: Query, now: int) -> Sequence[Row]:
    query.required("symbol")
    return [stop.row for stop in _all(book.stops, query, now, "algoId")]


def _all(orders: Sequence[_AnyOrder], query: Query, now: int, id_name: str) -> Sequence[_AnyOrder]:
    """Select orders by the time of their creation; an id alone reaches back to the oldest."""
    symbol, first = query.text("symbol"), query.number(id_name)
    is_by_id = first is not None and not query.has_time
    window = range(now + 1) if is_by_id else query.window(now, WEEK - 1)
    found = [
        order
        for order in orders
        if order.time in window
        and order.is_found(now)
        and symbol in (None, order.symbol)
        and order.id >= (first or 0)
    ]
    return query.newest_or_next(found, id_name)


def _order(book: Book, query: Query, now: int) -> Row:
    symbol = query.required("symbol")
    orders = [order for order in book.orders if order.symbol == symbol]
    return _one(orders, query, now, "orderId", "origClientOrderId").row


def _stop(book: Book, query: Query, now: int) -> Row:
    return _one(book.stops, query, now, "algoId", "clientAlgoId").single_row


def _one(
    orders: Sequence[_AnyOrder], query: Query, now: int, id_name: str, client_id_name: str
) -> _AnyOrder:
    """Find an order by its id or else by its client's, which newer orders may have had again."""
    order_id, client_id = query.number(id_name), query.text(client_id_name)
    if order_id is None and client_id is None:
        names = f"'{client_id_name}' or '{id_name}'"
        message = f"Param {names} must be sent, but both were empty/null!"
        raise RefusedError(answer(400, -1102, message))
    for order in reversed(orders):
        is_meant = order.client_id == client_id if order_id is None else order.id == order_id
        if is_meant and order.is_found(now):
            return order
    raise RefusedError(_NO_SUCH_ORDER)


def _trades(book: Book, query: Query, now: int) -> Sequence[Row]:
    symbol, order_id = query.required("symbol"), query.number("orderId")
    first = query.number("fromId")
    if first is not None and query.has_time:
        raise RefusedError(_BAD_COMBINATION)
    oldest = now - _TRADES_REMEMBERED
    is_by_id = first is not None or (order_id is not None and not query.has_time)
    window = range(oldest, now + 1) if is_by_id else query.window(now, WEEK)
    found = [
        trade
        for trade in book.trades
        if trade.symbol == symbol
        and trade.time in window
        and trade.time >= oldest
        and order_id in (None, trade.order_id)
        and trade.id >= (first or 0)
    ]
    return [trade.row for trade in query.newest_or_next(found, "fromId")]


def _incomes(book: Book, query: Query, now: int) -> Sequence[Row]:
    symbol, kind = query.text("symbol"), query.text("incomeType")
    limit, page = query.count("limit", 100, MOST), query.count("page", 1)
    window = query.window(now)
    found = [
        income
        for income in book.incomes
        if income.time in window
        and income.time >= now - _TRADES_REMEMBERED
        and symbol in (None, income.symbol)
        and kind in (None, income.type)
    ]
    return [income.row for income in found[(page - 1) * limit : page * limit]]


def _account(book: Book, _query: Query, _now: int) -> Row:
    return account_report.account(book)


def _positions(book: Book, query: Query, _now: int) -> Sequence[Row]:
    symbol = query.text("symbol")
    rows = account_report.positions(book)
    return [row for row in rows if symbol in (None, row["symbol"])]


def _balance(book: Book, _query: Query, _now: int) -> Sequence[Row]:
    return account_report.balances(book)


_READS: Final[Mapping[str, _Read]] = {
    "/fapi/v1/openOrders": _open_orders,
    "/fapi/v1/openAlgoOrders": _open_stops,
    ALL_ORDERS: _all_orders,
    "/fapi/v1/order": _order,
    _ALL_STOPS: _all_stops,
    "/fapi/v1/algoOrder": _stop,
    "/fapi/v1/userTrades": _trades,
    "/fapi/v1/income": _incomes,
    "/fapi/v3/account": _account,
    "/fapi/v3/positionRisk": _positions,
    "/fapi/v3/balance": _balance,
}
_COSTLY_WITHOUT_SYMBOL: Final = {"/fapi/v1/openOrders": 40, "/fapi/v1/openAlgoOrders": 40}
_WEIGHTS: Final = {
    ALL_ORDERS: 5,
    _ALL_STOPS: 5,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/income": 30,
    "/fapi/v3/account": 5,
    "/fapi/v3/positionRisk": 5,
    "/fapi/v3/balance": 5,
}
